"""An updated version of an article is told from a copy, the newest counts, and an answer says which figure was corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fakes import Words, news

from index.build import build
from index.search import search
from index.store.sqlite import Store
from index.text.words import word_runs
from index.types import Article
from index.versions import correction, superseded
from rag.assistant import Rag
from rag.config import NO_MODEL, Config
from ui.render import sources_html

FIRST = (
    "The ferry Aurora ran aground near Turku on Tuesday with 44 passengers on board, the coast guard said.\n\n"
    "All of them were brought ashore by noon, and divers will look at the hull of the ship on Friday."
)
SECOND = FIRST.replace("44 passengers", "42 passengers") + "\n\nThe captain, Ville Salo, spoke of a faulty chart."
COPY = FIRST.replace("the coast guard said", "the coast guard told the agency")
ALL = [
    ("first", "Turku News", "2023-05-03", FIRST),
    ("second", "Turku News", "2023-05-05", SECOND),
    ("copy", "Oulu Post", "2023-05-03", COPY),
    ("other", "Turku News", "2023-05-06", "The mayor of Turku opened a library for children on Saturday morning."),
]
QUESTION = "How many passengers were on board the ferry Aurora near Turku?"
SAID = "The version of 3 May 2023 said “44”; that of 5 May 2023 says “42”."


def article(name: str, text: str, day: date | None, source: str = "Turku News", url: str | None = None) -> Article:
    return Article(name, None, source, day, "", url, (), text)


A = article("first", FIRST, date(2023, 5, 3))
B = article("second", SECOND, date(2023, 5, 5))


def test_a_report_written_along_the_lines_of_another_is_no_version_of_it() -> None:
    lines = [f"Sentence {n} of the yearly report on the moon stands here word for word." for n in range(20)]
    march = article(
        "march", " ".join([*lines, *(f"March has its worm number {n}." for n in range(8))]), date(2023, 3, 5)
    )
    april = article(
        "april", " ".join([*lines, *(f"April will be pink {n} times." for n in range(8))]), date(2023, 4, 5)
    )
    shared = len(word_runs(march.text) & word_runs(april.text)) / len(word_runs(march.text))
    assert 0.6 < shared < 0.75 and superseded([march, april]) == {}


@pytest.mark.parametrize(
    ("older", "newer", "version"),
    [
        (A, B, True),
        (A, replace(B, published=A.published), False),  # the same day: a copy
        (A, replace(B, published=None), False),
        (A, replace(B, source="Oulu Post"), False),  # another outlet: a copy
        (replace(A, source=None), replace(B, source=None), False),
        (A, article("more", FIRST + "\n\n" + "Another thing altogether was said of the harbour. " * 3
                    + " ".join(f"It was berth {n} of the many in the port." for n in range(40)), B.published), False),
        (A, article("other", "The mayor opened a library for children.", B.published), False),
        (replace(A, url="https://t.example/a"), replace(B, source="t.example", url="http://www.t.example/a/#top"), True),
        (replace(A, url="https://t.example/a"), replace(B, source="t.example", url="https://t.example/b"), False),
        (replace(A, url="https://t.example/"), article("front", "Other news stands here today.", B.published, "t", "https://t.example/"), False),
    ],
)  # fmt: skip
def test_what_is_a_version(older: Article, newer: Article, version: bool) -> None:
    assert superseded([newer, older]) == ({older.id: newer} if version else {})


def test_the_latest_of_several_counts() -> None:
    third = replace(B, id="third", published=date(2023, 5, 7))
    assert superseded([third, A, B]) == {"first": third, "second": third}


def test_what_was_corrected() -> None:
    now = SECOND.split("\n\n")[0]
    assert correction(now, B, (A,)) == SAID
    older = replace(A, text=FIRST.replace("44", "some 50"), published=date(2023, 5, 2))
    assert correction(now, B, (older, A)) == SAID, "the latest that has another figure"
    assert correction(now, B, (replace(A, text=FIRST.replace("44", "forty-two")),)) == ""
    assert correction(SECOND.split("\n\n")[1], B, (A,)) == "", "this sentence is as it was"
    assert correction(now, B, ()) == ""
    words = replace(A, text=FIRST.replace("44 passengers", "forty-four people"))
    assert "said “forty-four people”; that of 5 May 2023 says “42 passengers”" in correction(now, B, (words,))


@pytest.fixture
def ix(tmp_path: Path) -> Path:
    build(tmp_path / "ix", [news(tmp_path / "in", ALL)], Words())
    return tmp_path / "ix"


def test_the_newest_version_is_found_and_the_older_can_be_read(ix: Path) -> None:
    store = Store(ix, Words())
    hits = search(store, Words(), QUESTION)
    assert "first" not in {a.id for hit in hits for a in (hit.article, *(other for _, other in hit.copies))}
    best = next(hit for hit in hits if hit.article.id == "second")
    assert [a.id for a in best.earlier] == ["first"] and all(not h.earlier for h in hits if h.article.id == "other")
    assert store.article("first").text == FIRST
    then = search(store, Words(), QUESTION, as_of=date(2023, 5, 4))
    assert {"first", "copy"} >= {hit.article.id for hit in then}, "on that day it was the newest"
    assert not any(hit.earlier for hit in then)
    store.close()


def test_an_answer_says_when_a_figure_was_corrected(ix: Path) -> None:
    words = Words()
    with Rag(Store(ix, words), words, None, Config(model=NO_MODEL, embedder=words.name)) as rag:
        told = rag.answer(QUESTION, source="Turku News").as_dict()
    (said,) = [c["corrected"] for c in told["citations"] if "42 passengers" in c["quote"]]
    assert said == SAID and "“44”" in sources_html(told)
