"""What an index is written and read as: `tests/hardening/test_large_index.py` has large ones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval import scale
from index.errors import IndexDamaged, InputError
from index.search import search
from index.store import vectors
from index.store import writer as writing
from index.store.sqlite import Store
from index.store.writer import write
from index.types import Article

REAL = np.random.default_rng(3).standard_normal((40, 64)).astype(np.float32)


def article(name: str, text: str) -> Article:
    return Article(name, None, "Paper", None, "", None, (), text)


def test_the_kind_of_file_follows_from_the_size() -> None:
    assert vectors.kind_for(vectors.FLAT_UP_TO) == "flat"
    assert vectors.kind_for(1_000_000) == "ivf4096,sq8"
    base = vectors.Base("v", "", "flat", 40_000, 40_000)
    assert vectors.is_due(None, 10, 10, 0)
    assert vectors.is_due(base, 1_000, 0, 0), "a small index is written anew each time"
    assert not vectors.is_due(base, 40_000, 1_999, 1_999)
    assert vectors.is_due(base, 42_001, 2_101, 0) and vectors.is_due(base, 40_000, 0, 2_001)
    assert vectors.is_due(base, 60_000, 20, 0), "another kind is due"


def test_common_words_do_not_make_a_search_slow_and_rare_ones_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.store import full_text as module

    embedder = scale.Mixed(REAL)
    texts = {f"t{n}": f"The talks of day {n} in the harbour." for n in range(60)}
    write(
        tmp_path, [article(name, text) for name, text in texts.items()] + [article("z", "The Brenner talks.")], embedder
    )
    store = Store(tmp_path)
    with store.snapshot():
        assert set(store.full_text(["talks", "brenner"], 100)) == set(range(1, 62))
    monkeypatch.setattr(module, "RANKED", 50)
    with store.snapshot():
        (row,) = store.full_text(["talks", "brenner"], 1)
        assert store.chunk(row).article_id == "z"
        assert len(store.full_text(["zelenskii", "talks", "harbour"], 10)) == 10, (
            "a word that nobody wrote changes nothing"
        )
        both = store.full_text(["talks", "harbour"], 10)
    assert len(both) == 10 and max(both) == 60, "where all words are common, the newest chunks that have all of them"


@pytest.mark.parametrize("stated", ["0", "3", "x"])
def test_a_format_that_is_not_known_is_refused_with_the_command(tmp_path: Path, stated: str) -> None:
    embedder = scale.Mixed(REAL)
    write(tmp_path, [article("a", "The bridge was opened.")], embedder)
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'format'", (stated,))
        db.commit()
    for opens in (lambda: Store(tmp_path), lambda: write(tmp_path, [], embedder)):
        with pytest.raises(
            IndexDamaged, match=f"has format {stated}; this program reads 1 and 2. .*rag index --rebuild"
        ):
            opens()


def test_an_interrupted_rebuild_leaves_the_old_index_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = scale.Mixed(REAL)
    write(tmp_path, [article("a", "The bridge was opened.")], embedder)
    reader, new = Store(tmp_path), [article("b", "The ferry sank."), article("c", "The bridge fell.")]
    with monkeypatch.context() as patch:
        patch.setattr(writing, "replace_index", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, new, embedder, rebuild=True)
    assert [a.id for a in reader.articles()] == ["a"] == [a.id for a in Store(tmp_path).articles()]
    assert write(tmp_path, new, embedder, rebuild=True).embedded == 0
    assert [a.id for a in reader.articles()] == ["b", "c"]
    assert write(tmp_path, new, embedder, rebuild=True).embedded == 2, "nothing of the old one is used"


def test_a_reader_never_searches_the_vectors_of_another_model(tmp_path: Path) -> None:
    embedder, other = scale.Mixed(REAL), scale.Mixed(REAL)
    write(tmp_path, [article("a", "The bridge was opened.")], embedder)
    reader = Store(tmp_path, embedder)
    other.name = "another"
    write(tmp_path, [article("a", "The bridge was opened.")], other, rebuild=True)
    with pytest.raises(IndexDamaged, match="was built with another"):
        reader.articles()


def test_what_stays_in_a_changed_article_keeps_its_vectors(tmp_path: Path) -> None:
    embedder = scale.Mixed(REAL)
    one, other = list(scale.made_up(20))[:2]
    write(tmp_path, [one, other], embedder)
    for changed in (
        replace(one, url="https://news.example/1"),
        replace(one, text=one.text + "\n\nOne more line of it."),
    ):
        write(tmp_path, [changed, other], embedder)
        store = Store(tmp_path)
        with store.snapshot() as db:
            bare = "SELECT count(*) FROM chunks WHERE hash NOT IN (SELECT hash FROM vectors)"
            assert db.execute(bare).fetchone() == (0,)
        embedder.asked["bridge"] = embedder.passages(["bridge"])[0]
        assert search(store, embedder, "bridge", 30)


def test_an_open_reader_sees_an_index_that_was_made_anew(tmp_path: Path) -> None:
    embedder = scale.Mixed(REAL)
    write(tmp_path, [article("a", "The bridge was opened.")], embedder)
    reader = Store(tmp_path)
    write(tmp_path, [article("b", "The ferry sank.")], embedder, rebuild=True)
    assert [a.id for a in reader.articles()] == ["b"]


def test_a_source_is_named_in_any_case(tmp_path: Path) -> None:
    embedder = scale.Mixed(REAL)
    write(tmp_path, [replace(article("a", "The bridge was opened."), source="ÖSTERREICH Heute")], embedder)
    embedder.asked["bridge"] = embedder.passages(["bridge"])[0]
    assert search(Store(tmp_path), embedder, "bridge", 3, source="Österreich heute")


def test_limits_follow_what_is_added_changed_and_made_anew(tmp_path: Path) -> None:
    embedder = scale.Mixed(REAL)
    first = replace(article("a", "The bridge was opened."), source="Póst", published=date(2024, 3, 1))
    write(tmp_path, [first, replace(first, id="b", published=None), article("c", "The bridge was shut.")], embedder)
    store = Store(tmp_path)
    embedder.asked["bridge"] = embedder.passages(["bridge"])[0]

    def found(**limits: Any) -> set[str]:
        return {hit.article.id for hit in search(store, embedder, "bridge", 10, **limits)} | {
            article.id for hit in search(store, embedder, "bridge", 10, **limits) for _, article in hit.copies
        }

    day = date(2024, 3, 1)
    assert found(source="PÓST") == {"a", "b"} and found(source="paper") == {"c"}
    assert found(source="www.Paper") == {"c"}, "a leading www. makes no other source"
    with pytest.raises(InputError, match=r"'nobody'\. The sources are: Paper, Póst\."):
        found(source="nobody")
    assert found(after=day) == {"a"} and found(before=day) == {"a"} and found(before=date(2024, 2, 29)) == set()
    assert found(as_of=date(2024, 2, 29)) == {"b", "c"} and found(as_of=day) == {"a", "b", "c"}
    write(tmp_path, [replace(first, published=date(2024, 3, 9))], embedder, drop=[])
    assert found(before=day) == set() and found(after=date(2024, 3, 9)) == {"a"}
    write(tmp_path, [replace(first, id="z", source="Paper")], embedder, rebuild=True)
    assert found(source="paper") == {"z"} and found(before=day) == {"z"}
