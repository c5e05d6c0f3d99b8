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
from conftest import ROOT, SOAK, preload, write

from index.embedder import SentenceTransformerEmbedder
from index.errors import IndexMissing
from index.search import search
from index.store.database import DATABASE
from index.store.sqlite import Store

ARTICLES = 500 if SOAK else 60
KILLS = 67 if SOAK else 4  # of each kind
BATCH = 256 if SOAK else 16  # chunks embedded at once: what a build that was killed need not do again
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
        self._process.stdin.write(
            json.dumps({"index": str(index), "folder": str(folder), "batch": BATCH, **job}) + "\n"
        )
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
    """Chunks whose vector is kept already, in the index or in one that is made to take its place."""
    index = next(index.glob("rebuild-*"), index)
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


@pytest.mark.parametrize("kind", ["update", "deletion", "rebuild"])
def test_killed_while_it_is_changed(
    tmp_path: Path, indexer: Indexer, embedder: SentenceTransformerEmbedder, kind: str
) -> None:
    old = articles(ARTICLES)
    indexer.run(tmp_path / "old", write(tmp_path / "in", **old))
    new = dict(list(old.items())[: ARTICLES // 2])
    if kind != "deletion":
        new |= dict(list(articles(ARTICLES + 20, 2).items())[ARTICLES // 3 :])
        new["a021"] = old["a021"]
    changed, anew = write(tmp_path / "changed", **new), kind == "rebuild"
    shutil.copytree(tmp_path / "old", tmp_path / "whole")
    took = indexer.run(tmp_path / "whole", changed, rebuild=anew)["took"]
    rng, killed, states = random.Random(2), 0, [0, 0]
    for n in range(KILLS // 2 if anew and SOAK else KILLS):
        index = Path(shutil.copytree(tmp_path / "old", tmp_path / f"ix{n}"))
        killed += indexer.run(index, changed, rebuild=anew, kill=rng.uniform(0, took))["code"] == -9
        had, there = vectors(index), state(index, embedder)
        assert there in (old, new), "one state or the other"
        states[there == new] += 1
        done = indexer.run(index, changed, rebuild=anew)
        assert done["articles"] == len(new)
        if anew:
            begun = had if there == old and had != len(old) else 0
            assert there == new or done["embedded"] == len(new) - begun
        else:
            missing = len(set(new.values()) - set(old.values())) - (had - ARTICLES) if there == old else 0
            assert done["embedded"] == missing
        assert state(index, embedder) == new and not list(index.glob("rebuild-*"))
        shutil.rmtree(index)
    assert killed >= KILLS // 6
    print(f"{kind}: {killed} killed; old state {states[0]} times, new {states[1]}")


def test_killed_while_an_article_is_added_or_removed(
    tmp_path: Path, indexer: Indexer, embedder: SentenceTransformerEmbedder
) -> None:
    """The next `rag index` finishes it, or it was never begun."""
    texts = articles(30)
    folder, title, text = write(tmp_path / "in", **texts), "Ferry", "The ferry Aurora sank off Turku."
    indexer.run(tmp_path / "without", folder)
    shutil.copytree(tmp_path / "without", tmp_path / "with")
    took = [indexer.run(tmp_path / "with", folder, add=[title, text])["took"]]
    shutil.copytree(tmp_path / "with", tmp_path / "once")
    took.append(indexer.run(tmp_path / "once", folder, remove="ferry")["took"])
    more, rng, killed, states = texts | {"ferry": text}, random.Random(3), 0, [0, 0]
    for n in range(2 * KILLS):
        adds = n % 2 == 0
        job: dict[str, Any] = {"add": [title, text]} if adds else {"remove": "ferry"}
        index = Path(shutil.copytree(tmp_path / ("without" if adds else "with"), tmp_path / f"ix{n}"))
        killed += indexer.run(index, folder, **job, kill=rng.uniform(0, took[n % 2]))["code"] == -9
        there = state(index, embedder)
        assert there in (texts, more)
        states[there == (more if adds else texts)] += 1
        indexer.run(index, folder)
        later = state(index, embedder)
        if there == (more if adds else texts):
            assert later == there, "what was done stays done"
        indexer.run(index, folder, **job)
        assert state(index, embedder) == (more if adds else texts)
        assert indexer.run(index, folder)["articles"] == len(more if adds else texts)
        shutil.rmtree(index)
    assert killed >= KILLS // 2
    print(f"added, removed: {killed} killed; old state {states[0]} times, new {states[1]}")


@pytest.fixture(scope="module")
def failing(embedder: SentenceTransformerEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexer]:
    """An indexer whose writes fail when told to."""
    library = preload("faults.c", tmp_path_factory.mktemp("faults"))
    made = Indexer(embedder._folder, LD_PRELOAD=str(library))
    yield made
    made.close()


def each_place(
    failing: Indexer, old: Path, folder: Path, every: int, **job: Any
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A copy of an index for one write after the other, and what came of it when that failed; the last has none that fails.

    Args:
        every: of the places how many are passed over in `make test`.
    """
    nth, done = 0, {"fired": 1}
    while done["fired"]:
        nth += 1 if SOAK or nth < 2 else every
        index = Path(shutil.copytree(old, old.with_name("ix")))
        done = failing.run(index, folder, fail=nth, **job)
        assert done["code"] == 0 and done.get("kind") != "unexpected", done
        yield index, done
        shutil.rmtree(index)


@pytest.mark.parametrize("lasting", [False, True], ids=["one write fails", "the disk is full from then on"])
@pytest.mark.parametrize("kind", ["first build", "update", "deletion", "rebuild"])
def test_a_write_that_fails(
    tmp_path: Path, failing: Indexer, embedder: SentenceTransformerEmbedder, kind: str, lasting: bool
) -> None:
    """Every write in turn, from the first to the last: a sentence, and the old state or the new."""
    old, new = articles(30), articles(24) if kind == "deletion" else articles(40, 2) | {"a021": articles(30)["a021"]}
    failing.run(tmp_path / "old", write(tmp_path / "in", **old))
    if kind == "first build":
        shutil.rmtree(tmp_path / "old")
        (tmp_path / "old").mkdir()
    changed, anew = write(tmp_path / "changed", **new), kind == "rebuild"
    tried, told = 0, 0
    for index, done in each_place(failing, tmp_path / "old", changed, 37, lasting=lasting, rebuild=anew):
        tried += done["fired"] > 0
        told += "error" in done
        try:
            there = state(index, embedder)
            assert there == new if "error" not in done else there in (old, new)
        except IndexMissing:
            assert kind == "first build" and "error" in done
        assert failing.run(index, changed, rebuild=anew)["articles"] == len(new)
        assert state(index, embedder) == new
    assert told >= 2
    print(f"{kind}, writes that failed {'from then on' if lasting else 'once'}: {tried}, of which {told} ended it")


@pytest.mark.parametrize("adds", [True, False], ids=["added", "removed"])
def test_a_write_that_fails_while_an_article_is_added_or_removed(
    tmp_path: Path, failing: Indexer, embedder: SentenceTransformerEmbedder, adds: bool
) -> None:
    """It is there or not, and the next `rag index` finishes what was begun."""
    texts, tried, told = articles(30), 0, 0
    folder, title, text = write(tmp_path / "in", **texts), "Ferry", "The ferry Aurora sank off Turku."
    more = texts | {"ferry": text}
    failing.run(tmp_path / "old", folder)
    if not adds:
        failing.run(tmp_path / "old", folder, add=[title, text])
    job: dict[str, Any] = {"add": [title, text]} if adds else {"remove": "ferry"}
    old, new = (texts, more) if adds else (more, texts)
    for index, done in each_place(failing, tmp_path / "old", folder, 7, **job, lasting=True):
        tried += done["fired"] > 0
        told += "error" in done
        there = state(index, embedder)
        assert there == new if "error" not in done else there in (old, new)
        failing.run(index, folder)
        assert state(index, embedder) in (there, new), "what was begun is finished"
        failing.run(index, folder, **job)
        assert state(index, embedder) == new
    assert told >= 2
    print(f"{'added' if adds else 'removed'}, the disk full from a write on: {tried} places, {told} ended it")


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
    few = dict(list(old.items())[:30])
    first, changed = write(tmp_path / "in", **old), write(tmp_path / "changed", **new)
    fewer, ended = write(tmp_path / "fewer", **few), []
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
            if "error" in done:
                done = indexer.run(room / "ix", fewer)
                assert state(room / "ix", embedder) == (there if "error" in done else few), "a deletion"
                subprocess.run(["mount", "-o", "remount,size=60m", str(room)], check=True)
                assert indexer.run(room / "ix", changed)["articles"] == 160, "there is room now"
                assert state(room / "ix", embedder) == new
    assert True in ended and False in ended, "some disks were too small for the change, and some were not"
