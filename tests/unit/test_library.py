"""What the chat's page of articles does with the collection. No model is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import Words, news

from index import additions, edits
from index.build import build
from index.store.sqlite import Store
from ui.library import Library

NEWS = [("ferry", "Reuters", "2024-03-04", "The ferry Aurora sank off Turku.")]
DAY = date(2023, 1, 2)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    embedder, index = Words(), tmp_path / "ix"
    build(index, [news(tmp_path / "in", NEWS)], embedder)
    store = Store(index, vectors=False)
    loader: Any = SimpleNamespace(index=index, store=store, rag_now=lambda: SimpleNamespace(embedder=embedder))
    yield Library(loader)
    store.close()


def test_what_is_brought_back_has_what_was_set_of_it(library: Library, tmp_path: Path) -> None:
    index, store = tmp_path / "ix", library._loader.store
    additions.add_text(index, "Snow closed the pass.", Words(), title="Snow")
    edits.set_fields(index, "snow", Words(), source="Passpost", published=DAY)
    before = store.article("snow")
    assert "Removed “Snow”" in library.remove("snow") and "snow" not in store.ids()
    assert edits.read(index) == {}
    assert "error" not in library.bring_back("snow")
    assert store.article("snow") == before and before.published_how == "set by you"
    assert "can no longer be brought back" in library.bring_back("snow")
