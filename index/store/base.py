"""What a search and an answer need of an index, wherever it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Protocol

import numpy as np

from index.types import Article, Chunk


class Collection(Protocol):
    """What a search and an answer need of an index, wherever it is kept.

    `index.store.sqlite.Store` is one on this machine, `index.store.milvus.MilvusStore` one by address. What `within`
    returns is only for `nearest` and `full_text` of the same store.
    """

    @property
    def meta(self) -> dict[str, str]:
        """The index's own record: counts, embedder, folders, when it was built."""
        ...

    def snapshot(self) -> AbstractContextManager[Any]:
        """One consistent state, as far as the store can hold one, for all that is read inside."""
        ...

    def within(self, source: str | None, after: date | None, before: date | None, as_of: date | None) -> Any:
        """What a search is limited to; None where there is no limit."""
        ...

    def nearest(self, vector: np.ndarray, k: int, within: Any = None) -> list[tuple[int, float]]:
        """(chunk row, cosine) of the k nearest."""
        ...

    def full_text(self, words: Sequence[str], k: int, within: Any = None) -> dict[int, float]:
        """BM25 by chunk row of the k best, higher is better."""
        ...

    def cosines(self, vector: np.ndarray, rows: Sequence[int]) -> dict[int, float]:
        """Cosine similarity of the vector and each row's."""
        ...

    def chunk(self, row: int) -> Chunk:
        """The chunk in a row that was found."""
        ...

    def loaded_article(self, article_id: str) -> Article:
        """The article of a chunk that was found."""
        ...

    def article(self, article_id: str) -> Article:
        """The article with this id; KeyError where there is none."""
        ...

    def articles(self, newest: int = -1) -> list[Article]:
        """Every article, or the `newest`, oldest first; those without a date come last."""
        ...

    def sources(self) -> list[str]:
        """The sources that articles name, in alphabetical order."""
        ...

    def span(self) -> tuple[date | None, date | None]:
        """The days of the oldest and the newest article."""
        ...

    def knows(self, beginning: str) -> bool:
        """Whether any article has a word that begins so."""
        ...

    def close(self) -> None:
        """Close the files or the connection."""
        ...
