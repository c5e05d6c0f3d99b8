"""Large indexes: changes are quick, searches find the same, and damage is seen."""

from __future__ import annotations

import os
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval import scale
from index.errors import IndexDamaged
from index.search import search
from index.store import replace as place
from index.store import vectors
from index.store import writer as writing
from index.store.database import base_of
from index.store.repair import repair
from index.store.sqlite import Store
from index.store.writer import write
from index.types import Article

REAL = np.random.default_rng(3).standard_normal((40, 64)).astype(np.float32)


def article(name: str, text: str) -> Article:
    return Article(name, None, "Paper", None, "", None, (), text)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large is small here."""
    monkeypatch.setattr(vectors, "FLAT_UP_TO", 500)
    monkeypatch.setattr(vectors, "SMALL", 100)
    monkeypatch.setattr(vectors, "_PROBED", 0.5)


def test_a_large_index_is_changed_without_being_written_anew(tmp_path: Path, small: None) -> None:
    embedder = scale.Mixed(REAL)
    articles = list(scale.made_up(900))
    write(tmp_path, articles, embedder)
    reader = Store(tmp_path)
    assert reader.meta["kind"].startswith("ivf") and int(reader.meta["chunks"]) >= 800
    file = next(tmp_path.glob("vectors-*.faiss"))
    queries = scale._queries(reader, embedder)
    assert scale._recall(reader, embedder, queries) >= 0.9

    ferry = "The ferry Aurora sank off Turku."
    write(tmp_path, [article("ferry", ferry)], embedder, drop=[])
    assert file.exists(), "the file stands"
    embedder.asked["ferry Aurora"] = embedder.passages([f"{ferry}"])[0]
    found = search(reader, embedder, "ferry Aurora", 3)
    assert found[0].article.id == "ferry" and reader.article("ferry").text == ferry

    # What is gone stands in the file still, and is never found.
    with reader.snapshot():
        nearest = reader.nearest(embedder.asked[queries[0]], 10)
        gone = {reader.chunk(row).article_id for row, _ in nearest}
    write(tmp_path, [], embedder, drop=[*sorted(gone)[:3], "ferry"])
    assert file.exists()
    with reader.snapshot():
        left = reader.nearest(embedder.asked[queries[0]], 10)
        assert len(left) == 10
        assert {reader.chunk(row).article_id for row, _ in left}.isdisjoint(sorted(gone)[:3])
    assert all(hit.article.id != "ferry" for hit in search(reader, embedder, "ferry Aurora", 10))

    more = [replace(a, id=f"more-{a.id}", text=a.text + " Once more.") for a in articles[:20]]
    write(tmp_path, more, embedder, drop=[])
    settle()
    assert not file.exists() and len(list(tmp_path.glob("vectors-*.faiss"))) == 1, "a new file was due"
    assert scale._recall(reader, embedder, queries) >= 0.9
    with reader.snapshot():
        only = [row for row, _ in reader.nearest(embedder.asked[queries[0]], 10)][3:5]
        within = np.zeros(2_000, bool)
        assert reader.nearest(embedder.asked[queries[0]], 10, within) == []
        within[only] = True
        assert {row for row, _ in reader.nearest(embedder.asked[queries[0]], 10, within)} == set(only)


def test_a_large_index_that_was_damaged_says_so(tmp_path: Path, small: None) -> None:
    write(tmp_path, list(scale.made_up(900)), scale.Mixed(REAL))
    file = next(tmp_path.glob("vectors-*.faiss"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(IndexDamaged, match=file.name):
        Store(tmp_path)
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(IndexDamaged, match=file.name):
        Store(tmp_path)
    file.unlink()
    with pytest.raises(IndexDamaged, match="missing"):
        Store(tmp_path)


def test_a_rebuild_that_was_cut_short_at_its_end_does_not_touch_the_file_in_use(
    tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder, articles = scale.Mixed(REAL), list(scale.made_up(400))
    write(tmp_path, articles[:1], embedder)
    with monkeypatch.context() as patch:
        patch.setattr(place.shutil, "rmtree", lambda *_, **__: None)  # as if it was killed before
        write(tmp_path, articles, embedder, rebuild=True)
    file = next(tmp_path.glob("vectors-*"))
    with file.open("rb") as used:
        before = used.read()
        write(tmp_path, articles, embedder, rebuild=True)
        used.seek(0)
        assert used.read() == before and os.fstat(used.fileno()).st_size == len(before)
        assert file.stat().st_ino != os.fstat(used.fileno()).st_ino, "it is another file under the name"
    assert len(Store(tmp_path, embedder).articles()) == len(articles) and not list(tmp_path.glob("*.part"))


def test_a_repair_of_a_large_index_holds_its_vectors_against_the_file(tmp_path: Path, small: None) -> None:
    embedder, rng = scale.Mixed(REAL), np.random.default_rng(1)
    write(tmp_path, list(scale.made_up(900)), embedder)
    with sqlite3.connect(tmp_path / "index.sqlite") as db:
        db.execute("DELETE FROM meta WHERE key = 'digest'")
        keys = [key for (key,) in db.execute("SELECT hash FROM vectors ORDER BY hash LIMIT 5")]
        for key in keys:
            other = rng.standard_normal(64)
            db.execute(
                "UPDATE vectors SET vector = ? WHERE hash = ?",
                ((other / np.linalg.norm(other)).astype(np.float32).tobytes(), key),
            )
    assert repair(tmp_path, embedder).embedded == 5


def test_a_limited_search_of_a_large_index_finds_what_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "FLAT_UP_TO", 500)
    embedder = scale.Mixed(REAL)
    write(tmp_path, list(scale.made_up(3000)), embedder)
    store = Store(tmp_path)
    query = embedder.passages(["a question"])[0]
    from index.store import sqlite as module

    for compared in (module.COMPARED, 0):
        monkeypatch.setattr(module, "COMPARED", compared)
        with store.snapshot():
            within = store.within("paper 3", None, None, None)
            assert within is not None
            allowed = np.flatnonzero(within).tolist()
            assert 0 < len(allowed) < 200
            best = sorted(store.cosines(query, allowed).items(), key=lambda hit: -hit[1])[:10]
            found = store.nearest(query, 10, within)
            assert len({row for row, _ in found} & {row for row, _ in best}) >= 9, compared
            assert set(store.full_text(["bridge", "report"], 60, within)) <= set(allowed)
            assert len(store.full_text(["report"], 60, within)) == 60


def test_what_is_gone_from_a_flat_file_is_never_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "SMALL", 100)
    embedder = scale.Mixed(REAL)
    articles = list(scale.made_up(900))
    write(tmp_path, articles, embedder)
    reader = Store(tmp_path)
    file = next(tmp_path.glob("vectors-*.faiss"))
    assert reader.meta["kind"] == "flat"
    gone = [a.id for a in articles[:3]]
    write(tmp_path, [], embedder, drop=gone)
    assert file.exists(), "the file stands, and has them still"
    for a in articles[:3]:
        embedder.asked[a.id] = embedder.passages([f"{a.title}\n{a.text.split(chr(10))[0]}"])[0]
        with reader.snapshot():
            found = reader.nearest(embedder.asked[a.id], 60)
            assert len(found) == 60 and {reader.chunk(row).article_id for row, _ in found}.isdisjoint(gone)


def test_a_new_file_is_made_beside_readers_and_writers(tmp_path: Path, small: None) -> None:
    embedder = scale.Mixed(REAL)
    write(tmp_path, list(scale.made_up(900)), embedder)
    reader = Store(tmp_path)
    old = reader.meta["base"]
    more = [article(f"more{n}", f"The ferry Aurora {n} sank off Turku.") for n in range(80)]
    write(tmp_path, more, embedder, drop=[])
    settle()
    assert reader.meta["base"] != old, "a new file was due, and came by itself"
    assert [f.name for f in tmp_path.glob("*.faiss")] == [base_of(reader.meta).name]
    assert base_of(reader.meta).rows == int(reader.meta["chunks"])
    with reader.snapshot():
        for text in ("The ferry Aurora 7 sank off Turku.", "The ferry Aurora 79 sank off Turku."):
            (row, cosine), *_ = reader.nearest(embedder.passages([f"Paper\n{text}"])[0], 3)
            assert reader.chunk(row).text == text and cosine == pytest.approx(1.0, abs=1e-5)


def test_what_is_written_while_a_new_file_is_made_is_kept(
    tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = scale.Mixed(REAL)
    write(tmp_path, list(scale.made_up(900)), embedder)
    makes = writing._new_base

    def meanwhile(*args: Any) -> vectors.Base:
        made = makes(*args)
        monkeypatch.setattr(writing, "_new_base", makes)
        write(tmp_path, [article("late", "The ferry Aurora sank off Turku.")], embedder, drop=["a3"])
        return made

    monkeypatch.setattr(writing, "_new_base", meanwhile)
    assert writing.renew(tmp_path)
    reader = Store(tmp_path)
    with reader.snapshot():
        (row, _), *_ = reader.nearest(embedder.passages(["Paper\nThe ferry Aurora sank off Turku."])[0], 3)
        assert reader.chunk(row).article_id == "late"
        monkeypatch.setattr(vectors, "_PROBED", 1.0)
        everything = reader.nearest(embedder.passages(["x"])[0], 2_000)
        assert len(everything) == int(reader.meta["chunks"])
        assert "a3" not in {reader.chunk(row).article_id for row, _ in everything}


def settle() -> None:
    """Wait for the files that are made behind."""
    for thread in threading.enumerate():
        if thread.name == "new vectors' file":
            thread.join()
