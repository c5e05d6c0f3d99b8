"""Markdown as people keep it: what it says of the article, and the text as its reader sees it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from index.reading.boilerplate import clean
from index.reading.files import read_folders
from index.text.chunks import chunk
from index.types import Article

CLIPPED = """---
title: "Harbour closed: ferry lost its anchor"
source: https://www.turkunews.example/2023/05/03/harbour
author:
  - "[[Liisa Virtanen]]"
  - "[[Ann Ek]]"
published: 2023-05-03
created: 2023-06-01
tags:
  - clippings
---
![[photo.jpg]]
# Harbour *closed* in Turku

The [harbour](https://turku.example/map) at **Turku** was closed on Monday after a ferry had
lost its anchor, the [[people/harbour master|harbour master]] said.[^1]

## What is ==known==

- The ferry *Aurora* was carrying 120 people.
- Nobody was hurt.

3. The anchor was found.
4. The chain was not.

> [!quote] The captain
> “We were lucky,” Ville Salo said.

| Ship | Built |
|---|---|
| Aurora | 1998 |

[^1]: He spoke by telephone.
"""
SHOWN = [
    "Harbour closed in Turku",
    "The harbour at Turku was closed on Monday after a ferry had lost its anchor, the harbour master said.",
    "What is known",
    "- The ferry Aurora was carrying 120 people.",
    "- Nobody was hurt.",
    "3. The anchor was found.",
    "4. The chain was not.",
    "The captain",
    "“We were lucky,” Ville Salo said.",
    "Ship | Built",
    "Aurora | 1998",
    "He spoke by telephone.",
]
TEXT = "Snow closed the Brenner pass for nine hours, the road service said."


def article(folder: Path, text: str) -> Article:
    (folder / "note.md").write_text(text, "utf-8")
    (raw,), skipped = read_folders([folder])
    assert not skipped
    return clean(raw)


def test_a_clipped_article_is_read_as_it_is_shown(tmp_path: Path) -> None:
    clipped = article(tmp_path, CLIPPED)
    assert clipped.text.split("\n\n") == SHOWN
    assert clipped.title == "Harbour closed: ferry lost its anchor" and clipped.authors == ("Liisa Virtanen", "Ann Ek")
    assert clipped.source == "turkunews.example" and clipped.url == "https://www.turkunews.example/2023/05/03/harbour"
    assert (clipped.published, clipped.published_how) == (date(2023, 5, 3), "stated in the front matter")
    assert not clipped.removed
    for piece in chunk(clipped):
        assert clipped.text[piece.start : piece.end] == piece.text


@pytest.mark.parametrize(
    ("front", "title", "source", "day", "authors"),
    [
        ('+++\ntitle = "Snow"\ndate = 2024-01-09T10:00:00Z\nauthors = ["A", "B"]\npublisher = "Passpost"\n+++', "Snow", "Passpost", date(2024, 1, 9), ("A", "B")),
        ("---\nTitle: Snow\nDate: 9 January 2024\nBy: A; B\nsite_name: Passpost\n---", "Snow", "Passpost", date(2024, 1, 9), ("A", "B")),
        ("---\ntitle: Snow: nine hours\npublisher: 'Passpost'\npublished: 2024-01-09\n---", "Snow: nine hours", "Passpost", date(2024, 1, 9), ()),
        ("---\nheadline: Snow\npublisher: {name: Passpost}\nauthor: null\ndate: soon\n...", "Snow", "Passpost", None, ()),
        ("---\ntags: [a]\n---", None, None, None, ()),
    ],
    ids=["hugo", "words", "no-yaml", "dots", "tags"],
)  # fmt: skip
def test_what_front_matter_says(
    tmp_path: Path, front: str, title: str | None, source: str | None, day: date | None, authors: tuple[str, ...]
) -> None:
    found = article(tmp_path, f"{front}\n{TEXT}\n")
    assert (found.title, found.source, found.published, found.authors) == (title, source, day, authors)
    assert found.text == TEXT and found.published_how == ("stated in the front matter" if day else "")


def test_a_paragraph_between_two_rules_is_no_front_matter(tmp_path: Path) -> None:
    assert article(tmp_path, f"---\nThe mayor: he said: yes.\n---\n\n{TEXT}").text.startswith(
        "The mayor: he said: yes."
    )


def test_the_heading_is_the_title_where_nothing_else_says_one(tmp_path: Path) -> None:
    assert article(tmp_path, f"# Snow!\n\n{TEXT}").title == "Snow!"
    assert article(tmp_path, f"{TEXT}\n\n# Snow!\n\n{TEXT}").title is None


def test_lines_that_are_paragraphs_stay_apart_and_wrapped_ones_are_joined(tmp_path: Path) -> None:
    long = (
        TEXT[:-1]
        + ", and many drivers waited for the whole of that time in the cold, without food and without any news."
    )
    assert article(tmp_path, f"{long}\n{TEXT}\n{long}").text.split("\n\n") == [long, TEXT, long]
    assert article(tmp_path, f"Snow closed the pass\nfor nine hours.  \n{TEXT}").text.split("\n\n") == [
        "Snow closed the pass for nine hours.", TEXT,
    ]  # fmt: skip
