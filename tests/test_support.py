"""The gate on hard facts: numbers, days, names, quotations, speakers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Article
from rag.citations import attribute, number, split_draft
from rag.evidence import dated, evidence_sentences
from rag.support import content, form_problems, overlap, problems, score
from rag.types import Passage
from rag.when import period

EVIDENCE = "Russia's chief negotiator Vladimir Medinsky said following three-hour talks in Istanbul on Tuesday that Moscow will study Kyiv's proposals."
PESKOV = '"We would like a more substantial and swift answer," Peskov said.'
DAY = date(2022, 3, 30)


@pytest.mark.parametrize(
    ("sentence", "evidence", "wrong"),
    [
        ("Medinsky spoke after three-hour talks in Istanbul.", EVIDENCE, ""),
        ("Medinsky spoke after talks of 3 hours.", EVIDENCE, ""),
        ("Medinsky spoke on Tuesday (29 March).", EVIDENCE, ""),
        ("Medinsky spoke on 29 March 2022.", EVIDENCE, ""),
        ("Medinsky spoke on 30 March.", EVIDENCE, "30 March is not a day"),
        ("Medinsky spoke on Monday.", EVIDENCE, "Monday is not in"),
        ("Medinsky spoke after five hours of talks.", EVIDENCE, "the number 5"),
        ("Then Lavrov flew to Istanbul.", EVIDENCE, "Lavrov"),
        ("The minister Sergei Lavrov flew to Istanbul.", EVIDENCE, "the name Sergei Lavrov"),
        ("Slutsky said Moscow will study the proposals.", EVIDENCE, "Slutsky"),
        ('Peskov said he wants "a more substantial and swift answer".', PESKOV, ""),
        ('Peskov said he wants "a much faster answer".', PESKOV, "quotation"),
        ("Medinsky said he would like a swift answer.", PESKOV, "Medinsky"),
    ],
)
def test_hard_facts(sentence: str, evidence: str, wrong: str) -> None:
    found = problems(sentence, [evidence], [DAY], evidence, evidence)
    assert bool(found) == bool(wrong) and wrong in "; ".join(found), found


def test_a_small_number_of_the_question_is_no_claim_of_the_answer() -> None:
    sentence = "The two sides will study the proposals."
    assert problems(sentence, [EVIDENCE], [DAY], EVIDENCE, EVIDENCE)
    assert not problems(sentence, [EVIDENCE], [DAY], EVIDENCE, EVIDENCE, "What will the two sides do?")


@pytest.mark.parametrize(
    ("question", "sentence", "wrong"),
    [
        ("In which building were the talks held?", "The talks were held in the building.", "nothing that the question"),
        ("In which building were the talks held?", "The talks were held in a palace.", ""),
        ("Were the talks held in a palace?", "The talks were held in a palace.", ""),
        ("How old is the envoy?", "The envoy is experienced.", "no number"),
        ("How many envoys came?", "Several envoys came.", ""),
        ("Who came?", "The passage names no envoy.", "speaks of the passage"),
    ],
)
def test_what_an_answer_must_have(question: str, sentence: str, wrong: str) -> None:
    found = form_problems(question, sentence)
    assert bool(found) == bool(wrong) and wrong in "; ".join(found), found


def passage(text: str, article_id: str = "a", day: date = DAY) -> Passage:
    article = Article(article_id, "T", "S", day, "", None, (), text)
    return Passage(
        article,
        f"{article_id}#0",
        0,
        len(text),
        text,
        text,
        1.0,
        0.5,
        evidence_sentences(article, f"{article_id}#0", 0, len(text)),
    )


def test_attribution_takes_the_smallest_set_whatever_was_cited(embedder) -> None:  # type: ignore[no-untyped-def]
    pool = [passage(EVIDENCE + " The weather was mild."), passage(PESKOV, "b")]
    one = attribute("Medinsky said Moscow will study Kyiv's proposals.", pool, embedder)
    assert [s.text for s in one.evidence] == [EVIDENCE]
    two = attribute(
        "Medinsky led three-hour talks while Peskov wanted a more substantial and swift answer.", pool, embedder
    )
    assert {s.article.id for s in two.evidence} == {"a", "b"}


def test_markers_of_the_models_own_making_go(embedder) -> None:  # type: ignore[no-untyped-def]
    drafted = split_draft("Medinsky said so [7]. It was mild [2, 3].")
    assert drafted == ["Medinsky said so.", "It was mild."]
    pool = [passage(EVIDENCE)]
    made = [(attribute("Medinsky said Moscow will study it.", pool, embedder), 0.9, True, "")] * 2
    text, parts, cited = number(made)
    assert text.count("[1]") == 2 and len(cited) == 1
    assert all(text[s.start : s.end] == s.text for s in parts)


def test_a_reference_to_the_passage_is_not_part_of_the_answer() -> None:
    assert split_draft("According to the passage, talks were held daily.") == ["Talks were held daily."]


def test_words_of_the_day_are_not_repeated_in_an_answer() -> None:
    assert split_draft("The delegation left today (28 March).") == ["The delegation left on 28 March."]


def test_days_are_shown_beside_the_words() -> None:
    assert dated("talks in Istanbul on Tuesday", DAY) == "talks in Istanbul on Tuesday (29 March)"
    assert dated("talks on Tuesday", None) == "talks on Tuesday"


def test_scores_rise_with_each_signal() -> None:
    assert score(0.9, 0.8, None) > score(0.2, 0.8, None) and score(0.9, 0.8, 4.0) > score(0.9, 0.8, -4.0)
    assert overlap("negotiators met", "the negotiations: a meeting of negotiators") == 0.5
    assert content("three-hour") == content("3 hours")


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What happened last week?", date(2022, 3, 21), date(2022, 3, 27)),
        ("What happened yesterday?", date(2022, 3, 29), date(2022, 3, 29)),
        ("What was said in mid-March?", date(2022, 3, 11), date(2022, 3, 20)),
        ("What was said in March?", date(2022, 3, 1), date(2022, 3, 31)),
        ("What was said after 22 March?", date(2022, 3, 22), None),
        ("What was said before March 20?", None, date(2022, 3, 20)),
        ("What was said on Tuesday?", date(2022, 3, 29), date(2022, 3, 29)),
        ("What was said between 13 March and 22 March?", date(2022, 3, 13), date(2022, 3, 22)),
        ("What may Peskov say?", None, None),
    ],
)
def test_the_time_a_question_asks_about(question: str, first: date | None, last: date | None) -> None:
    found = period(question, DAY)
    assert (found.first, found.last) == (first, last)


def test_the_latest() -> None:
    assert period("What is the latest on the talks?", DAY).latest


@given(st.text(max_size=200))
def test_any_draft_can_be_split_and_any_question_dated(text: str) -> None:
    assert all(part.strip() for part in split_draft(text))
    period(text, DAY)
