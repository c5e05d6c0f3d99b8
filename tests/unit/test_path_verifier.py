"""What is weighed beside a draft: the shortest answers, what other passages give, how likely the question is, and the two lines."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace

import pytest
from fakes import Rule, ScriptedModel
from invented import BRIEFLY, HOLDS, RESCUED, RIGHT, SHORTEST, SINKING, WRITES, Asking, model, passage

from rag.assistant import Rag
from rag.calibration import CALIBRATION
from rag.claims.attribution import Attributed
from rag.claims.drafts import Draft
from rag.claims.verifier import Shortest, Signals, backed, chance, clear
from rag.engine.base import Prompt
from rag.question.period import Period
from rag.question.understand import Question
from rag.run import Run
from rag.types import Filters

FINDS = [("a", 0.7, "All 212"), ("b", 0.9, "forty")]  # article, how likely, words


@pytest.mark.parametrize(
    ("elsewhere", "alone"), [("in a storm", False), ("when a valve had failed", True), ("not stated", True)]
)
def test_what_another_passage_gives_as_the_answer_speaks_against_a_draft(
    asking: Asking, elsewhere: str, alone: bool
) -> None:
    rules = [
        Rule(("ferry Aurora", HOLDS), 3.0), Rule(("Aurora sank", SHORTEST), "when a valve had failed"),
        Rule((RIGHT, "Proposed answer: Captain"), 1.0), Rule(RIGHT, -3.0),
        Rule(("Pekka Lahti", WRITES), "The ferry was safe when it left Turku."), Rule(WRITES, "Captain Elina Saari said that it sank when a valve had failed."),
    ]  # fmt: skip
    question = "When did the ferry Aurora sink?"
    (usual,) = asking(*rules).answer(question).sentences
    (sentence,) = asking(Rule(("Pekka Lahti", SHORTEST), elsewhere), *rules).answer(question).sentences
    assert (sentence.support == usual.support) == alone and sentence.support <= usual.support
    if not alone:
        assert sentence.doubt == "another passage gives another answer" and not sentence.supported


def test_an_answer_that_cannot_be_told_speaks_against_no_other(asking: Asking) -> None:
    def support(inquiry: str) -> float:
        rag = asking(
            Rule(("Aurora sank", HOLDS), 3.0), Rule(("Pekka Lahti", HOLDS), 3.0), Rule(HOLDS, -5.0),
            Rule(("Aurora sank", SHORTEST), "when a valve had failed"), Rule(("Pekka Lahti", SHORTEST), "in a storm"),
            Rule(("Aurora sank", WRITES), "Captain Elina Saari said that it sank when a valve had failed."),
            Rule(("Pekka Lahti", WRITES), inquiry), Rule((RIGHT, "Proposed answer: Captain"), 1.0), Rule(RIGHT, 0.0),
        )  # fmt: skip
        return max(s.support for s in rag.answer("When did the ferry Aurora sink?").sentences)

    could_be, failed = "It left Turku in a storm.", "It sank in a storm on 9 May 2021."
    assert support(failed) > support(could_be)


def test_where_a_passage_gives_no_answer_in_few_words_it_is_asked_for_one_once_more(asking: Asking) -> None:
    def rag(first: str, brief: str) -> Rag:
        return asking(
            Rule(("Maria Berg", HOLDS), 4.0), Rule(HOLDS, -5.0), Rule(SHORTEST, first), Rule(BRIEFLY, brief), Rule(RIGHT, 3.0),
            Rule(WRITES, "Judge Maria Berg leads the inquiry."),
        )  # fmt: skip

    def support(first: str, brief: str) -> float:
        return rag(first, brief).answer("Who is Maria Berg?").sentences[0].support

    same, other = "leads the inquiry", "a ferry"
    assert (
        support(same, other) > support("not stated", same) == support("Maria Berg", same) > support("not stated", other)
    )
    told = rag(same, other)
    told.answer("Who is Maria Berg?")
    assert not [p for p in model(told).prompts("write") if BRIEFLY in p], "what is stated is not asked again"


def test_more_than_is_usual_of_how_much_likelier_a_passage_makes_a_question_says_no_more(asking: Asking) -> None:
    def support(pmi: float) -> float:
        rag = asking(Rule(("Aurora sank", HOLDS), 3.0), Rule(HOLDS, -5.0), Rule(WRITES, RESCUED), Rule(RIGHT, 2.0))
        model(rag).pmi = pmi
        return rag.answer(SINKING).sentences[0].support

    usual = CALIBRATION.usual_pmi
    assert support(usual - 0.5) < support(usual) == support(usual + 3)


def test_where_no_draft_is_likely_it_is_refused(asking: Asking) -> None:
    rag = asking(
        Rule(("Aurora sank", HOLDS), 4.0), Rule(HOLDS, -5.0),
        Rule(WRITES, "A valve had failed for 212 passengers."), Rule(RIGHT, -9.0),
    )  # fmt: skip
    answer = rag.answer(SINKING)
    assert answer.abstained and answer.citations == () and "valve" not in answer.text
    (left_out,) = answer.dropped
    assert left_out.text == "A valve had failed for 212 passengers." and "not likely enough to be right" in left_out.why


@pytest.mark.parametrize(("pmi", "told"), [(2.5, True), (-4.0, False)])
def test_a_passage_that_makes_the_question_no_likelier_is_not_drafted_from(
    asking: Asking, pmi: float, told: bool
) -> None:
    rag = asking(Rule(("Aurora sank", HOLDS), 2.5), Rule(HOLDS, -5.0), Rule(WRITES, RESCUED), Rule(RIGHT, 4.0))
    model(rag).pmi = pmi
    answer = rag.answer(SINKING)
    assert (not answer.abstained, bool(model(rag).prompts("write"))) == (told, told)
    asked = model(rag).prompts("likely")
    assert len(asked) == 2 and all(f"Question: {SINKING}\n" in p and "Give" not in p for p in asked), "and by itself"


def test_between_the_two_lines_an_answer_is_marked_and_its_doubt_is_told(asking: Asking) -> None:
    def rules(right: float) -> list[Rule]:
        return [Rule(("Aurora sank", HOLDS), 3.0), Rule(HOLDS, -5.0), Rule(WRITES, RESCUED), Rule(RIGHT, right)]

    def odds(caution: str, right: float) -> tuple[bool, bool]:
        answer = asking(*rules(right), caution=caution).answer(SINKING)
        return answer.abstained, bool(answer.sentences) and answer.sentences[0].supported

    answer = asking(*rules(1.0)).answer(SINKING)
    (sentence,) = answer.sentences
    refuse, mark = dict(CALIBRATION.thresholds)["normal"]
    assert refuse <= sentence.support < mark and not sentence.supported
    assert sentence.doubt == "the passage does not state it in so many words"
    assert odds("strict", 1.0) == (True, False), "asked strictly it is refused"
    assert odds("lenient", 1.0)[0] is False


def test_an_unsure_shortest_answer_makes_its_draft_less_likely(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [
        Rule(("Aurora sank", HOLDS), 3.0), Rule(HOLDS, -5.0), Rule(SHORTEST, "212"), Rule(WRITES, RESCUED), Rule(RIGHT, 0.0)
    ]  # fmt: skip
    (usual,) = asking(*rules).answer(SINKING).sentences
    plain = ScriptedModel.write

    def unsure(
        self: ScriptedModel, prompt: Prompt, limit: int = 160, *, sure: list[float] | None = None
    ) -> Generator[str, None, None]:
        given = list[float]()
        yield from plain(self, prompt, limit, sure=given)
        if sure is not None:
            sure += [-0.8 if SHORTEST in repr(prompt) else one for one in given]

    monkeypatch.setattr(ScriptedModel, "write", unsure)
    (sentence,) = asking(*rules).answer(SINKING).sentences
    assert sentence.support < usual.support and sentence.doubt == "the model was not sure of the shortest answer"


def test_statements_that_stand_side_by_side_do_not_speak_against_each_other(asking: Asking) -> None:
    def support(salo: str) -> float:
        rag = asking(
            Rule(("Pekka Lahti", HOLDS), 4.0), Rule(("Juhani Salo", HOLDS), 3.8), Rule(HOLDS, -5.0), Rule(RIGHT, 1.0),
            Rule(("Juhani Salo", SHORTEST), salo), Rule((WRITES, "Juhani Salo"), "Salo said that the valve was new."),
            Rule((WRITES, "Pekka Lahti"), "Lahti said that the ferry Aurora was safe when it left Turku."),
        )  # fmt: skip
        said = rag.answer("What did Lahti and Salo each say about the ferry Aurora?").sentences
        return next(s.support for s in said if "Lahti" in s.text)

    assert support("the valve was new") == support("not stated")


def test_a_passage_s_own_shortest_answer_is_no_rival_of_its_draft(asking: Asking) -> None:
    rag = asking(
        Rule(("Aurora sank", HOLDS), 3.0), Rule(HOLDS, -5.0), Rule(SHORTEST, "by helicopter"), Rule(WRITES, RESCUED), Rule(RIGHT, 3.0)
    )  # fmt: skip
    (sentence,) = rag.answer(SINKING).sentences
    own = clear(Shortest("by helicopter", round(math.exp(-0.05), 4)), SINKING)
    alone = Signals(right=3.0, holds=3.0, stated=1.0, sure=-0.05, clear=own, pmi=CALIBRATION.usual_pmi)
    assert sentence.support == chance(alone) > chance(replace(alone, rival=0.95))


@pytest.mark.parametrize(
    ("question", "drafted", "speaks_for"),
    [
        (SINKING, RESCUED, True),
        (
            "How were the passengers of the ferry Aurora rescued?",
            "Captain Elina Saari said that a valve had failed.",
            False,
        ),
    ],
)
def test_what_the_reader_finds_speaks_for_or_against_a_draft(
    asking: Asking, question: str, drafted: str, speaks_for: bool
) -> None:
    """With its own weights, whatever the language model writes and thinks of it."""
    rules = [Rule(("Aurora sank", HOLDS), 4.0), Rule(HOLDS, -5.0), Rule(WRITES, drafted), Rule(RIGHT, 5.0)]

    def support(reader: bool) -> float:
        answer = asking(*rules, reader=reader, caution="lenient").answer(question)
        assert all((p.reads is not None) == reader for p in answer.passages)
        return next(s.support for s in (*answer.sentences, *answer.dropped) if drafted[:-1] in s.text)

    assert (support(True) > support(False)) == speaks_for


def test_what_is_read_later_counts_for_a_draft_made_before(asking: Asking) -> None:
    rag = asking(Rule(HOLDS, 2.0))
    run = Run(SINKING, rag.embedder, rag.llm, rag.config)
    question = Question(SINKING, SINKING, SINKING, "fact", Period(), Filters(), None)
    first, later = (replace(passage(RESCUED, name), reads=reads, found=found) for name, reads, found in FINDS)
    run.drafts = [Draft(Attributed(RESCUED, first.sentences, 1.0, 0.9, ()), first, Signals(right=1.0, holds=1.0))]
    backings = []
    for one in (first, later):
        list(run.read_passages(question, run.llm, [one]))  # type: ignore[arg-type]
        backings += [d.signals.backed for d in run.drafts if d.signals]
    assert backings == [backed(RESCUED, SINKING, [first]), backed(RESCUED, SINKING, [first, later])]
    assert backings[0] > backings[1]
    assert run._could_be(question, first) != run._could_be(replace(question, kind="several"), first), (
        "there it does not count"
    )
