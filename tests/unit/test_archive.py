"""The made-up archive and its questions: whole, worded as people ask, with right answers that are right and days that are right."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest

from eval import golden, metrics
from index.build import clean_all
from index.reading.files import read_folders
from index.text.dates import mentions
from index.types import Article

# What a question is there to catch (`subkind`), and of how many kinds of question.
POINTS = {
    "time wall", "day", "something else", "asserts nothing", "near", "several", "follow-up", "first words", "deep"
}  # fmt: skip
_WEEKDAY = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b")
# The day that each weekday of an article means, in the order in which they stand there: days from the one it was published on;
# "?" where it means none, or nobody can tell.
MEANT = {
    "bats": "0",
    "playhouse_fire_1": "-1 0 0 3",
    "playhouse_fire_2": "0 -2 ? -3",
    "cup_final": "0 2 0",
    "kestrane_offer_1": "0",
    "kestrane_offer_2": "0",
    "kestrane_blocked": "0",
    "rovers_coach": "0 1 5 0",
    "playhouse_reopens": "-1",
    "ostermere_flood_1": "0 1 4 1 2 0",
    "ostermere_flood_2": "0 -2 0 -2 3",
    "ostermere_flood_3": "0 -1 -5 8",
    "legionella": "0 -2 0",
    "kettle_recall_1": "0",
    "kettle_recall_2": "0 0",
    "ostermere_wall": "-1",
    "harbour_trial_1": "0",
    "harbour_trial_2": "0",
    "harbour_sentence": "0",
    "harbour_closure": "1 0 2 0 3 0 1",
    "vessing_election_1": "-1 4",
    "vessing_election_2": "-1 0 0",
    "vessing_recount": "0",
    "tram_delay": "0",
}


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    raws, skipped = read_folders([golden.ARCHIVE])
    assert not skipped
    return {a.id: a for a in clean_all(raws)[0]}


def test_the_articles_are_of_many_years_and_outlets(articles: dict[str, Article]) -> None:
    assert len(articles) == 24
    assert all(a.title and a.published and a.source for a in articles.values())
    assert all(150 <= len(a.text.split()) <= 350 for a in articles.values())
    years = {a.published.year for a in articles.values() if a.published}
    assert min(years) == 2014 and max(years) == 2024 and len(years) >= 9
    assert len({a.source for a in articles.values()}) >= 4


def test_the_questions_are_whole(articles: dict[str, Article]) -> None:
    questions = golden.load(golden.QUESTIONS["archive"], articles)
    points = Counter(q.subkind for q in questions)
    assert len(questions) == 40 and set(points) == POINTS and min(points.values()) >= 3, points
    kinds = {q.kind for q in questions}
    assert kinds == {"single", "who", "when", "across", "conflict", "follow_up", "false_premise", "unanswerable"}
    assert {q.collection for q in questions} == {"archive"}
    assert sum(q.refuse == "must" for q in questions) >= 6


def test_no_question_shares_five_words_in_a_row_with_an_article(articles: dict[str, Article]) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}

    known = set().union(*(runs(a.text) for a in articles.values()))
    shared = {q.id: runs(q.question) & known for q in golden.load(golden.QUESTIONS["archive"])}
    assert not {name: words for name, words in shared.items() if words}


def test_each_answer_that_is_written_down_is_right() -> None:
    for q in golden.load(golden.QUESTIONS["archive"]):
        assert q.why and (q.refuse == "must" or metrics.correct(q, q.why, abstained=False)), q.id


def test_a_weekday_is_given_the_day_it_means_or_none(articles: dict[str, Article]) -> None:
    right = due = 0
    for name, article in articles.items():
        assert article.published
        found = mentions(article.text, article.published)
        days = [
            next((m.day for m in found if m.start <= said.start() < m.end), None)
            for said in _WEEKDAY.finditer(article.text)
        ]
        meant = [None if n == "?" else article.published + timedelta(int(n)) for n in MEANT[name].split()]
        for day, right_day in zip(days, meant, strict=True):
            assert day in (right_day, None), (name, day, right_day)
            due += right_day is not None
            right += day is not None
    assert right >= 0.85 * due, (right, due)
