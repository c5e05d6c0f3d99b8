"""Which embedding model goes with which index: an index is searched with the model it was made with."""

from __future__ import annotations

from pathlib import Path

from index.embedder import SentenceTransformerEmbedder
from index.store import database, milvus
from rag import models
from rag.config import DEFAULT_EMBEDDER


def load(name_or_path: str) -> SentenceTransformerEmbedder:
    """An embedding model by its name in `rag models`, or from a folder.

    Raises:
        InputError, ModelMissing, ModelError: see `rag.models.locate`.
    """
    folder = models.locate(name_or_path, "embedder")
    known = models.registry().get(name_or_path)
    # A folder is remembered by its whole path: an index is opened from other working folders, too.
    return SentenceTransformerEmbedder(folder, name_or_path if known else str(folder), known.dim if known else None)


def name_for(index: Path | None, uri: str | None = None, asked: str | None = None) -> str:
    """The embedding model to use: the one asked for, else the index's own, else the default for a new index."""
    if asked:
        return asked
    own = milvus.made_with(uri) if uri else database.made_with(index) if index else None
    return own or DEFAULT_EMBEDDER


def for_index(index: Path | None, uri: str | None = None, asked: str | None = None) -> SentenceTransformerEmbedder:
    """The loaded embedding model of `name_for`."""
    return load(name_for(index, uri, asked))
