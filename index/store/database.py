"""The file in which SQLite keeps an index: opening it, the format it has, and how its rows become articles and vectors."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from index.errors import IndexDamaged, RagError
from index.store.vectors import Base
from index.types import Article, Removed

T = TypeVar("T")
FORMAT = 2
DATABASE = "index.sqlite"
ADDED = "added"
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)  # the second where what SQLite says quotes harmed bytes


def matrix(blobs: Sequence[bytes], dim: int) -> np.ndarray:
    """Stored vectors as a float32 matrix of shape (len(blobs), dim)."""
    return np.frombuffer(b"".join(blobs), np.float32).reshape(len(blobs), dim)


def base_of(meta: Mapping[str, str]) -> Base:
    """The FAISS file that an index's record names."""
    return Base(**json.loads(meta["base"]))


def parts(values: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """The values in runs that fit one SQL statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def marks(part: Sequence[Any]) -> str:
    """As many question marks as values, for an SQL list."""
    return ",".join("?" * len(part))


def as_now(db: sqlite3.Connection, folder: Path, meta: dict[str, str]) -> dict[str, str]:
    """An index's record, in the present format.

    Format 1 had one flat file of all vectors and reused the rows of dropped chunks.

    Raises:
        IndexDamaged: it has a format that this program does not know.
    """
    if meta["format"] == str(FORMAT):
        return meta
    if meta["format"] != "1":
        raise IndexDamaged(
            f"The index in {folder} has format {meta['format']}; this program reads 1 and {FORMAT}.",
            "Rebuild it (rag index --rebuild), or use the program that made it.",
        )
    last = db.execute("SELECT coalesce(max(row), 0) FROM chunks").fetchone()[0]
    base = Base(f"vectors-{meta['generation']}.faiss", meta["vectors_sha256"], "flat", int(meta["chunks"]), last)
    return meta | {"base": json.dumps(asdict(base)), "next_row": str(last + 1)}


def is_there(folder: Path) -> bool:
    """Whether there is an index in the folder, whole or not."""
    return (folder / DATABASE).exists() or any(folder.glob("vectors-*.faiss"))


def made_with(folder: Path) -> str | None:
    """The name of the embedding model that an index was made with; None where no index says so."""
    if not (folder / DATABASE).is_file():
        return None
    try:
        with closing(connect(folder)) as db:
            found = db.execute("SELECT value FROM meta WHERE key = 'embedder'").fetchone()
    except (RagError, *UNREADABLE):
        return None  # whoever opens it next is told what is wrong with it
    return str(found[0]) if found else None


def connect(folder: Path) -> sqlite3.Connection:
    """The index's database, in a mode in which readers and the writer do not wait for each other."""
    try:
        db = sqlite3.connect(folder / DATABASE, timeout=30, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
    except UNREADABLE as error:
        raise damaged(folder, f"{DATABASE} cannot be read ({error})") from error
    return db


def damaged(folder: Path, what: str) -> IndexDamaged:
    """The error for an index whose parts do not agree."""
    return IndexDamaged(f"The index in {folder} is damaged: {what}.", f"Repair it: rag index --repair --index {folder}")


def article_from(data: dict[str, Any]) -> Article:
    """A stored article."""
    data["published"] = date.fromisoformat(data["published"]) if data["published"] else None
    data["authors"] = tuple(data["authors"])
    data["removed"] = tuple(Removed(**removed) for removed in data["removed"])
    data["captions"] = tuple((start, end) for start, end in data["captions"])
    return Article(**data)
