"""The places that most articles name, each by one name. The parser that comes with the program is loaded."""

from __future__ import annotations

from pathlib import Path

from fakes import Words, news

from index.build import build
from index.store.sqlite import Store
from rag.places import Location, _is_people, places

NEWS = [
    ("a", "Reuters", "2024-03-04", "HELSINKI (Reuters) - The mayor of Helsinki met the president of France in Paris."),
    ("b", "Reuters", "2024-03-05", "A ferry sailed from Helsinki to Germany. Officials in the United States said so."),
    ("c", "BBC", "2024-03-06", "Germany's chancellor flew to Tokyo after talks in Helsinki with a U.S. envoy."),
]


def test_most_articles_name_them_and_one_alone_does_not_count(tmp_path: Path) -> None:
    build(tmp_path / "ix", [news(tmp_path / "in", NEWS)], Words())
    store = Store(tmp_path / "ix", vectors=False)
    found = places(store, 5)
    assert found[0] == Location("Helsinki", 3)
    assert sorted(found[1:], key=lambda p: p.name) == [Location("Germany", 2), Location("United States", 2)]
    assert _is_people("Ukrainian", ["Ukraine"]) and not _is_people("Japan", ["Jakarta", "Japan"])
    assert places(store, 1) == found[:1] and places(store, 5, lambda: True) == []
    store.close()
