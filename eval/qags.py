"""QAGS: summary sentences that people judged against their article, and the support check's verdict on each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.quizzes import read_lines
from eval.record import Row
from index.embedder import Embedder
from index.text.sentences import sentences
from index.text.words import overlap
from rag import prompt
from rag.claims.support import score
from rag.engine.base import LanguageModel

_NEAREST = 3  # sentences of the article that a sentence is held against


@dataclass(frozen=True)
class Judged:
    """A summary sentence that people judged against its article."""

    id: str
    article: str
    sentence: str
    supported: bool


def qags(path: Path) -> list[Judged]:
    """QAGS-format sentences with the majority of their judges (Wang et al., 2020)."""
    out: list[Judged] = []
    for row in read_lines(path):
        for s in row["summary_sentences"]:
            votes = [r["response"] == "yes" for r in s["responses"]]
            out.append(Judged(str(len(out) + 1), row["article"], s["sentence"], sum(votes) * 2 > len(votes)))
    return out


def signals(embedder: Embedder, llm: LanguageModel | None) -> Callable[[Judged], Row]:
    """A function from a sentence to the support check's signals: words, cosine and, with a model, log-odds."""
    cache: dict[str, tuple[list[str], Any]] = {}

    def check(item: Judged) -> Row:
        started = time.perf_counter()
        if item.article not in cache:
            cache.clear()  # the sentences of one article stand together
            texts = [item.article[a:b] for a, b in sentences(item.article)]
            cache[item.article] = texts, embedder.passages(texts)
        texts, vectors = cache[item.article]
        cosines = vectors @ embedder.query(item.sentence)
        nearness = [float(cosine) + overlap(item.sentence, text) for cosine, text in zip(cosines, texts, strict=True)]
        best = sorted(range(len(texts)), key=lambda i: -nearness[i])[:_NEAREST]
        evidence = [texts[i] for i in sorted(best)]
        log_odds = None
        if llm:
            passage = prompt.statement_head(None, " ".join(evidence))
            log_odds = llm.score([llm.chat(prompt.READ, passage, prompt.says(item.sentence))])[0]
        words, cosine = overlap(item.sentence, evidence), float(max(cosines[i] for i in best))
        return {
            "id": item.id,
            "words": words,
            "cosine": cosine,
            "log_odds": log_odds,
            "support": score(words, cosine, log_odds),
            "supported": item.supported,
            "seconds": time.perf_counter() - started,
        }

    return check
