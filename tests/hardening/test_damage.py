"""Every file of an index harmed in every way: never a wrong answer, and `rag index --repair` makes it whole."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SOAK, write

from index.additions import add_text
from index.build import build
from index.embedder import Embedder
from index.errors import CollectionError, IndexDamaged, RagError
from index.search import search
from index.store.database import DATABASE
from index.store.repair import examine, repair
from index.store.sqlite import Store
from rag import cli
from rag.config import seeds

QUERIES = ("How long did the talks in Istanbul last?", "Medinsky", "Who spoke of security guarantees?")
Found = list[list[tuple[str, str, float]]]


def found(folder: Path, embedder: Embedder) -> Found:
    store = Store(folder, embedder)
    try:
        return [
            [(h.chunk.id, h.chunk.text, round(h.score, 5)) for h in search(store, embedder, query, 8)]
            for query in QUERIES
        ]
    finally:
        store.close()


@pytest.fixture(scope="module")
def whole(seeds_index: Path, embedder: Embedder) -> Found:
    return found(seeds_index, embedder)


@pytest.fixture
def index(tmp_path: Path, seeds_index: Path) -> Path:
    return copy(seeds_index, tmp_path / "ix")


def copy(index: Path, to: Path) -> Path:
    with sqlite3.connect(index / DATABASE) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(shutil.copytree(index, to, ignore=shutil.ignore_patterns("*-wal", "*-shm")))


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def flip(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def blank(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes(min(4096, len(data) - at)) + data[at + 4096 :]


@pytest.mark.parametrize("name", [DATABASE, "vectors"])
@pytest.mark.parametrize("harm", [cut, flip, blank])
def test_a_harmed_file_gives_what_was_written_or_a_sentence(
    index: Path, whole: Found, embedder: Embedder, name: str, harm: Callable[[bytes, random.Random], bytes]
) -> None:
    file = index / name if name == DATABASE else next(index.glob(f"{name}*"))
    data = file.read_bytes()
    told, changed, beside = 0, 0, index.with_name("mended")
    for n in range(400 if SOAK else 12):
        harmed = harm(data, random.Random(n))
        changed += harmed != data
        file.write_bytes(harmed)
        try:
            assert found(index, embedder) == whole, f"{harm.__name__} {n}"
        except IndexDamaged as error:
            told += 1
            assert file.name in str(error) and "rag index --repair" in str(error)
            assert examine(index), f"{harm.__name__} {n} is found by rag doctor"
            if told % 5 == 1:
                shutil.copytree(index, beside)
                repair(beside, embedder, [seeds()])
                assert found(beside, embedder) == whole, f"{harm.__name__} {n} repaired"
                shutil.rmtree(beside)
        finally:
            for log in index.glob(f"{DATABASE}-*"):
                log.unlink()
    # A bit in a page that is not used may be any; most are told.
    assert told >= (1 if harm is flip and name == DATABASE else 6)
    if name == "vectors":
        assert told == changed


@pytest.mark.parametrize("harm", ["empty", "gone", "another's", "cut", "flipped"])
def test_a_repair_embeds_nothing_where_the_vectors_file_is_lost(
    index: Path, whole: Found, embedder: Embedder, tmp_path: Path, harm: str
) -> None:
    file = next(index.glob("vectors-*"))
    if harm == "gone":
        file.unlink()
    elif harm == "another's":
        build(tmp_path / "other", [write(tmp_path / "in", a="A comet was seen.")], embedder)
        file.write_bytes(next((tmp_path / "other").glob("vectors-*")).read_bytes())
    else:
        data = file.read_bytes()
        file.write_bytes({"empty": b"", "cut": data[:-9], "flipped": flip(data, random.Random(1))}[harm])
    with pytest.raises(IndexDamaged, match=r"vectors-\S+\.faiss.* Repair it: rag index --repair"):
        found(index, embedder)
    done = repair(index, embedder)
    assert (done.articles, done.kept, done.embedded) == (5, 5, 0)
    assert found(index, embedder) == whole and examine(index) == []


@pytest.mark.parametrize(
    ("lost", "kept", "embedded"),
    [
        ("UPDATE articles SET data = CAST(data AS BLOB) WHERE rowid = 2", 4, 0),
        ("UPDATE articles SET data = replace(data, 'Istanbul', 'Instanbul') WHERE rowid = 2", 4, 0),
        ("DELETE FROM articles WHERE rowid = 3", 4, 0),
        ("UPDATE chunks SET stop = stop - 4 WHERE row = 9", 5, 0),
        ("DELETE FROM chunks WHERE row > 30", 5, 0),
        ("UPDATE vectors SET vector = zeroblob(1536) WHERE rowid IN (3, 5)", 5, 2),
        ("UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE rowid = 4) WHERE rowid = 6", 5, 1),
        ("DELETE FROM vectors WHERE rowid = 7", 5, 1),
        ("DELETE FROM full_text_data WHERE id > 10", 5, 0),
        ("DELETE FROM full_text WHERE rowid = 8", 5, 0),
        ("UPDATE meta SET value = '7' WHERE key = 'generation'", 5, 0),
        ("DELETE FROM meta WHERE key = 'base'", 5, 36),  # then nothing proves the vectors
        ("DROP TABLE chunks", 5, 0),
    ],
)
def test_a_repair_makes_again_only_what_is_lost(
    index: Path, whole: Found, embedder: Embedder, lost: str, kept: int, embedded: int
) -> None:
    reader = Store(index, embedder)
    with sqlite3.connect(index / DATABASE) as db:
        db.execute(lost)
    with pytest.raises(IndexDamaged, match=DATABASE):
        found(index, embedder)
    assert examine(index)
    done = repair(index, embedder)
    assert (done.articles, done.kept, done.embedded) == (5, kept, embedded)
    assert found(index, embedder) == whole and examine(index) == []
    assert len(search(reader, embedder, "Medinsky", 3)) == 3, "whoever had it open follows"
    assert build(index, [seeds()], embedder).unchanged == 5, "and it is written on as any other"


@pytest.mark.parametrize("harm", ["empty", "gone", "another's"])
def test_a_database_that_is_lost_is_a_sentence_and_repaired(
    index: Path, whole: Found, embedder: Embedder, tmp_path: Path, harm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = index / DATABASE
    if harm == "another's":
        build(tmp_path / "other", [write(tmp_path / "in", a="A comet was seen.")], embedder)
        shutil.copyfile(copy(tmp_path / "other", tmp_path / "copied") / DATABASE, file)
    else:
        file.write_bytes(b"") if harm == "empty" else file.unlink()
    with pytest.raises(IndexDamaged, match=r"(index\.sqlite|vectors-\S+) is .* rag index --repair"):
        found(index, embedder)
    assert cli.main(["doctor", "--index", str(index)]) == 1
    assert "rag index --repair" in capsys.readouterr().out
    assert cli.main(["index", "--if-missing", "--index", str(index)]) == 0, "a lost one is not taken for none"
    if harm != "another's":
        with pytest.raises(CollectionError, match="rag index --rebuild FOLDER"):
            repair(index, embedder)
        assert cli.main(["index", "--rebuild", "--index", str(index)]) == 1
        assert "rag index --rebuild FOLDER" in capsys.readouterr().err, "nobody asked for the seeds"
        repair(index, embedder, [seeds()])
        assert found(index, embedder) == whole and examine(index) == []


def test_a_database_that_is_none_is_made_again_from_its_folders(index: Path, whole: Found, embedder: Embedder) -> None:
    add_text(index, "A comet was seen over the lake by the harbour master.", embedder, title="Comet")
    (index / DATABASE).write_bytes(b"not a database" * 400)
    for beside in index.glob(f"{DATABASE}-*"):
        beside.unlink()
    done = repair(index, embedder, [seeds()])
    assert (done.articles, done.kept) == (6, 0), "also the article that was added"
    assert Store(index, embedder).article("comet").text.startswith("A comet")


def test_where_nothing_is_left_that_is_said(index: Path, embedder: Embedder) -> None:
    (index / DATABASE).write_bytes(b"")
    with pytest.raises(CollectionError, match="rag index --rebuild FOLDER"):
        repair(index, embedder)


def test_an_old_log_beside_the_database_is_no_wrong_answer(index: Path, whole: Found, embedder: Embedder) -> None:
    """The log of another moment, or of another index: SQLite takes no frame of it, or the digest tells."""
    reader = Store(index, embedder)  # keeps the log there
    add_text(index, "A comet was seen over the lake by the harbour master.", embedder, title="Comet")
    log = (index / f"{DATABASE}-wal").read_bytes()
    reader.close()
    Store(index, embedder).close()
    for n in range(6):
        (index / f"{DATABASE}-wal").write_bytes(flip(log, random.Random(n)) if n else log)
        try:
            assert found(index, embedder)[1][0] == whole[1][0]
        except RagError as error:
            assert "rag index" in str(error)


def test_what_is_wrong_with_meta_is_a_sentence(index: Path, embedder: Embedder) -> None:
    for change in ("generation = 'x'", "base = '{'", "dim = 'many'", "chunks = 'all'"):
        key, value = change.split(" = ")
        with sqlite3.connect(index / DATABASE) as db:
            before = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0]
            db.execute("UPDATE meta SET value = ? WHERE key = ?", (json.loads(value.replace("'", '"')), key))
        with pytest.raises(IndexDamaged, match="rag index --repair"):
            found(index, embedder)
        with sqlite3.connect(index / DATABASE) as db:
            db.execute("UPDATE meta SET value = ? WHERE key = ?", (before, key))
    assert found(index, embedder)
