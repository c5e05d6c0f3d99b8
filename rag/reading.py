"""How many passages are read, and when what was read is enough."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from index.text.dates import CALENDAR
from rag.calibration import CALIBRATION
from rag.question.kind import Kind
from rag.types import Passage

_NOT_NAMES = CALENDAR | frozenset("who what when where why how which the did does is are was were and".split())


def rank(passage: Passage) -> float:
    """Where a passage stands: the model's log-odds, what retrieval thinks of it, and its day.

    The second term decides where a question uses an article's own words, which the model's
    log-odds alone may miss (docs/experiments.md).
    """
    return (passage.relevance or 0.0) + CALIBRATION.rank_retrieval * passage.score + passage.timely


def evidence_strength(read: Sequence[Passage], unknown: int = 0) -> float:
    """How surely the passages answer the question: log-odds and likeness of the best ones.

    Args:
        read: passages with their relevance.
        unknown: how many names of the question stand in no article.
    """
    relevance = max((p.relevance or 0.0 for p in read), default=-9.0)
    likeness = max((p.cosine or 0.0 for p in read), default=0.0)
    return relevance + CALIBRATION.cosine * likeness - CALIBRATION.unknown_name * unknown


def reading_steps(read: int, kind: Kind, early: bool = True) -> list[tuple[int, float]]:
    """How many passages are read in turn, and the strength of evidence from which that is enough.

    Args:
        read: passages that are usually enough; at most twice as many are read.
        kind: where several statements are asked for, one clear passage is not enough.
        early: whether fewer than `read` may be enough.
    """
    steps = (
        []
        if kind == "several"
        else [
            (max(1, round(read * eighths / 8)), enough)
            for eighths, enough in CALIBRATION.clear
            if early or eighths == 8
        ]
    )
    return [*steps, (2 * read, math.inf)]


def unknown_names(question: str, knows: Callable[[str], bool]) -> list[str]:
    """The names in a question that the collection does not know, by their first five letters."""
    words = re.findall(r"(?<![.?!] )(?<!^)\b[A-Z][\w’'-]+", question)
    words = [w.removesuffix("'s").removesuffix("’s") for w in words]
    return [w for w in dict.fromkeys(words) if len(w) > 1 and w.lower() not in _NOT_NAMES and not knows(w[:5])]
