"""One change to an index that leaves all else in it as it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from index.embedder import Embedder, Progress
from index.store.sqlite import Store
from index.store.writer import write
from index.types import Article, IndexReport, Skipped


def amend(
    index: Path, articles: Sequence[Article], drop: Sequence[str], embedder: Embedder, progress: Progress | None = None
) -> IndexReport:
    """Put articles into an index, new or in place of those with their ids, and take those out that `drop` names.

    Raises:
        IndexMissing, IndexDamaged, IndexBusy: see `index.store.writer.write`.
    """
    store = Store(index, embedder, vectors=False)
    meta = store.meta
    store.close()
    before = [Skipped(**s) for s in json.loads(meta["skipped"])]
    return write(index, articles, embedder, before, json.loads(meta["folders"]), progress=progress, drop=drop)
