"""The index: exact, incremental, consistent, and honest when it is damaged."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from conftest import write

from index.build import build
from index.embedder import SentenceTransformerEmbedder
from index.errors import CollectionError, IndexBusy, IndexDamaged, IndexMissing, InputError
from index.search import search
from index.store.sqlite import DATABASE, Store
from rag.assistant import Rag

Embedder = SentenceTransformerEmbedder


def test_a_search_finds_by_meaning_and_by_word(store: Store, embedder: Embedder) -> None:
    found = search(store, embedder, "Western distrust of the vow to fight less around the capital", 3)
    assert any("skepticism" in h.chunk.text for h in found)
    hit = search(store, embedder, "Vereshchuk", 1)[0]
    assert "Vereshchuk" in hit.chunk.text and hit.bm25 is not None
    assert hit.article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted as Linux tells them")
def test_many_threads_that_embed_do_not_multiply_torchs_own(embedder: Embedder) -> None:
    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    embedder.query("The ferry sank.")
    before, all_there = threads(), threading.Barrier(16)
    with ThreadPoolExecutor(16) as pool:

        def ask(n: int) -> int:
            embedder.query(f"Where did ferry number {n} of the thread {time.monotonic_ns()} sink?")
            all_there.wait(60)
            return threads()

        assert max(pool.map(ask, range(16))) <= before + 18


def test_filters_hold(store: Store, embedder: Embedder) -> None:
    day = date(2022, 3, 21)
    assert {h.article.published for h in search(store, embedder, "talks", 20, after=day, before=day)} == {day}
    assert {h.article.source for h in search(store, embedder, "talks", 20, source="newsweek")} == {"Newsweek"}
    assert max(
        h.article.published
        for h in search(store, embedder, "talks", 40, as_of=date(2022, 3, 22))
        if h.article.published
    ) == date(2022, 3, 22)
    assert search(store, embedder, "talks", 5, after=date(2023, 1, 1)) == []
    with pytest.raises(InputError):
        search(store, embedder, " ", 5)


def test_only_what_changed_is_embedded_again(tmp_path: Path, embedder: Embedder) -> None:
    folder = write(tmp_path / "in", a="The bridge was opened in May.", b="The tunnel was closed in June.")
    first = build(tmp_path / "ix", [folder], embedder)
    assert (first.added, first.embedded) == (2, 2)
    again = build(tmp_path / "ix", [folder], embedder)
    assert (again.unchanged, again.embedded) == (2, 0)
    write(folder, a="The bridge was opened in July.", c="A ferry sank near the coast.")
    (folder / "b.txt").unlink()
    report = build(tmp_path / "ix", [folder], embedder)
    assert (report.added, report.updated, report.dropped, report.embedded) == (1, 1, 1, 2)
    opened = Store(tmp_path / "ix", embedder)
    texts = " ".join(a.text for a in opened.articles())
    assert "July" in texts and "tunnel" not in texts and "May" not in texts
    assert not any("tunnel" in h.chunk.text for h in search(opened, embedder, "tunnel closed", 5))


def test_wire_copies_are_shown_once_with_all_their_articles(tmp_path: Path, embedder: Embedder) -> None:
    wire = "The dam above the village broke on Friday night and flooded forty houses, officials in the valley said."
    folder = write(
        tmp_path / "in", one=wire, two=wire + " It rained.", three="The election was won by the green party."
    )
    build(tmp_path / "ix", [folder], embedder)
    hits = search(Store(tmp_path / "ix", embedder), embedder, "dam flood", 5)
    flood = [h for h in hits if "dam" in h.chunk.text]
    assert len(flood) == 1
    assert {flood[0].article.id, *(a.id for _, a in flood[0].copies)} == {"one", "two"}


def test_a_replaced_index_is_followed_without_reopening(tmp_path: Path, embedder: Embedder) -> None:
    folder = write(tmp_path / "in", a="The bridge was opened in May.")
    build(tmp_path / "ix", [folder], embedder)
    opened = Store(tmp_path / "ix", embedder)
    assert len(search(opened, embedder, "comet", 5)) == 1
    write(folder, b="A comet was seen over the lake.")
    build(tmp_path / "ix", [folder], embedder)
    assert "comet" in search(opened, embedder, "comet", 5)[0].chunk.text


@pytest.mark.parametrize("harm", ["truncate", "empty", "flip", "missing", "swap", "sqlite"])
def test_damage_is_one_sentence_never_a_wrong_answer(tmp_path: Path, embedder: Embedder, harm: str) -> None:
    for name, text in (("one", "The bridge was opened in May."), ("two", "A comet was seen over the lake.")):
        build(tmp_path / f"ix-{name}", [write(tmp_path / name, a=text, b=text + " It was cold.")], embedder)
    faiss = next((tmp_path / "ix-one").glob("vectors-*.faiss"))
    data = faiss.read_bytes()
    if harm == "truncate":
        faiss.write_bytes(data[:-40])
    elif harm == "empty":
        faiss.write_bytes(b"")
    elif harm == "flip":
        faiss.write_bytes(data[:-9] + bytes([data[-9] ^ 16]) + data[-8:])
    elif harm == "missing":
        faiss.unlink()
    elif harm == "swap":
        faiss.write_bytes(next((tmp_path / "ix-two").glob("vectors-*.faiss")).read_bytes())
    else:
        (tmp_path / "ix-one" / DATABASE).write_bytes(b"no database at all, not even close" * 50)
    with pytest.raises(IndexDamaged, match="rag index --repair"):
        search(Store(tmp_path / "ix-one", embedder), embedder, "bridge", 1)
    build(tmp_path / "ix-one", [tmp_path / "one"], embedder, rebuild=True)
    assert search(Store(tmp_path / "ix-one", embedder), embedder, "bridge", 1)


def test_an_altered_article_is_noticed(tmp_path: Path, embedder: Embedder) -> None:
    build(tmp_path / "ix", [write(tmp_path / "in", a="The bridge was opened in May.")], embedder)
    db = sqlite3.connect(tmp_path / "ix" / DATABASE)
    db.execute("UPDATE articles SET data = replace(data, 'May', 'Mai')")
    db.commit()
    db.close()
    with pytest.raises(IndexDamaged):
        Store(tmp_path / "ix", embedder).articles()


def test_another_embedding_model_is_refused(seeds_index: Path, embedder: Embedder) -> None:
    class Other:
        name, dim = "other-model", 384

    with pytest.raises(IndexDamaged, match=r"built with all-MiniLM-L6-v2, and other-model"):
        Store(seeds_index, Other())  # type: ignore[arg-type]


def test_missing_and_empty(tmp_path: Path, embedder: Embedder) -> None:
    with pytest.raises(IndexMissing):
        Store(tmp_path / "nowhere")
    (tmp_path / "none").mkdir()
    with pytest.raises(CollectionError, match="no article"):
        build(tmp_path / "ix", [tmp_path / "none"], embedder)
    with pytest.raises(CollectionError, match="no folder"):
        build(tmp_path / "ix", [tmp_path / "nowhere"], embedder)
    assert not (tmp_path / "ix").exists(), "nothing half made"


def test_one_writer_at_a_time(tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    import filelock

    folder = write(tmp_path / "in", a="The bridge was opened in May.")
    build(tmp_path / "ix", [folder], embedder)
    held = filelock.FileLock(str(tmp_path / "ix" / "write.lock"))
    with held, pytest.raises(IndexBusy):
        build(tmp_path / "ix", [folder], embedder)


def test_a_disk_that_fills_is_a_sentence_and_leaves_the_old_index(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.errors import RagError
    from index.store import writer as module

    folder = write(tmp_path / "in", a="The bridge was opened in May.")
    build(tmp_path / "ix", [folder], embedder)
    write(folder, **{f"n{n}": f"Report {n} on the tunnel. " * 60 for n in range(20)})
    real = module.connect

    def small(path: Path) -> sqlite3.Connection:
        db = real(path)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages + 2}")
        return db

    monkeypatch.setattr(module, "connect", small)
    with pytest.raises(RagError, match="is full"):
        build(tmp_path / "ix", [folder], embedder)
    monkeypatch.undo()
    assert [a.id for a in Store(tmp_path / "ix", embedder).articles()] == ["a"]


def test_vectors_of_a_question_are_remembered_and_the_same(embedder, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    texts = ["A short sentence.", "Another one, which is longer than the first.", "A short sentence."]
    first = embedder.passages(texts)
    monkeypatch.setattr(
        embedder, "_encode", lambda new, progress: pytest.fail(f"encoded again: {new}") if new else first[:0]
    )
    assert (embedder.passages(texts[::-1])[::-1] == first).all() and (first[0] == first[2]).all()
    assert embedder.passages([]).shape == (0, embedder.dim)


def test_only_the_newest_articles_are_read_where_that_is_asked_for(
    tmp_path: Path, embedder: SentenceTransformerEmbedder
) -> None:
    folder = write(
        tmp_path / "in",
        a="Published: 2 May 2023\n\nThe harbour opened again after the storm.",
        b="Published: 9 May 2023\n\nThe ferry Aurora sank near the island of Utö.",
        c="A text that nobody has dated speaks of bees and of honey.",
    )
    build(tmp_path / "ix", [folder], embedder)
    opened = Store(tmp_path / "ix", embedder)
    assert [a.id for a in opened.articles()] == ["a", "b", "c"]
    assert [a.id for a in opened.articles(newest=1)] == ["b"]
    assert [a.id for a in opened.articles(newest=2)] == ["a", "b"]


def test_rag_index_makes_an_index_that_opens(tmp_path: Path) -> None:
    write(tmp_path / "news", ferry="The ferry sank off Porto on Monday, the harbour master said.")
    report = Rag.index(tmp_path / "news", index=tmp_path / "index")
    assert (report.articles, report.added) == (1, 1)
    assert Rag.index(tmp_path / "news", index=tmp_path / "index").unchanged == 1, "brought up to date, not made anew"
    with Rag.open(tmp_path / "index", model="none") as opened:
        assert [a.id for a in opened.articles] == ["ferry"]
