"""A damaged index is repaired: what is still good in it is kept, the rest is made again."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index import edits
from index.build import gather
from index.embedder import Embedder, Progress
from index.errors import CollectionError, RagError
from index.store.database import ADDED, DATABASE, UNREADABLE, article_from, base_of, connect
from index.store.digest import SMALL, digest
from index.store.replace import replace_index
from index.store.sqlite import Store
from index.store.vectors import agreeing, read_base
from index.store.writer import prepare, telling, write, writing
from index.types import Article

_UNIT = 1e-3  # how far from 1 the length of a vector may be
_NEW_INDEX = "repair"  # the subfolder of the index's folder in which the new index is made


@dataclass(frozen=True)
class Repaired:
    """What a repair did.

    Attributes:
        articles: in the index now.
        kept: how many of them were undamaged in the old index; the others were read from their files.
        embedded: chunks whose vectors were lost.
    """

    articles: int
    kept: int
    embedded: int


def examine(folder: Path) -> list[str]:
    """Read all that an index holds; returns what is wrong with it, a sentence each, nothing if it is sound.

    Raises:
        IndexMissing: there is none.
    """
    try:
        store = Store(folder)
    except RagError as error:
        return [str(error)]
    try:
        with store.snapshot() as db:
            found = [row[0] for row in db.execute("PRAGMA quick_check(3)")]
            if found != ["ok"]:
                return [f"{folder / DATABASE}: {what}" for what in found]
            for (row,) in db.execute("SELECT row FROM chunks").fetchall():
                store.chunk(row)
            lost = db.execute("SELECT count(*) FROM chunks WHERE hash NOT IN (SELECT hash FROM vectors)").fetchone()[0]
            if lost:
                return [f"{lost} chunks in {folder / DATABASE} have no vector."]
            dim = int(store.meta["dim"])
            bent = sum(not _is_vector(blob, dim) for (blob,) in db.execute("SELECT vector FROM vectors"))
            return [f"{bent} vectors in {folder / DATABASE} are not what was written."] if bent else []
    except RagError as error:
        return [str(error)]
    finally:
        store.close()


def repair(
    folder: Path, embedder: Embedder, folders: Sequence[Path] = (), progress: Progress | None = None
) -> Repaired:
    """Make a new index from what is undamaged in an old one, embedding only what has lost its vector.

    Articles that are lost are read again from the folders the index was made from. The new index replaces the old one
    when it is complete; processes that have it open see the new one.

    Args:
        folders: to read lost articles from, where the index no longer knows its own.

    Raises:
        CollectionError: neither the index nor its folders hold any article.
        IndexBusy: another process is writing it.
    """
    new = folder / _NEW_INDEX
    with writing(folder), telling(folder):
        says, kept, vectors = _salvage(folder, embedder)
        known = _json(says.get("folders"), list) or [str(f.resolve()) for f in folders]
        articles = dict(kept)
        if says.get("articles") != str(len(kept)):
            sources = [f for f in (*map(Path, known), folder / ADDED) if f.exists()]
            with suppress(CollectionError):  # then what was kept is all there is
                articles = {a.id: a for a in edits.applied(folder, gather(sources)[0])} | kept
        if not articles:
            raise CollectionError(
                f"Nothing in {folder} could be kept, and its articles are not known.", "Run rag index --rebuild FOLDER."
            )
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        with closing(connect(new)) as db:
            prepare(db)
            db.execute("BEGIN")
            db.executemany("INSERT INTO vectors VALUES (?, ?)", vectors)
            db.execute("COMMIT")
        report = write(new, list(articles.values()), embedder, (), known, progress=progress)
        replace_index(new, folder)
    return Repaired(report.articles, len(kept), report.embedded)


def _salvage(folder: Path, embedder: Embedder) -> tuple[dict[str, str], dict[str, Article], list[tuple[str, bytes]]]:
    """An index's record, its articles and its vectors, as far as they are undamaged."""
    says: dict[str, str] = {}
    kept: dict[str, Article] = {}
    vectors: list[tuple[str, bytes]] = []
    with suppress(RagError, *UNREADABLE), closing(connect(folder)) as db:
        says = {str(key): str(value) for key, value in _rows(db, "meta", "key, value")}
        for article_id, digest, data in _rows(db, "articles", "id, hash, data"):
            if isinstance(data, str) and hashlib.sha256(data.encode("utf-8", "replace")).hexdigest() == digest:
                kept[article_id] = article_from(json.loads(data))
        if says.get("embedder") == embedder.name:
            vectors = _true(folder, db, says, dict(_rows(db, "vectors", "hash, vector")), embedder.dim)
    return says, kept, vectors


def _true(
    folder: Path, db: sqlite3.Connection, says: dict[str, str], vectors: dict[str, Any], dim: int
) -> list[tuple[str, bytes]]:
    """The vectors of an index that are proven undamaged, by its digest or by its FAISS file.

    A large index has no digest: if its FAISS file is lost, vectors of length 1 are trusted.
    """
    likely = {key: blob for key, blob in vectors.items() if _is_vector(blob, dim)}
    with suppress(*UNREADABLE):
        if says.get("digest") == digest(db):
            return list(likely.items())
    try:
        base = read_base(folder, base_of(says))
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        return list(likely.items()) if len(likely) > SMALL and "digest" not in says else []
    rows = {key: row for row, key in _rows(db, "chunks", "row, hash") if key in likely}
    return [(key, likely[key]) for key in agreeing(base, base_of(says).last, likely, rows)]


def _rows(db: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """The readable rows of a table: from its beginning up to the damage, and back from its end."""
    for order in ("", " ORDER BY rowid DESC"):
        try:
            yield from db.execute(f"SELECT {columns} FROM {table}{order}")
            return
        except UNREADABLE:
            continue


def _is_vector(blob: Any, dim: int) -> bool:
    """Whether this is a vector of length 1."""
    if not isinstance(blob, bytes) or len(blob) != 4 * dim:
        return False
    return abs(float(np.linalg.norm(np.frombuffer(blob, np.float32).astype(np.float64))) - 1) < _UNIT


def _json(text: str | None, kind: type) -> Any:
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    return found if isinstance(found, kind) else None
