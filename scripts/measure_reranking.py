"""How often the passage with a gold quote is among the first: python scripts/measure_reranking.py GOLDEN INDEX

GOLDEN is a golden set (`eval/sets/seeds.jsonl`), INDEX an index of its articles. Its questions that have quotes and no
conversation before them are searched for, and of the first thirty passages those that hold a whole quote are counted,
once in the order of the hybrid score and once in the order in which they are read. No language model is needed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from eval.golden import GoldenQuestion, load, plain
from index.search import search
from rag import evidence
from rag.assistant import Rag
from rag.question.understand import understand
from rag.reader import reader
from rag.types import Filters

FIRST = (1, 3, 5, 8, 12, 16)


def ranks(rag: Rag, golden: GoldenQuestion) -> tuple[int | None, int | None]:
    """The rank of the first passage with a gold quote, from 0: by hybrid score, and as they are read."""
    quotes = [(q.article, plain(q.text)) for q in golden.quotes]
    filters = Filters(as_of=golden.as_of or rag.newest())
    question = understand(golden.question, (), filters, rag.newest(), None, rag.embedder)
    hits = search(rag.store, rag.embedder, question.search, rag.config.candidates, as_of=filters.as_of)
    read = evidence.passages(hits, question.text, rag.embedder, question.period, reader=reader())
    at = {hit.chunk.id: n for n, hit in enumerate(hits)}
    holding = {
        p.chunk_id: n
        for n, p in enumerate(read)
        if any(p.article.id == article and text in plain(p.text) for article, text in quotes)
    }
    return min((at[chunk] for chunk in holding), default=None), min(holding.values(), default=None)


def show(name: str, found: list[int | None]) -> None:
    """Recall among the first so many, and the mean reciprocal rank."""
    places = np.array([np.inf if n is None else n for n in found])
    recall = "  ".join(f"@{k} {(places < k).mean():.3f}" for k in FIRST)
    print(f"{name:24}{recall}  MRR {(1 / (places + 1)).mean():.3f}")


def main() -> int:
    """Measure, and print two lines."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asked = [q for q in load(Path(sys.argv[1])) if q.quotes and not q.history and q.collection != "hostile"]
    with Rag.open(sys.argv[2], model="none") as rag:
        found = [ranks(rag, question) for question in asked]
    print(f"{len(asked)} questions")
    show("hybrid score", [by_score for by_score, _ in found])
    show("as they are read", [as_read for _, as_read in found])
    return 0


if __name__ == "__main__":
    sys.exit(main())
