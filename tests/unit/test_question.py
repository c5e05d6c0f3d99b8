"""What a question asks: of which kind it is, of which time, and whether it leans on the conversation."""

from __future__ import annotations

from datetime import date

import pytest
from fakes import Words

from rag.question.kind import asks, form, kind_of, only_agrees
from rag.question.period import after_event, period
from rag.question.rewrite import leans_on_history

DAY = date(2022, 3, 30)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Which countries hosted talks?", "several"),
        ("Who are the candidates?", "several"),
        ("How did Peskov's view of the talks change?", "several"),
        ("What do the two reports say about the harbour?", "several"),
        ("When did the campaign begin?", "fact"),
        ("Which sports team held a parade?", "fact"),
        ("Which city's residents eat most?", "fact"),
        ("Did it bother the Kremlin?", "yes_no"),
        ("Was Putin in Istanbul when the talks were held?", "yes_no"),
        ("Who is Russia's chief negotiator?", "fact"),
        ("Both ministers met on Sunday. Where was that?", "fact"),
        ("The player was held in Moscow. Is she free?", "yes_no"),
        ("Is the harbour open, and who says so?", "fact"),
    ],
)
def test_the_kind_of_answer_by_the_form_of_the_question_alone(question: str, kind: str) -> None:
    assert kind_of(question) == kind_of(question, Words()) == kind


def test_names_nouns_and_verbs_are_parts_of_speech_in_a_questions_form() -> None:
    assert form("Which ships sank in Norway?") == form("Which trams stood in Poland")
    assert form("Which ships sank in Norway?") != form("Which ship sank in Norway?")
    chances = asks("Which ships sank off Turku?")
    assert sum(chances.values()) == pytest.approx(1.0) and min(chances.values()) >= 0.0
    assert asks("The harbour is shut. Which ships sank?") == asks("Which ships sank?"), "what is told before it"


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
        ("What was said in early 2021?", date(2021, 1, 1), date(2021, 12, 31)),
        ("What was said in the summer of 2021?", date(2021, 1, 1), date(2021, 12, 31)),
        ("Which numbers came up on Friday night, 25 February 2022?", date(2022, 2, 25), date(2022, 2, 25)),
        ("Who retired in August?", date(2021, 8, 1), date(2021, 8, 31)),
        ("Who will retire in August?", date(2022, 8, 1), date(2022, 8, 31)),
        ("Snow fell. Who resigned on 3 August?", date(2021, 8, 3), date(2021, 8, 3)),
        ("Who resigned on 3 April?", date(2022, 4, 3), date(2022, 4, 3)),
        ("What may Peskov say?", None, None),
    ],
)
def test_the_time_a_question_asks_about(question: str, first: date | None, last: date | None) -> None:
    found = period(question, DAY)
    assert (found.first, found.last) == (first, last)


def test_the_latest() -> None:
    assert period("What is the latest on the talks?", DAY).latest


@pytest.mark.parametrize(
    ("question", "sentence", "agrees"),
    [
        ("Did the shelling stop?", "Yes, the shelling stopped.", True),
        ("Did the shelling stop?", "The shelling stopped.", True),
        ("And was the harbour shut?", "No, it was open.", True),
        ("Hasn't the mayor resigned?", "The mayor resigned on Sunday after the vote.", False),
        ("Who resigned?", "Yes, the mayor.", True),
    ],
)
def test_a_bare_yes_or_no_is_told_from_an_answer(question: str, sentence: str, agrees: bool) -> None:
    assert only_agrees(question, sentence) == agrees


def test_the_time_after_a_named_event_is_found_in_the_articles() -> None:
    day = date(2022, 3, 30)
    read = [
        ("Medinsky spoke following three-hour talks in Istanbul on Tuesday.", day),
        ("The talks in Istanbul ended on 29 March.", day),
        ("More talks in Istanbul may follow on Friday.", day),
        ("The harbour was shut on Monday.", day),
    ]
    found = after_event("What did Peskov say after the Istanbul talks?", read)
    assert (found.first, found.last, found.words) == (date(2022, 3, 29), None, "after the Istanbul talks")
    assert not after_event("What did Peskov say after the talks?", read).bounded
    assert not after_event("What was said after the Kyiv meeting?", read).bounded
    other = ("The talks in Istanbul ended on Monday.", day)
    assert not after_event("What did he say after the Istanbul talks?", [read[0], other]).bounded, "two days, one each"
    assert after_event("What did he say after the Istanbul talks?", [read[0], read[2]]).first == date(2022, 3, 29)


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("Who said that homework has to be done before the presidents meet?", False),
        ("Who told RT that there was significant progress?", False),
        ("Who is Medinsky?", False),
        ("What has Bennett done, and did he fly to Moscow?", False),
        ("Did the Russians go for it?", True),
        ("And what is his job?", True),
        ("Was the promise believed?", True),
        ("How old is he?", True),
        ("How many were on board?", True),
        ("How many were on board the Aurora?", False),
    ],
)
def test_whether_a_question_leans_on_the_conversation(question: str, leans: bool) -> None:
    assert leans_on_history(question) == leans


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("How did it go between 13 and 22 March?", date(2022, 3, 13), date(2022, 3, 22)),
        ("What was said from 28 February to 5 March 2022?", date(2022, 2, 28), date(2022, 3, 5)),
        ("What happened in April?", date(2022, 4, 1), date(2022, 4, 30)),
        ("What happened in December?", date(2021, 12, 1), date(2021, 12, 31)),
        ("What happened in mid-March 0000?", date(2022, 3, 11), date(2022, 3, 20)),
    ],
)
def test_the_days_a_question_asks_about(question: str, first: date, last: date) -> None:
    found = period(question, DAY)
    assert (found.first, found.last) == (first, last)
    assert found.holds(date.min, 4) is False and found.holds(date.max, 4) is False
