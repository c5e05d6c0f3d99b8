"""Large indexes: the kind of file follows from the size, changes are quick, searches find the same."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
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
from index.store import replace as place
from index.store import vectors
from index.store import writer as writing
from index.store.repair import repair
from index.store.sqlite import Store, base_of
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


def test_the_kind_of_file_follows_from_the_size() -> None:
    assert vectors.kind_for(vectors.FLAT_UP_TO) == "flat"
    assert vectors.kind_for(1_000_000) == "ivf4096,sq8"
    base = vectors.Base("v", "", "flat", 40_000, 40_000)
    assert vectors.is_due(None, 10, 10, 0)
    assert vectors.is_due(base, 1_000, 0, 0), "a small index is written anew each time"
    assert not vectors.is_due(base, 40_000, 1_999, 1_999)
    assert vectors.is_due(base, 42_001, 2_101, 0) and vectors.is_due(base, 40_000, 0, 2_001)
    assert vectors.is_due(base, 60_000, 20, 0), "another kind is due"


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


def test_common_words_do_not_make_a_search_slow_and_rare_ones_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.store import sqlite as module

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


@pytest.mark.parametrize("kept", ["format-1", "format-2"])
def test_an_index_of_any_format_is_read_and_written_on(tmp_path: Path, embedder, kept: str) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "ix"
    shutil.copytree(Path(__file__).parents[1] / "fixtures" / kept, folder)
    old = Store(folder, embedder)
    assert search(old, embedder, "When did the harbour open again?", 1)[0].article.id == "harbour"
    write(folder, [article("ferry", "The ferry Aurora sank off Turku.")], embedder, drop=[])
    assert search(old, embedder, "Where did the ferry sink?", 1)[0].article.id == "ferry"
    assert search(old, embedder, "When did the harbour open again?", 1)[0].article.id == "harbour"
    assert old.meta["format"] == "2"


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
