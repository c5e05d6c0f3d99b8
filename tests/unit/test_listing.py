"""Looking through an index without a search."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fakes import Words, news

from index.build import build
from index.errors import InputError
from index.store import listing
from index.store.listing import Source
from index.store.sqlite import Store

NEWS = [
    ("old", "www.cnn.com", "2024-01-05", "Snow closed the harbour."),
    ("mid", "CNN.com", "2024-03-04", "The ferry sank off Turku."),
    ("new", "BBC", "2024-05-02", "The bridge at Oulu was opened."),
    ("none", "BBC", "", "An undated report of trams."),
]


@pytest.fixture
def store(tmp_path: Path, words: Words) -> Store:
    build(tmp_path / "ix", [news(tmp_path / "in", NEWS)], words)
    return Store(tmp_path / "ix", vectors=False)


def ids(page: listing.Page) -> list[str]:
    return [article.id for article in page.articles]


def test_pages_follow_one_another_and_know_the_whole(store: Store) -> None:
    seen = [listing.page(store, offset, 3) for offset in (0, 3, 6)]
    assert [ids(page) for page in seen] == [["old", "mid", "new"], ["none"], []]
    assert {page.total for page in seen} == {4}
    assert ids(listing.page(store, 0, 9, newest_first=True)) == ["new", "mid", "old", "none"]


def test_a_page_keeps_to_a_source_in_any_spelling_and_to_days(store: Store) -> None:
    assert ids(listing.page(store, 0, 9, source="cnn.com")) == ["old", "mid"]
    cut = listing.page(store, 0, 9, after=date(2024, 3, 4), before=date(2024, 5, 1))
    assert (ids(cut), cut.total) == (["mid"], 1)
    assert ids(listing.page(store, 0, 9, source="BBC", before=date(2030, 1, 1))) == ["new"]
    with pytest.raises(InputError, match="No article has the source 'X'"):
        listing.page(store, 0, 9, source="X")
    with pytest.raises(InputError, match="later than before"):
        listing.page(store, 0, 9, after=date(2024, 3, 4), before=date(2024, 3, 3))


def test_sources_have_their_spellings_together_and_their_days(store: Store) -> None:
    assert listing.sources(store) == [
        Source("BBC", 2, date(2024, 5, 2), date(2024, 5, 2)),
        Source("CNN.com", 2, date(2024, 1, 5), date(2024, 3, 4)),
    ]
