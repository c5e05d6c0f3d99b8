"""Twelve questions over the five articles, asked of the real default model, and what every answer keeps."""

from __future__ import annotations

import re
from datetime import date

import pytest

from index.errors import InputError
from rag.assistant import Rag
from rag.calibration import CALIBRATION
from rag.question.check import check_history, check_question
from rag.types import Answer

pytestmark = pytest.mark.real

ANSWERED = [
    ("How long did the negotiators meet in Istanbul, and who led the Russian side?", ["three", "Medinsky"], "001"),
    ("Who is Russia's chief negotiator?", ["Medinsky"], "001"),
    ("On which day did Putin order his army into Ukraine?", ["Feb"], "003"),
    ("Which television network did Leonid Slutsky talk to?", ["RT"], "003"),
    ("Through which app did Zelensky talk to Russian journalists?", ["Zoom"], "000"),
    ("Who is the deputy prime minister of Ukraine?", ["Vereshchuk"], "002"),
    ("What did Zelensky say was up for debate?", ["Crimea"], "004"),
    ("How did Western capitals meet the Russian promise?", ["skeptic"], "001"),
]  # fmt: skip
REFUSED = [
    "What is the capital of Australia?",
    "How old is Dmitry Peskov?",
    "Who won the football World Cup in December 2022?",
    "How can I make a donation to the newspaper?",
]


def keeps_its_word(answer: Answer, rag: Rag) -> None:
    """What holds for every answer: verbatim quotes, markers and citations one to one."""
    markers = [int(m) for m in re.findall(r"\[(\d+)\]", answer.text)]
    assert (
        list(dict.fromkeys(markers))
        == [c.marker for c in answer.citations]
        == list(range(1, len(answer.citations) + 1))
    )
    for c in answer.citations:
        assert rag.store.article(c.article_id).text[c.start : c.end] == c.quote
    for s in answer.sentences:
        assert answer.text[s.start : s.end] == s.text and s.markers
        assert s.supported == (s.support >= dict(CALIBRATION.thresholds)["normal"][1])


@pytest.mark.parametrize(("question", "facts", "article"), ANSWERED)
def test_answered(rag: Rag, question: str, facts: list[str], article: str) -> None:
    answer = rag.answer(question)
    assert not answer.abstained, answer.text
    assert all(fact in answer.text for fact in facts), answer.text
    assert any(c.article_id.startswith(article) for c in answer.citations)
    keeps_its_word(answer, rag)


@pytest.mark.parametrize("question", REFUSED)
def test_refused(rag: Rag, question: str) -> None:
    answer = rag.answer(question)
    assert answer.abstained, answer.text
    assert answer.text.startswith("The articles do not say") and answer.reason
    assert answer.citations == () and answer.sentences == ()


def test_the_same_question_gives_the_same_answer(rag: Rag) -> None:
    first = rag.answer("Who is Russia's chief negotiator?")
    rag.answer("Where were the talks held?")
    assert rag.answer("Who is Russia's chief negotiator?").text == first.text


def test_nothing_published_later_is_used(rag: Rag) -> None:
    answer = rag.answer("What did Medinsky say after the three-hour talks?", as_of=date(2022, 3, 22))
    assert all(p.article.published and p.article.published <= date(2022, 3, 22) for p in answer.passages)
    assert "Istanbul" not in answer.text and answer.as_of == date(2022, 3, 22)


def test_a_later_time_is_refused_with_its_reason(rag: Rag) -> None:
    answer = rag.answer("What happened at the talks in June 2023?")
    assert answer.abstained and "later" in answer.reason


def test_an_empty_range_is_said(rag: Rag) -> None:
    answer = rag.answer("What did Peskov say?", after=date(2023, 1, 1))
    assert answer.abstained and "no articles from 1 January 2023 on" in answer.reason


def test_a_follow_up_is_made_to_stand_alone(rag: Rag) -> None:
    history = [
        {"role": "user", "content": "Who is Vladimir Medinsky?"},
        {"role": "assistant", "content": "Vladimir Medinsky is Russia's chief negotiator [1]."},
    ]
    answer = rag.answer("How long were the talks he spoke after?", history)  # type: ignore[arg-type]
    assert "Medinsky" in answer.standalone_question
    alone = "Who told RT that there was significant progress?"
    assert rag.answer(alone, history).standalone_question == alone  # type: ignore[arg-type]


def test_events_end_in_the_answer(rag: Rag) -> None:
    events = list(rag.stream("Who is Russia's chief negotiator?"))
    assert [e.kind for e in events][-1] == "answer" and {e.kind for e in events} == {"status", "evidence", "answer"}
    found = next(e for e in events if e.kind == "evidence")
    assert found.evidence and found.text == found.evidence.article.text[found.evidence.start : found.evidence.end]
    assert events[-1].answer and events[-1].answer.timings["total"] > 0
    assert {"search", "read", "write", "check", "total"} <= set(events[-1].answer.timings)


@pytest.mark.parametrize("bad", ["", "  ", "x" * 100_000, None, 3])
def test_a_question_that_cannot_be_used(bad: object) -> None:
    with pytest.raises(InputError):
        check_question(bad)


@pytest.mark.parametrize("bad", ["text", [{"role": "system", "content": "x"}], [{"role": "user"}], ["x"], 7])
def test_a_history_that_cannot_be_used(bad: object) -> None:
    with pytest.raises(InputError):
        check_history(bad)


@pytest.mark.main
def test_without_a_model(quick: Rag) -> None:
    answer = quick.answer("Who is Russia's chief negotiator?")
    assert "Medinsky" in answer.text and answer.model == "none"
    keeps_its_word(answer, quick)
    assert quick.answer("What is the capital of Australia?").abstained
