"""Reading ahead: the model reads the newest passages while nobody asks.

Reading is most of the wait on two cores, and a passage that was read once serves every later question about it
(`rag.engine.kv_cache`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rag import prompt
from rag.assistant import Rag
from rag.evidence import of_article

PASSAGES = 300  # about five minutes' reading, and 0.9 GB on disk, with the default model


def read_ahead(rag: Rag, most: int = PASSAGES) -> Iterator[bool]:
    """Read passages, newest articles first, until `most` are kept; for each, whether it was new.

    Nothing is read between two values, so the caller decides when to go on.

    Raises:
        EngineCrashed: the engine could not read.
    """
    if rag.llm is None:
        return
    # An article without a passage is not in the index: so many articles are enough.
    newest = sorted(rag.store.articles(newest=most), key=lambda a: a.published or date.min, reverse=True)
    passages = (passage for article in newest for passage in of_article(article, rag.embedder))
    for passage, _ in zip(passages, range(most), strict=False):
        yield rag.llm.keep(rag.llm.chat(prompt.READ, prompt.passage_head(passage), ""))
