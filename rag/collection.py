"""Named collections: each is an index under the user's data folder that remembers its folders; and what is in each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import IndexMissing, InputError, RagError
from rag.config import data_home

if TYPE_CHECKING:
    from index.store.listing import Source

_NAME = re.compile(r"\w(?:[\w .-]{0,58}\w)?")
_LISTED = 12  # names in an error message


@dataclass(frozen=True)
class CollectionInfo:
    """What is in a collection.

    Attributes:
        name: what `--collection` and `Rag.open(collection=…)` call it.
        index: the folder of its index.
        folders: those that it was made from, which an update reads again.
        sources: the outlets of its articles with their days, the one with most articles first.
        first, last: the days of its oldest and its newest article; None where none is dated.
        size: bytes of its index on disk, with what was added to it.
        embedder: the embedding model it was made with, which opens it.
        error: why none of this can be said; empty if all is well.
    """

    name: str
    index: Path
    articles: int = 0
    chunks: int = 0
    folders: tuple[Path, ...] = ()
    sources: tuple[Source, ...] = field(default=(), repr=False)
    first: date | None = None
    last: date | None = None
    size: int = 0
    embedder: str = ""
    error: str = ""


def home() -> Path:
    """The folder in which the index of each collection is."""
    return data_home() / "indexes"


def index_of(name: str) -> Path:
    """The folder of a collection's index, whether it exists or not.

    Raises:
        InputError: a name that no collection can have.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r:.80} cannot be the name of a collection.",
            "Use up to 60 letters, digits, spaces, dots, - and _, with a letter or digit first and last.",
        )
    return home() / name


def existing(name: str) -> Path:
    """The folder of a collection's index.

    Raises:
        InputError: see `index_of`.
        IndexMissing: there is no collection of this name; the message lists those that exist.
    """
    from index.store.database import is_there

    target = index_of(name)
    if is_there(target):
        return target
    there = names()
    listed = ", ".join(there[:_LISTED]) + (f" and {len(there) - _LISTED} more" if len(there) > _LISTED else "")
    raise IndexMissing(
        f"There is no collection {name!r}" + (f" (there are: {listed})." if there else "."),
        f"Make it: rag index FOLDER --collection {name!r}",
    )


def name_of(index: Path) -> str | None:
    """The name of the collection whose index is in this folder; None if it is not a named collection."""
    index = index.expanduser().absolute()
    return index.name if index.parent == home() and _NAME.fullmatch(index.name) else None


def names() -> list[str]:
    """The names of all collections, in alphabetical order."""
    from index.store.database import is_there

    folders = home().iterdir() if home().is_dir() else ()
    return sorted((f.name for f in folders if name_of(f) and is_there(f)), key=str.casefold)


def collections() -> list[CollectionInfo]:
    """Every collection and what is in it, in alphabetical order."""
    return [about(home() / name) for name in names()]


def about(index: Path) -> CollectionInfo:
    """What is in the collection whose index is in this folder; if it cannot be read, `error` says why."""
    from index.store.listing import sources
    from index.store.sqlite import Store

    name = name_of(index) or index.name
    size = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
    try:
        store = Store(index, vectors=False)
        try:
            with store.snapshot():
                meta, (first, last) = store.meta, store.span()
                folders = tuple(Path(folder) for folder in json.loads(meta["folders"]))
                return CollectionInfo(
                    name, index, int(meta["articles"]), int(meta["chunks"]), folders, tuple(sources(store)),
                    first, last, size, meta["embedder"],
                )  # fmt: skip
        finally:
            store.close()
    except RagError as error:
        return CollectionInfo(name, index, size=size, error=str(error))


def remembered(index: Path) -> list[Path]:
    """The folders that an index was made from; none if it was never finished.

    Raises:
        IndexDamaged: it cannot be read.
    """
    from index.store.sqlite import Store

    try:
        store = Store(index, vectors=False)
    except IndexMissing:  # there is none, or a first build was interrupted
        return []
    try:
        return [Path(folder) for folder in json.loads(store.meta["folders"])]
    finally:
        store.close()
