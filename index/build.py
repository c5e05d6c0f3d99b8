"""Folders become an index: read, clean, chunk, embed, write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from index import edits
from index.embedder import Embedder, Progress
from index.errors import CollectionError
from index.reading.boilerplate import clean, repeated_lines
from index.reading.files import KINDS, read_folders
from index.store.database import ADDED
from index.store.writer import write
from index.types import Article, IndexReport, RawArticle, Skipped


def clean_all(raws: Sequence[RawArticle]) -> tuple[list[Article], list[Skipped]]:
    """Clean a collection together, because repetition across it is evidence."""
    repeated = repeated_lines(raws)
    articles, skipped = [], []
    for raw in raws:
        article = clean(raw, repeated.get(raw.source or "", set()))
        if article.text:
            articles.append(article)
        else:
            skipped.append(Skipped(raw.path, "nothing in it but boilerplate"))
    return articles, skipped


def build(
    index: Path,
    folders: Sequence[Path],
    embedder: Embedder,
    rebuild: bool = False,
    progress: Progress | None = None,
) -> IndexReport:
    """Make the index at `index` hold the articles of `folders` and those added to it, and nothing else.

    What a person set of an article counts for more than what its file says (`index.edits`).

    Raises:
        CollectionError: no folder, or no article in them.
        RagError: what a person set of articles cannot be read (`index.edits`).
        IndexBusy, IndexDamaged: see `index.store.writer.write`.
    """
    added = index / ADDED
    articles, skipped = gather([*folders, added] if added.is_dir() else folders)
    articles = edits.applied(index, articles)
    names = [str(folder.resolve()) for folder in folders]
    return write(index, articles, embedder, skipped, names, rebuild=rebuild, progress=progress)


def gather(folders: Sequence[Path]) -> tuple[list[Article], list[Skipped]]:
    """The cleaned articles of folders, and what was skipped.

    Raises:
        CollectionError: no folder, or no article in them.
    """
    raws, skipped = read_folders(folders)
    articles, empty = clean_all(raws)
    skipped += empty
    if not articles:
        names = ", ".join(str(folder) for folder in folders)
        why = f" ({len(skipped)} files skipped: {skipped[0].path}: {skipped[0].why})" if skipped else ""
        raise CollectionError(
            f"There is no article in {names}{why}.", f"Put files there that end in {', '.join(KINDS)}."
        )
    return articles, skipped
