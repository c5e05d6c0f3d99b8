"""A question that asks for several things is taken apart, and each part is answered or said to have no answer."""

from __future__ import annotations

import pytest
from fakes import Rule, ScriptedModel
from invented import HOLDS, RESCUED, RIGHT, SHORTEST, WRITES, Asking, holds_to_the_letter, model

from eval.run import harm
from rag.prompt import SPLIT
from rag.question.kind import kind_of
from rag.question.parts import parts
from rag.question.understand import understand
from rag.types import Filters, Turn

BOTH = "How many passengers of the ferry Aurora were rescued, and who leads the inquiry?"
RESCUE, INQUIRY = "How many passengers of the ferry Aurora were rescued?", "Who leads the inquiry?"
LED = "The inquiry is led by judge Maria Berg."
APART = Rule((SPLIT, BOTH), f"{RESCUE}\n{INQUIRY}")
OF_RESCUE = [
    Rule((RESCUE, "Aurora sank", HOLDS), 4.0), Rule((RESCUE, "Aurora sank", WRITES), RESCUED),
    Rule((RESCUE, "Aurora sank", SHORTEST), "212"), Rule((RESCUE, RIGHT), 5.0),
]  # fmt: skip
OF_INQUIRY = [
    Rule((INQUIRY, "Pekka Lahti", HOLDS), 4.0), Rule((INQUIRY, "Pekka Lahti", WRITES), LED),
    Rule((INQUIRY, "Pekka Lahti", SHORTEST), "judge Maria Berg"), Rule((INQUIRY, RIGHT), 5.0),
]  # fmt: skip


def test_each_part_is_answered_with_evidence_of_its_own(asking: Asking) -> None:
    rag = asking(APART, *OF_RESCUE, *OF_INQUIRY, Rule(HOLDS, -5.0))
    answer = rag.answer(BOTH)
    assert (
        answer.text
        == "All 212 passengers were rescued by the coast guard [1]. The inquiry is led by judge Maria Berg [2]."
    )
    assert [c.article_id for c in answer.citations] == ["sinking", "inquiry"] and answer.lacking == ()
    assert answer.question == answer.standalone_question == BOTH
    assert len({p.chunk_id for p in answer.passages}) == len(answer.passages) == 3, "what both parts read is there once"
    holds_to_the_letter(answer, rag)


def test_a_part_asks_for_one_thing_however_it_is_worded(asking: Asking) -> None:
    """Which trawlers landed herring is a list; as one part of a question it is answered by one sentence."""
    lists = ["Which trawlers landed herring?", "Which trawlers landed cod?"]
    asked = "Which trawlers landed herring and which trawlers landed cod?"
    rag = asking(Rule((SPLIT, asked), "\n".join(lists)), Rule(HOLDS, -5.0))
    question = understand(asked, (), Filters(), None, model(rag))
    assert [(p.text, p.kind) for p in question.parts] == [(s, "fact") for s in lists]
    assert {kind_of(s) for s in lists} == {"several"}


def test_what_one_part_lacks_is_said(asking: Asking) -> None:
    rag = asking(APART, *OF_RESCUE, Rule(HOLDS, -5.0))
    answer = rag.answer(BOTH)
    assert (
        answer.text == f"All 212 passengers were rescued by the coast guard [1]. The articles do not say: “{INQUIRY}”"
    )
    assert answer.lacking == (INQUIRY,) and len(answer.sentences) == 1 and not answer.abstained
    holds_to_the_letter(answer, rag)
    row = {"correct": False, "abstained": False, "error": None, "sentences": [{"supported": True}]}
    assert harm(row) and not harm(row | {"lacking": [INQUIRY]}), "what says that it is half an answer warns of itself"


def test_where_no_part_has_an_answer_it_is_refused(asking: Asking) -> None:
    answer = asking(APART, Rule(HOLDS, -5.0)).answer(BOTH)
    assert answer.abstained and answer.sentences == answer.lacking == ()
    assert answer.text.startswith("The articles do not say: some articles are about this subject")


def test_one_sentence_that_answers_both_parts_is_told_once(asking: Asking) -> None:
    same = [
        Rule(("Aurora sank", HOLDS), 4.0), Rule(HOLDS, -5.0), Rule(WRITES, RESCUED), Rule(SHORTEST, "212"), Rule(RIGHT, 5.0)
    ]  # fmt: skip
    answer = asking(APART, *same).answer(BOTH)
    assert answer.text == "All 212 passengers were rescued by the coast guard [1]."


LEANING = "Who leads the inquiry, and where was she born?"
BORN = "Where was she born?"
BERG = "Where was judge Maria Berg born?"


@pytest.mark.parametrize("found", [True, False])
def test_a_part_that_leans_on_the_one_before_is_asked_with_what_was_found(asking: Asking, found: bool) -> None:
    first = OF_INQUIRY if found else []
    rag = asking(Rule((SPLIT, LEANING), f"{INQUIRY}\n{BORN}"), Rule("Last question:", BERG), *first, Rule(HOLDS, -5.0))
    answer = rag.answer(LEANING)
    rewriting = next(p for p in model(rag).prompts("write") if "Last question:" in p)
    told = f"User: {INQUIRY}\nAssistant: {LED}\n" if found else f"User: {INQUIRY}\n"
    assert f"{told}Last question: {BORN}" in rewriting
    assert [p for p in model(rag).prompts("score") if BERG in p and HOLDS in p]
    if found:
        assert answer.text == f"{LED.removesuffix('.')} [1]. The articles do not say: “{BERG}”"
        assert answer.lacking == (BERG,)
    else:
        assert answer.abstained


def test_a_part_that_names_who_is_meant_is_asked_as_it_is(asking: Asking) -> None:
    rag = asking(APART, *OF_RESCUE, *OF_INQUIRY, Rule(HOLDS, -5.0))
    rag.answer(BOTH)
    assert not [p for p in model(rag).prompts("write") if "Last question:" in p]


def test_a_part_reads_no_more_than_its_share(asking: Asking) -> None:
    whole = asking(APART, Rule(HOLDS, -5.0))
    whole.answer(BOTH)
    all_read = [p for p in model(whole).prompts("score") if HOLDS in p]
    assert len(all_read) == 10
    rag = asking(APART, Rule(HOLDS, -5.0), prompt_tokens=2)
    rag.answer(BOTH)
    assert len([p for p in model(rag).prompts("score") if HOLDS in p]) == 2, "one passage a part always is"


@pytest.mark.parametrize(
    "written",
    [
        "one",
        "",
        BOTH,  # as it was
        f"{RESCUE}\n{RESCUE}",  # twice the same, and half of it lost
        f"{RESCUE}\nWho is the judge?",  # a word of its own, and one lost
        RESCUE,
        f"{RESCUE}\n{RESCUE} {INQUIRY}",  # the second asks for all that the first asks for
        "\n".join(f"{RESCUE} {INQUIRY} {n}" for n in range(5)),
    ],
)
def test_what_does_not_keep_the_question_s_words_is_not_used(written: str) -> None:
    assert parts(BOTH, "fact", ScriptedModel(Rule(SPLIT, written))) == ()


@pytest.mark.parametrize(
    ("question", "written", "taken"),
    [
        (
            "To what height did the Tarn rise in May 2021, and then in August?",
            "What was the height of the Tarn in May 2021?\nWhat was the height of the Tarn in August?",
            True,  # "rise" is lost
        ),
        (
            "Dates of the Weller case: opening, verdict",
            "When did the Weller case open?\nWhen did the Weller case verdict come?",
            True,
        ),
        (
            "Dates of the Weller case: opening, verdict",
            "When did the case open?\nWhen did the Weller verdict come?",
            False,  # which case?
        ),
        (
            "How long did the talks in Porto last, and who led the Danish side there?",
            "When did the talks in Porto last?\nWho led the Danish side in Porto?",
            False,  # not asked
        ),
        (
            "How long did the talks in Porto last, and who led the Danish side there?",
            "How long did the talks in Porto last?\nWho led the Danish side in Porto?",
            True,
        ),
        (
            "How high was rent in Porto in 2019 and in 2020?",
            "How high was rent in Porto in 2019?\nHow high was rent in Porto in 2021?",
            False,  # another year
        ),
        (
            "How high was rent in Porto in 2019 and in 2020?",
            "How high was rent in Porto in 2019?\nHow high was rent in Lisbon in 2020?",
            False,  # another city
        ),
        (
            "How high was rent in Porto, Lisbon and Braga in 2019?",
            "How high was rent in Porto in 2019?\nHow high was rent in Lisbon in 2019?",
            False,  # Braga is lost
        ),
        (
            "How high was rent in Porto in 2019 and in 2020?",
            "How high was average monthly rent of families in Porto in 2019?\nHow high was rent in Porto in 2020?",
            False,  # more is asked
        ),
        (
            "When was Anna Brandt finally sacked, and who took over from her?",
            "When was Anna Brandt sacked?\nWho took over from her?",
            True,  # "her" is who is named in the other one
        ),
        (
            "Who owns the ferry Aurora, the harbour of Porto and the old shipyard in Naantali?",
            "Who owns the Aurora?\nWho owns Porto?\nWho owns Naantali?",
            False,  # too little is left of it
        ),
    ],
)
def test_parts_name_what_the_question_names(question: str, written: str, taken: bool) -> None:
    assert bool(parts(question, "fact", ScriptedModel(Rule(SPLIT, written)))) == taken


def test_statements_that_stand_side_by_side_are_not_taken_apart_unless_each_word_is_kept() -> None:
    question = "What did Anna Brandt and Leo Falk each say about the ferry?"
    written = "What did Anna Brandt say about the ferry?\nWhat did Leo Falk say about the ferry?"
    assert parts(question, "several", ScriptedModel(Rule(SPLIT, written))) == ()
    assert len(parts(question, "fact", ScriptedModel(Rule(SPLIT, written)))) == 2


def test_the_last_question_is_no_part_of_one_that_leans_on_it(asking: Asking) -> None:
    turns: list[Turn] = [{"role": "user", "content": RESCUE}, {"role": "assistant", "content": RESCUED}]
    rag = asking(Rule("Last question:", RESCUE), *OF_RESCUE, Rule(HOLDS, -5.0))
    answer = rag.answer("And who leads the inquiry of it?", turns)
    assert answer.standalone_question == f"{RESCUE} {RESCUED} And who leads the inquiry of it?"
    assert not [p for p in model(rag).prompts("write") if SPLIT in p]


def test_a_list_is_read_as_the_questions_in_it() -> None:
    assert parts(BOTH, "fact", ScriptedModel(Rule(SPLIT, f"1. {RESCUE}\n\n- {INQUIRY}"))) == (RESCUE, INQUIRY)


def test_a_plain_question_is_not_shown_to_the_model() -> None:
    asked = ScriptedModel()
    assert parts(RESCUE, "fact", asked) == parts(BOTH, "fact", None) == ()
    assert not asked.asked
