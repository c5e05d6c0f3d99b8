"""A follow-up through `Rag`: rewritten with what the conversation names, searched for with it, answered from the articles alone."""

from __future__ import annotations

import pytest
from fakes import Rule, ScriptedModel
from invented import ANSWERING, HOLDS, RIGHT, SINKING, WRITES, Asking, model

from rag.question.understand import understand
from rag.types import Filters, Turn

TALK: list[Turn] = [
    {"role": "user", "content": "What did captain Elina Saari say?"},
    {"role": "assistant", "content": "Captain Elina Saari said that a valve of the ferry Aurora had failed [1]."},
]


def test_a_follow_up_is_rewritten_and_the_rest_sees_the_rewritten_one(asking: Asking) -> None:
    rag = asking(Rule("Last question: And how many were rescued from it?", f' "{SINKING}"\n\nI hope'), *ANSWERING)
    answer = rag.answer("And how many were rescued from it?", TALK)
    assert (answer.question, answer.standalone_question) == ("And how many were rescued from it?", SINKING)
    assert answer.text == "All 212 passengers were rescued by the coast guard [1]."
    rewriting, *others = [asked.prompt for asked in model(rag).asked]
    assert "User: What did captain Elina Saari say?" in rewriting
    assert all(SINKING in p or RIGHT in p for p in others) and not any("Elina Saari say" in p for p in others)


def test_a_follow_up_is_searched_for_with_the_last_question_and_its_answer(asking: Asking) -> None:
    """A rewriting may lose what it is about."""
    talk: list[Turn] = [
        {"role": "user", "content": "What did Sanna Koski open?"},
        {"role": "assistant", "content": "She opened the bridge at Oulu [1]."},
    ]
    rag = asking(Rule("Last question:", "What had it cost in the town?"), Rule(HOLDS, -5.0))
    answer = rag.answer("and what had it cost?", talk)
    assert answer.standalone_question == "What had it cost in the town?"
    assert answer.passages[0].article.id == "bridge"
    assert all("Koski open" not in p for p in model(rag).prompts("score")), "what is read is asked the question alone"


def test_a_question_that_stands_alone_is_left_as_it_is(asking: Asking) -> None:
    rag = asking(*ANSWERING)
    assert rag.answer(SINKING, TALK).standalone_question == SINKING
    assert not any("Last question:" in p for p in model(rag).prompts("write"))


@pytest.mark.parametrize(
    "written",
    [
        " ",
        "?",
        "word " * 50 + "x" * 400,
        "What did captain Elina Saari say?",
        "So what did captain Elina Saari say then?",
        "Who was the captain of the ferry Aurora?",
    ],
)
def test_a_rewriting_that_is_none_gives_way_to_the_last_turns(asking: Asking, written: str) -> None:
    rag = asking(Rule("Last question:", written), *ANSWERING)
    answer = rag.answer("And how many were rescued from it?", TALK)
    assert answer.standalone_question == (
        "What did captain Elina Saari say? Captain Elina Saari said that a valve of the ferry Aurora had failed. "
        "And how many were rescued from it?"
    )


def test_what_stands_before_a_follow_up_is_searched_for_once() -> None:
    """With a model that rewrites nothing, and without one, where only the answer is added to what is searched for."""
    asked, said = "And how many were rescued from it?", TALK[1]["content"].replace(" [1]", "")
    silent = understand(asked, TALK, Filters(), None, ScriptedModel(Rule("Last question:", "?")))
    assert silent.search == silent.text == f"{TALK[0]['content']} {said} {asked}"
    without = understand(asked, TALK, Filters(), None, None)
    assert without.text == f"{TALK[0]['content']} {asked}" and said in without.search


def test_what_was_answered_before_is_no_answer_to_a_follow_up(asking: Asking) -> None:
    """Where the rewriting fails, the model may answer the question before it once more."""
    said = "A valve of the ferry Aurora had failed, captain Elina Saari said."
    rag = asking(Rule("Last question:", "?"), Rule(HOLDS, 4.0), Rule(WRITES, said), Rule(RIGHT, 6.0))
    answer = rag.answer("And how many were rescued from it?", TALK)
    assert answer.abstained and "it says nothing that the question does not" in answer.dropped[0].why


def test_a_rewriting_that_names_nothing_is_written_once_more_after_examples(asking: Asking) -> None:
    asked, named = "And how many were rescued from it?", "How many were rescued from the ferry Aurora?"
    again = Rule(("Last question:", "Anna Brandt"), named)
    rag = asking(again, Rule("Last question:", "How many were rescued from it?"), *ANSWERING)
    assert rag.answer(asked, TALK).standalone_question == named
    assert len([p for p in model(rag).prompts("write") if "Last question:" in p]) == 2
    unnamed = asking(Rule("Last question:", "How many were rescued from it?"), *ANSWERING).answer(asked, TALK)
    assert unnamed.standalone_question == "How many were rescued from it?", "nothing better came of it"
    once = asking(Rule("Last question:", named), *ANSWERING)
    once.answer(asked, TALK)
    assert len([p for p in model(once).prompts("write") if "Last question:" in p]) == 1


def test_a_rewriting_that_asks_for_something_else_is_written_once_more(asking: Asking) -> None:
    asked, kept = "And how many were rescued from it?", "How many were rescued from the ferry Aurora?"
    lost = Rule("Last question:", "Who was the captain of the ferry Aurora?")
    rag = asking(Rule(("Last question:", "Anna Brandt"), kept), lost, *ANSWERING)
    assert rag.answer(asked, TALK).standalone_question == kept


def test_the_last_question_given_back_is_no_rewriting(asking: Asking) -> None:
    """Nor where a follow-up has no word of its own that could be missed."""
    rag = asking(Rule("Last question:", "What did captain Elina Saari say?"), *ANSWERING)
    assert (rag.answer("and why?", TALK).standalone_question or "").endswith("had failed. and why?")


def test_a_day_may_stand_for_days_later_in_a_rewriting(asking: Asking) -> None:
    dated = "What did captain Elina Saari say on 12 May?"
    rag = asking(Rule("Last question:", dated), *ANSWERING)
    talk: list[Turn] = [{"role": "user", "content": "What did captain Elina Saari say on 10 May?"}, TALK[1]]
    assert rag.answer("and two days later?", talk).standalone_question == dated


def test_what_was_said_before_is_no_evidence(asking: Asking) -> None:
    told: list[Turn] = [*TALK[:1], {"role": "assistant", "content": "Captain Elina Saari, who is 51, spoke [1]."}]
    rag = asking(
        Rule("Last question:", "How old is captain Elina Saari?"), Rule(("Aurora sank", HOLDS), 2.0), Rule(HOLDS, -5.0),
        Rule(WRITES, "Captain Elina Saari is 51."), Rule(RIGHT, 3.0),
    )  # fmt: skip
    answer = rag.answer("How old is she?", told)
    assert answer.abstained and "51" not in answer.text
    assert {s.why for s in answer.dropped} == {"the number 51 is not in the evidence"}
