"""The index: exact, incremental, consistent, and honest when it is damaged."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from conftest import write
from fakes import Words

from index.build import build
from index.errors import CollectionError, IndexBusy, IndexDamaged, IndexMissing
from index.search import search
from index.store.database import DATABASE
from index.store.sqlite import Store


def test_only_what_changed_is_embedded_again(tmp_path: Path, words: Words) -> None:
    folder = write(tmp_path / "in", a="The bridge was opened in May.", b="The tunnel was closed in June.")
    first = build(tmp_path / "ix", [folder], words)
    assert (first.added, first.embedded) == (2, 2)
    again = build(tmp_path / "ix", [folder], words)
    assert (again.unchanged, again.embedded) == (2, 0)
    write(folder, a="The bridge was opened in July.", c="A ferry sank near the coast.")
    (folder / "b.txt").unlink()
    report = build(tmp_path / "ix", [folder], words)
    assert (report.added, report.updated, report.dropped, report.embedded) == (1, 1, 1, 2)
    opened = Store(tmp_path / "ix", words)
    texts = " ".join(a.text for a in opened.articles())
    assert "July" in texts and "tunnel" not in texts and "May" not in texts
    assert not any("tunnel" in h.chunk.text for h in search(opened, words, "tunnel closed", 5))


def test_wire_copies_are_shown_once_with_all_their_articles(tmp_path: Path, words: Words) -> None:
    wire = "The dam above the village broke on Friday night and flooded forty houses, officials in the valley said."
    folder = write(
        tmp_path / "in", one=wire, two=wire + " It rained.", three="The election was won by the green party."
    )
    build(tmp_path / "ix", [folder], words)
    hits = search(Store(tmp_path / "ix", words), words, "dam flood", 5)
    flood = [h for h in hits if "dam" in h.chunk.text]
    assert len(flood) == 1
    assert {flood[0].article.id, *(a.id for _, a in flood[0].copies)} == {"one", "two"}


@pytest.mark.parametrize(
    "asked", ["What was Bitcoin's record?", "what was bitcoin’s record", "What was the record of Bitcoin?"]
)
def test_a_name_is_found_whatever_its_case(tmp_path: Path, words: Words, asked: str) -> None:
    folder = write(tmp_path / "in", a="The currency bitcoin fell on Monday.", b="Gas prices rose to a record.")
    build(tmp_path / "ix", [folder], words)
    found = {h.article.id: h.bm25 for h in search(Store(tmp_path / "ix", words), words, asked, 5)}
    assert found["a"] and found["b"], "full text has a word of each"


def test_a_replaced_index_is_followed_without_reopening(tmp_path: Path, words: Words) -> None:
    folder = write(tmp_path / "in", a="The bridge was opened in May.")
    build(tmp_path / "ix", [folder], words)
    opened = Store(tmp_path / "ix", words)
    assert len(search(opened, words, "comet", 5)) == 1
    write(folder, b="A comet was seen over the lake.")
    build(tmp_path / "ix", [folder], words)
    assert "comet" in search(opened, words, "comet", 5)[0].chunk.text


@pytest.mark.parametrize("harm", ["truncate", "empty", "flip", "missing", "swap", "sqlite"])
def test_damage_is_one_sentence_never_a_wrong_answer(tmp_path: Path, words: Words, harm: str) -> None:
    for name, text in (("one", "The bridge was opened in May."), ("two", "A comet was seen over the lake.")):
        build(tmp_path / f"ix-{name}", [write(tmp_path / name, a=text, b=text + " It was cold.")], words)
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
        search(Store(tmp_path / "ix-one", words), words, "bridge", 1)
    build(tmp_path / "ix-one", [tmp_path / "one"], words, rebuild=True)
    assert search(Store(tmp_path / "ix-one", words), words, "bridge", 1)


def test_an_altered_article_is_noticed(tmp_path: Path, words: Words) -> None:
    build(tmp_path / "ix", [write(tmp_path / "in", a="The bridge was opened in May.")], words)
    db = sqlite3.connect(tmp_path / "ix" / DATABASE)
    db.execute("UPDATE articles SET data = replace(data, 'May', 'Mai')")
    db.commit()
    db.close()
    with pytest.raises(IndexDamaged):
        Store(tmp_path / "ix", words).articles()


def test_another_embedding_model_is_refused(tmp_path: Path, words: Words) -> None:
    build(tmp_path / "ix", [write(tmp_path / "in", a="The bridge was opened in May.")], words)
    with pytest.raises(IndexDamaged, match=r"built with words, but other-model"):
        Store(tmp_path / "ix", Words("other-model"))


def test_missing_and_empty(tmp_path: Path, words: Words) -> None:
    with pytest.raises(IndexMissing):
        Store(tmp_path / "nowhere")
    (tmp_path / "none").mkdir()
    with pytest.raises(CollectionError, match="no article"):
        build(tmp_path / "ix", [tmp_path / "none"], words)
    with pytest.raises(CollectionError, match="no folder"):
        build(tmp_path / "ix", [tmp_path / "nowhere"], words)
    assert not (tmp_path / "ix").exists(), "nothing half made"


def test_one_writer_at_a_time(tmp_path: Path, words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    import filelock

    folder = write(tmp_path / "in", a="The bridge was opened in May.")
    build(tmp_path / "ix", [folder], words)
    acquire, waits = filelock.FileLock.acquire, []

    def impatient(self: filelock.FileLock, timeout: float) -> object:
        waits.append(timeout)
        return acquire(self, timeout=timeout / 100)

    with filelock.FileLock(str(tmp_path / "ix" / "write.lock")), monkeypatch.context() as patch:
        patch.setattr(filelock.FileLock, "acquire", impatient)
        with pytest.raises(IndexBusy):
            build(tmp_path / "ix", [folder], words)
    assert waits == [5], "another writer is waited for, but not for long"
    assert build(tmp_path / "ix", [folder], words).unchanged == 1, "it is free again"


def test_a_disk_that_fills_is_a_sentence_and_leaves_the_old_index(
    tmp_path: Path, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.errors import RagError
    from index.store import writer as module

    folder = write(tmp_path / "in", a="The bridge was opened in May.")
    build(tmp_path / "ix", [folder], words)
    write(folder, **{f"n{n}": f"Report {n} on the tunnel. " * 60 for n in range(20)})
    real = module.connect

    def small(path: Path) -> sqlite3.Connection:
        db = real(path)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages + 2}")
        return db

    monkeypatch.setattr(module, "connect", small)
    with pytest.raises(RagError, match="is full"):
        build(tmp_path / "ix", [folder], words)
    monkeypatch.undo()
    assert [a.id for a in Store(tmp_path / "ix", words).articles()] == ["a"]


def test_only_the_newest_articles_are_read_where_that_is_asked_for(tmp_path: Path, words: Words) -> None:
    folder = write(
        tmp_path / "in",
        a="Published: 2 May 2023\n\nThe harbour opened again after the storm.",
        b="Published: 9 May 2023\n\nThe ferry Aurora sank near the island of Utö.",
        c="A text that nobody has dated speaks of bees and of honey.",
    )
    build(tmp_path / "ix", [folder], words)
    opened = Store(tmp_path / "ix", words)
    assert [a.id for a in opened.articles()] == ["a", "b", "c"]
    assert [a.id for a in opened.articles(newest=1)] == ["b"]
    assert [a.id for a in opened.articles(newest=2)] == ["a", "b"]
