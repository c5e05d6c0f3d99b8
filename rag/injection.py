"""Prompt injection: sentences addressed to a machine, where an article otherwise reports to people.

A linear probe on the embedding of each sentence, fitted by `scripts/fit_probe.py`. What it finds is not shown to the
language model and is not used as evidence. It knows only the embedding model it was fitted on; with another one nothing
is left out.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from rag.calibration import CALIBRATION

PROBE = Path(__file__).parent / "injection.json"


def injected(texts: Sequence[str], vectors: np.ndarray, paragraphs: Sequence[Hashable], embedder: str) -> np.ndarray:
    """Which sentences are addressed to a machine, shape (n,), bool.

    Args:
        texts: the sentences; one without a letter never counts.
        vectors: their embeddings, float32, shape (n, dim).
        paragraphs: the paragraph of each; where enough of one is addressed to a machine, all of it counts.
        embedder: the name of the model that made the vectors.
    """
    known, weights, bias = _probe()
    if embedder != known:
        return np.zeros(len(vectors), bool)
    odds = np.where([any(map(str.isalpha, text)) for text in texts], vectors @ weights + bias, -np.inf)
    likely: dict[Hashable, list[bool]] = {}
    for paragraph, odd in zip(paragraphs, odds, strict=True):
        if np.isfinite(odd):
            likely.setdefault(paragraph, []).append(bool(odd > CALIBRATION.likely_injected))
    whole = {paragraph for paragraph, found in likely.items() if sum(found) >= CALIBRATION.injected_share * len(found)}
    return np.asarray([odd > CALIBRATION.injected or p in whole for odd, p in zip(odds, paragraphs, strict=True)], bool)


@cache
def _probe() -> tuple[str, np.ndarray, float]:
    data = json.loads(PROBE.read_text("utf-8"))
    return data["embedder"], np.asarray(data["weights"], np.float32), float(data["bias"])
