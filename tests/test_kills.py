"""Killed, out of disk, failed writes: an index is its old state or its new one, and nothing done is done twice."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SOAK, write

from index.embedder import SentenceTransformerEmbedder
from index.errors import IndexMissing
from index.search import search
from index.store import DATABASE, Store

ARTICLES = 500 if SOAK else 60
KILLS = 67 if SOAK else 4  # of each kind
PLACES = "bridge harbour tunnel museum school ferry market library station orchard".split()


class Indexer:
    """The process of `tests/indexer.py`."""

    def __init__(self, model: Path, **env: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "indexer.py"), str(model)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **env},
        )  # fmt: skip
        assert self._process.stdout and self._process.stdout.readline() == "ready\n"

    def run(self, index: Path, folder: Path, **job: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"index": str(index), "folder": str(folder), **job}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)


@pytest.fixture(scope="module")
def indexer(embedder: SentenceTransformerEmbedder) -> Iterator[Indexer]:
    made = Indexer(embedder._folder)
    yield made
    made.close()


def articles(count: int, version: int = 1) -> dict[str, str]:
    return {
        f"a{n:03}": f"The {PLACES[n % 10]} number {n} was opened by the mayor. Version {version} of this report says that "
        f"{n + version} people came."
        for n in range(count)
    }


def state(index: Path, embedder: SentenceTransformerEmbedder) -> dict[str, str]:
    """The articles there are, once it is clear that the index opens, is whole and answers from them."""
    store = Store(index, embedder)
    with closing(store):
        with store.snapshot() as db:
            assert db.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            there = {a.id: " ".join(a.text.split()) for a in store.articles()}
            best = search(store, embedder, "Who opened the harbour number 21?", 1)[0]
        assert best.article.id == "a021" and best.chunk.text in there["a021"]
        return there


def vectors(index: Path) -> int:
    """Chunks whose vector is kept already."""
    if not (index / DATABASE).exists():
        return 0
    with closing(sqlite3.connect(index / DATABASE)) as db:
        try:
            return int(db.execute("SELECT count(*) FROM vectors").fetchone()[0])
        except sqlite3.OperationalError:  # killed before there were tables
            return 0


def test_killed_while_it_is_built_first(
    tmp_path: Path, indexer: Indexer, embedder: SentenceTransformerEmbedder
) -> None:
    texts = articles(ARTICLES)
    folder = write(tmp_path / "in", **texts)
    whole = indexer.run(tmp_path / "whole", folder)
    assert whole["articles"] == ARTICLES == whole["embedded"]
    rng, killed, resumed = random.Random(1), 0, 0
    for n in range(KILLS):
        index = tmp_path / f"ix{n}"
        killed += indexer.run(index, folder, kill=rng.uniform(0, whole["took"]))["code"] == -9
        had = vectors(index)
        try:
            assert state(index, embedder) == texts
        except IndexMissing as error:
            assert "rag index" in str(error)
        done = indexer.run(index, folder)
        assert done["articles"] == ARTICLES and done["embedded"] == ARTICLES - had, "what was embedded stays"
        assert state(index, embedder) == texts
        resumed += had > 0
        shutil.rmtree(index)
    assert killed >= KILLS // 2 and (resumed or not SOAK)
    print(f"first build: {killed} killed of {KILLS}, {resumed} resumed")


@pytest.mark.parametrize("kind", ["update", "deletion"])
def test_killed_while_it_is_changed(
    tmp_path: Path, indexer: Indexer, embedder: SentenceTransformerEmbedder, kind: str
) -> None:
    old = articles(ARTICLES)
    indexer.run(tmp_path / "old", write(tmp_path / "in", **old))
    new = dict(list(old.items())[: ARTICLES // 2])
    if kind == "update":
        new |= dict(list(articles(ARTICLES + 20, 2).items())[ARTICLES // 3 :])
        new["a021"] = old["a021"]
    changed = write(tmp_path / "changed", **new)
    shutil.copytree(tmp_path / "old", tmp_path / "whole")
    took = indexer.run(tmp_path / "whole", changed)["took"]
    rng, killed, states = random.Random(2), 0, [0, 0]
    for n in range(KILLS):
        index = Path(shutil.copytree(tmp_path / "old", tmp_path / f"ix{n}"))
        killed += indexer.run(index, changed, kill=rng.uniform(0, took))["code"] == -9
        had, there = vectors(index), state(index, embedder)
        assert there in (old, new), "one state or the other"
        states[there == new] += 1
        done = indexer.run(index, changed)
        missing = len(set(new.values()) - set(old.values())) if there == old else 0
        assert done["articles"] == len(new) and done["embedded"] == missing - (had - ARTICLES if there == old else 0)
        assert state(index, embedder) == new
        shutil.rmtree(index)
    assert killed >= KILLS // 3
    print(f"{kind}: {killed} killed of {KILLS}; old state {states[0]} times, new {states[1]}")


@pytest.fixture(scope="module")
def failing(embedder: SentenceTransformerEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexer]:
    """An indexer whose writes fail when told to."""
    compiler = next(c for c in ("cc", "gcc", "clang", "clang-16", "g++", "clang++-16") if shutil.which(c))
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = ["-x", "c", str(ROOT / "tests" / "faults.c")]
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), *source, "-ldl"], check=True)
    made = Indexer(embedder._folder, LD_PRELOAD=str(library))
    yield made
    made.close()


@pytest.mark.parametrize("lasting", [False, True], ids=["one write fails", "the disk is full from then on"])
def test_a_write_that_fails(
    tmp_path: Path, failing: Indexer, embedder: SentenceTransformerEmbedder, lasting: bool
) -> None:
    """Every write in turn, from the first to the last: a sentence, and the old state or the new."""
    old, new = articles(30), articles(40, 2) | {"a021": articles(30)["a021"]}
    failing.run(tmp_path / "old", write(tmp_path / "in", **old))
    changed = write(tmp_path / "changed", **new)
    nth, told = 0, 0
    while True:
        nth += 1 if SOAK or nth < 3 else 11
        index = Path(shutil.copytree(tmp_path / "old", tmp_path / "ix"))
        done = failing.run(index, changed, fail=nth, lasting=lasting)
        assert done["code"] == 0 and done.get("kind") != "unexpected", done
        told += "error" in done
        there = state(index, embedder)
        assert there == new if "error" not in done else there in (old, new)
        assert failing.run(index, changed)["articles"] == 40
        assert state(index, embedder) == new
        shutil.rmtree(index)
        if not done["fired"]:
            break
    assert told >= 3
    print(f"writes tried: {nth}, of which {told} ended the command with a sentence")


@contextmanager
def disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A small disk of its own."""
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], check=False
    ).returncode:
        pytest.skip("mounting a disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full(tmp_path: Path, indexer: Indexer, embedder: SentenceTransformerEmbedder) -> None:
    old, new = articles(40), articles(160, 2) | {"a021": articles(40)["a021"]}
    first, changed = write(tmp_path / "in", **old), write(tmp_path / "changed", **new)
    ended = []
    for kilobytes in range(300, 3000, 100 if SOAK else 600):
        with disk(tmp_path / f"disk{kilobytes}", kilobytes) as room:
            done = indexer.run(room / "ix", first)
            if "error" in done:
                assert "full" in done["error"] or "space" in done["error"].lower(), done
                continue
            done = indexer.run(room / "ix", changed)
            there = state(room / "ix", embedder)
            assert there == (old if "error" in done else new)
            ended.append("error" in done)
    assert True in ended and False in ended, "some disks were too small for the change, and some were not"
