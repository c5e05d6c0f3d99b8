"""What an answer promises, on the real default model: evidence, time, speakers, conversation, saying no."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from test_answers import keeps_its_word

from rag.assistant import Rag
from rag.types import Turn

pytestmark = pytest.mark.real


def said(role: str, text: str) -> Turn:
    return {"role": role, "content": text}


def test_evidence_keeps_to_its_budget(rag: Rag) -> None:
    question = "How did Western capitals meet the Russian promise?"
    small = Rag(rag.store, rag.embedder, rag.llm, replace(rag.config, prompt_tokens=450)).answer(question)
    thorough = Rag(rag.store, rag.embedder, rag.llm, replace(rag.config, stop_early=False))
    large = thorough.answer(question)
    assert 1 <= len(small.passages) < 4 <= len(large.passages) <= 2 * rag.config.read
    assert small.config_id != large.config_id
    assert "skeptic" in large.text
    warm = thorough.answer(question)
    assert warm.text == large.text and warm.tokens["prompt"] <= large.tokens["prompt"], "what was read is kept"


def test_words_of_time_are_read_with_the_day_meant(rag: Rag) -> None:
    answer = rag.answer("On which day were the talks in Istanbul held?")
    assert "29" in answer.text, answer.text
    shown = next(p.shown for p in answer.passages if "three-hour talks" in p.text)
    assert "on Tuesday (29 March)" in shown
    keeps_its_word(answer, rag)


def test_the_latest_is_the_newest_as_of_the_day_asked(rag: Rag) -> None:
    question = "What is the latest on the talks?"
    now, then = rag.answer(question), rag.answer(question, as_of=date(2022, 3, 22))
    assert now.as_of == date(2022, 3, 30) and then.as_of == date(2022, 3, 22)
    assert all(p.article.published and p.article.published <= date(2022, 3, 22) for p in then.passages)
    assert now.passages[0].article.published and now.passages[0].article.published > date(2022, 3, 22)


@pytest.mark.parametrize(
    "question",
    [
        "How did the Kremlin's view of the progress of the talks change over March?",
        "What did Peskov and Podolyak each say about the talks?",
    ],
)
def test_several_statements_come_in_order_of_date_each_with_its_own_citation(rag: Rag, question: str) -> None:
    answer = rag.answer(question)
    by_marker = {c.marker: c for c in answer.citations}
    days = [by_marker[s.markers[0]].date for s in answer.sentences]
    assert len(answer.sentences) >= 2 and len({c.article_id for c in answer.citations}) >= 2, answer.text
    assert days == sorted(days) and all(days)  # type: ignore[type-var]
    assert all(len({by_marker[m].article_id for m in s.markers}) == 1 for s in answer.sentences), "nothing is merged"
    keeps_its_word(answer, rag)


def test_a_yes_or_no_is_answered_in_the_articles_own_words(rag: Rag) -> None:
    answer = rag.answer("Did Newsweek hear back from Ukrainian officials?")
    assert "did not hear back" in answer.text and "Newsweek (28 March 2022) writes:" in answer.text
    assert answer.sentences[0].why == "in the article's own words"


def test_words_stay_with_the_one_who_said_them(rag: Rag) -> None:
    for question, name, wrong in (
        ("Who said that homework has to be done before the presidents meet?", "Peskov", "Slutsky"),
        ("Who told RT that there was significant progress?", "Slutsky", "Peskov"),
        ("Who said on Twitter that Russia carefully listens to Ukraine's positions?", "Podolyak", "Peskov"),
    ):
        text = rag.answer(question).text
        assert name in text and wrong not in text, text


def test_a_false_premise_is_not_accepted(rag: Rag) -> None:
    answer = rag.answer("Why did Peskov promise to give Crimea back to Ukraine?")
    assert answer.abstained or "excluded" in answer.text or "part of Russia" in answer.text, answer.text
    assert "promised to give" not in answer.text


def test_a_refusal_says_why_and_what_is_near(rag: Rag) -> None:
    elsewhere = rag.answer("What is the capital of Australia?")
    assert elsewhere.abstained and elsewhere.reason == "no article mentions it" and elsewhere.near == ()
    neighbour = rag.answer("How old is Dmitry Peskov?")
    assert neighbour.abstained and neighbour.near and neighbour.near[0].label in neighbour.text
    for asked in (rag, Rag(rag.store, rag.embedder, None, rag.config)):
        early = asked.answer("What did Peskov say in January 2019?")
        assert early.abstained and "from that time or reports on it (in January 2019)" in early.reason


def test_a_refusal_is_decided_afresh_and_no_fact_comes_from_the_conversation(rag: Rag) -> None:
    history = [
        said("user", "Who is Russia's chief negotiator?"),
        said("assistant", "Vladimir Medinsky, who is 51 years old, is Russia's chief negotiator."),
    ]
    answer = rag.answer("How old is he?", history)
    assert answer.abstained and "51" not in answer.text, answer.text
    assert not rag.answer(
        "And what is his job?", [*history, said("user", "How old is he?"), said("assistant", answer.text)]
    ).abstained


def test_twenty_turns_cost_no_more_than_two(rag: Rag) -> None:
    pair = [
        said("user", "Who is Russia's chief negotiator?"),
        said("assistant", "Vladimir Medinsky is Russia's chief negotiator [1]."),
    ]
    rag.answer("What did he say?", pair)  # what it reads is kept from here on
    short, long = rag.answer("What did he say?", pair), rag.answer("What did he say?", pair * 20)
    assert "Medinsky" in long.standalone_question
    assert long.tokens["prompt"] <= short.tokens["prompt"] + 200


def test_what_was_dropped_is_told_with_why(rag: Rag) -> None:
    dropped = [
        s for q in ("How old is Dmitry Peskov?", "Where was Vladimir Medinsky born?") for s in rag.answer(q).dropped
    ]
    assert dropped
    for sentence in dropped:
        assert sentence.why and not sentence.supported and (sentence.start, sentence.end) == (-1, -1)
