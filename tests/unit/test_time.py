"""The time a question asks about, and which articles can tell of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from invented import DAY, passage

from rag.claims.facts import problems
from rag.evidence import cannot_tell, inside
from rag.question.period import period


@pytest.mark.parametrize(
    ("text", "question", "tells"),
    [
        ("The bridge was opened in 2012 by the mayor.", "Who opened the bridge in 2012?", True),
        ("The bridge was opened in 2012 by the mayor.", "Who opened the bridge in March 2012?", True),
        ("The bridge was opened in 2012 by the mayor.", "Who opened the bridge in 2013?", False),
        ("The bridge was opened in 2012 by the mayor.", "Who opened the bridge on 3 March 2012?", False),
        ("The bridge was opened on 3 March 2012.", "Who opened the bridge in March 2012?", True),
        ("The bridge was opened last month.", "Who opened the bridge in February 2022?", True),
        ("The bridge was opened last month.", "Who opened the bridge on 10 February 2022?", False),
    ],
)
def test_an_article_of_another_day_may_tell_of_the_time_asked_about(text: str, question: str, tells: bool) -> None:
    assert inside([passage(text)], period(question, DAY)) is tells


@pytest.mark.parametrize(
    ("text", "question", "unable"),
    [
        ("The bridge cost 40 million.", "What did the bridge cost in May 2022?", True),
        ("The bridge cost 40 million.", "What did the bridge cost in March 2022?", False),
        ("The bridge cost 40 million.", "What did the bridge cost in 2021?", False),
        ("The bridge cost 40 million.", "What did the bridge cost in May?", False),
        ("The bridge will cost 40 million in 2023.", "What will the bridge cost in 2023?", False),
        ("The bridge opens on 3 May.", "When does the bridge open in May 2022?", False),
        ("The bridge opens in May, the mayor said.", "Who opens the bridge in May 2022?", False),
        ("The bridge opens in May, the mayor said.", "Who opens the bridge in June 2022?", True),
        ("The bridge was to open in November.", "Who opened the bridge in November 2022?", False),
        ("The bridge was to open in November 2021.", "Who opened the bridge in November 2022?", True),
        ("The mayor said the bridge is safe.", "What did the mayor say in January 2019?", True),
        ("The mayor said the bridge is safe.", "What did the mayor say in 2020?", True),
        ("The mayor said the bridge is safe.", "What did the mayor say in April 2021?", False),
        ("In 2019 the mayor said the bridge is safe.", "What did the mayor say in January 2019?", False),
        ("The mayor led the town until 2010.", "Who led the town before 3 May 2019?", False),
    ],
)
def test_an_article_from_before_the_time_asked_about_or_long_after_it_must_name_a_day_of_it(
    text: str, question: str, unable: bool
) -> None:
    assert cannot_tell(passage(text), period(question, DAY)) is unable


def test_what_names_the_time_asked_about_may_stand_elsewhere_in_an_article_from_long_after_it() -> None:
    text = "The bridge opened in January 2019.\n\nThe mayor said the bridge is safe."
    later = replace(passage(text), text="The mayor said the bridge is safe.")
    assert not cannot_tell(later, period("What did the mayor say in January 2019?", DAY))


@pytest.mark.parametrize(
    ("said", "question", "held"),
    [
        ("The brigade took 212 people off roofs.", "How many people were taken off roofs on saturday?", True),
        ("The brigade took 212 people off roofs.", "How many people were taken off roofs on 12 October 2019?", True),
        ("The brigade took 212 people off roofs.", "How many people were taken off roofs on Friday?", False),
        ("The brigade took 212 people off roofs.", "On which day were people taken off roofs?", False),
        (
            "The brigade took 212 people off roofs on Friday.",
            "How many people were taken off roofs on Saturday?",
            False,
        ),
    ],
)
def test_an_article_of_the_day_that_is_asked_about_tells_of_that_day(said: str, question: str, held: bool) -> None:
    """Unless its words name another day: 12 October 2019 was a Saturday."""
    made = passage(said, "a", date(2019, 10, 12))
    for draft in (
        "On Saturday, 212 people were taken off roofs.",
        "212 people were taken off roofs on 12 October 2019.",
    ):
        assert (not problems(draft, made.sentences, said, question)) == held
    other = problems(
        "On Friday, 212 people were taken off roofs.", made.sentences, said, "Who was taken off on Friday?"
    )
    assert other == ([] if "Friday" in said else ["Friday is not in the evidence"]), (
        "it tells of no other day by itself"
    )
