"""What people type that is no question to the articles: "hello", "thanks", "what can you do".

A linear classifier on the embedding of what was typed, fitted by `scripts/fit_small_talk.py` on public questions and on
`eval/sets/small_talk.json`. It knows only the embedding model it was fitted on; with another one everything is a question.
"""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, cast

import numpy as np

from index.embedder import Embedder
from index.text.dates import short
from rag.calibration import CALIBRATION

WEIGHTS = Path(__file__).parent / "small_talk.json"
Talk = Literal["greeting", "thanks", "help"]


def small_talk(text: str, embedder: Embedder) -> Talk | None:
    """Which kind of small talk a text is; None where it may be a question to the articles."""
    known, names, weights, bias = _fitted()
    if embedder.name != known:
        return None
    odds = weights @ embedder.query(text) + bias
    chances = np.exp(odds - odds.max())
    chances /= chances.sum()
    best = int(chances.argmax())
    sure = names[best] != "question" and chances[best] >= CALIBRATION.small_talk
    return cast(Talk, names[best]) if sure else None


def reply(kind: Talk, articles: int, first: date | None, last: date | None) -> str:
    """What is said to it.

    Args:
        articles: how many there are.
        first, last: the days of the oldest and the newest; None where none is dated.
    """
    span = f", from {short(first)} to {short(last)}" if first and last else ""
    there = f"{articles:,} article{'' if articles == 1 else 's'}{span}"
    return {
        "greeting": f"Hello! Ask a question about your articles: there {'is' if articles == 1 else 'are'} {there}.",
        "thanks": "You are welcome.",
        "help": (
            f"Ask in plain words about what your articles tell ({there}): who said what, when something happened, "
            "how accounts differ. Every sentence of an answer cites the words that support it, and where the articles "
            "do not say, the answer says so."
        ),
    }[kind]


@cache
def _fitted() -> tuple[str, list[str], np.ndarray, np.ndarray]:
    data = json.loads(WEIGHTS.read_text("utf-8"))
    return (
        data["embedder"],
        data["kinds"],
        np.asarray(data["weights"], np.float32),
        np.asarray(data["bias"], np.float32),
    )
