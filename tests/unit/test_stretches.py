"""Which days "last week", "earlier this month" and "last fall" mean, and where nobody can tell."""

from __future__ import annotations

from datetime import date

import pytest

from index.text.stretches import stretches
from index.types import Article
from rag.claims.facts import problems
from rag.evidence import dated, evidence_sentences

TUESDAY = date(2024, 5, 14)


def shown(text: str, published: date = TUESDAY) -> list[str]:
    return [s.short for s in stretches(text, published)]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Two boats sank last week.", "6 to 12 May"),
        ("The storm passed earlier this week.", "13 to 14 May"),
        ("The ferry sails again later this week.", "14 to 19 May"),
        ("The council votes on it next week.", "20 to 26 May"),
        ("Divers found the wreck last weekend.", "11 and 12 May"),
        ("They will play in the harbour this weekend.", "18 and 19 May"),
        ("She told the paper this weekend that she would go.", "11 and 12 May"),
        ("The bridge was closed last month.", "April 2024"),
        ("The bridge was closed early last month.", "April 2024"),
        ("A new captain was named earlier this month.", "May 2024"),
        ("The museum opens in June of next year, or earlier.", "2025"),
        ("This year's festival was the wettest.", "2024"),
        ("Fewer boats came than at this time last year.", "2023"),
        ("She was elected last November.", "2023"),
        ("Voters go to the polls this November.", "2024"),
        ("The bridge is to open next March.", "2025"),
        ("The mayor was elected last fall.", "2023"),
        ("The harbour froze last winter.", "December 2023 to February 2024"),
        ("The swimmers are to come this summer.", "2024"),
        ("The boat came in last night.", "13 May"),
        ("The harbour was closed this morning.", "14 May"),
        ("“We have had two storms this year,” the pilot said.", "2024"),
    ],
)  # fmt: skip
def test_the_calendar_and_the_verb_decide(text: str, days: str) -> None:
    assert shown(text) == [days]


@pytest.mark.parametrize(
    "text",
    [
        "Prices rose by a tenth in the last year.",
        "It rained every day of the past week.",
        "It was the team's last season, and this season is no better.",
        "Her last year in office was the hardest.",
        "In the last week of March, the river rose.",
        "Work goes on over the coming months.",
        "“We saw the lights last night,” the pilot said.",
        "“I met him last week,” she told the court.",
        "In 2019 he wrote: “This year I shall stop.”",
        "He spoke on Harbour This Week about the ferry.",
        "She joined the crew last March.",  # March of this year, or of the year before
        "They will march, and this may be the end of it.",
        "The fair is next weekend.",
        "The concert is this May 25.",
    ],
)
def test_where_nobody_can_tell_the_words_stay_as_they_are(text: str) -> None:
    assert shown(text) == []
    assert dated(text, TUESDAY) == text


def test_a_sunday_ends_a_week_or_begins_one() -> None:
    sunday = date(2024, 5, 19)
    assert shown("The port was closed this week.", sunday) == ["12 to 18 May"]
    assert shown("The port will be closed this week.", sunday) == ["19 to 25 May"]
    assert shown("The port was closed last week.", sunday) == ["12 to 18 May"]
    assert shown("The port will be closed next week.", sunday) == []


def test_what_is_to_come_this_week_is_not_told_of_its_end() -> None:
    friday = date(2024, 5, 17)
    assert shown("The choirs will sing all over town this week.", friday) == []
    assert shown("The choirs have sung all over town this week.", friday) == ["13 to 19 May"]


@pytest.mark.parametrize("published", [date(2024, 5, 1), date(2024, 5, 2)])
def test_nothing_is_earlier_than_the_beginning_of_a_month(published: date) -> None:
    assert shown("The ferry was sold earlier this month.", published) == []
    assert shown("The ferry was sold last month.", published) == ["April 2024"]


def test_stretches_reach_over_the_ends_of_months_and_years() -> None:
    assert shown("Two boats sank last week.", date(2024, 1, 3)) == ["25 to 31 December"]
    assert shown("It was sold this week.", date(2024, 4, 30)) == ["29 April to 5 May"]
    assert shown("It was sold last month.", date(2024, 1, 3)) == ["December 2023"]
    assert shown("The harbour is frozen this winter.", date(2024, 1, 3)) == ["December 2023 to February 2024"]
    assert stretches("It was sold last year.", None) == []
    assert shown("It was sold last year.", date(1, 1, 1)) == []


def test_the_model_reads_the_days_once() -> None:
    text = "The port closed last month. It opened on Monday. Boats left last month, and last year too."
    assert dated(text, TUESDAY) == (
        "The port closed last month (April 2024). It opened on Monday (13 May). Boats left last month, and last year (2023) too."
    )


@pytest.mark.parametrize(
    ("said", "sentence", "wrong"),
    [
        ("The port was sold last month.", "The port was sold in April 2024.", ""),
        ("The port was sold last year.", "The port was sold in 2023.", ""),
        ("The port was sold last year.", "The port was sold in 2022.", "the number 2022"),
        ("The port was sold last week.", "The port was sold between 6 and 12 May.", ""),
        ("The port was sold last week.", "The port was sold last week (6 to 12 May).", ""),
        ("The port was sold last week.", "The port was sold on 8 May.", "8 May is not a day"),
        ("The port sold boats last week.", "The port sold 6 boats.", "the number 6"),
        ("The port was sold last winter.", "It was sold between December 2023 and February 2024.", ""),
    ],
)
def test_an_answer_may_say_the_days_that_the_model_was_shown(said: str, sentence: str, wrong: str) -> None:
    article = Article("a", "Port", "Harbour News", TUESDAY, "stated", None, (), said)
    found = problems(sentence, evidence_sentences(article, "a#0", 0, len(said)), said)
    assert any(wrong in f for f in found) if wrong else not found
