"""Sentences that are said to a machine: an article reports to people, and what it tells a model to do is no report.

A linear probe on the embedding of each sentence, fitted by `scripts/fit_probe.py`. What it finds is not shown to
the language model and is no evidence. It knows only the embedding model it was fitted on; with another one nothing is left out.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

PROBE = Path(__file__).parent / "addressed.json"
# Log-odds. Of real news from the web 0.5 % lies above, nearly all of it what scrapers leave (eval/README.md).
_ADDRESSED = 3.5


def addressed(vectors: np.ndarray, embedder: str) -> np.ndarray:
    """Which sentences are said to a machine, shape (n,), bool.

    Args:
        vectors: of the sentences, float32, shape (n, dim).
        embedder: the name of the model that made them.
    """
    known, weights, bias = _probe()
    if embedder != known:
        return np.zeros(len(vectors), bool)
    return np.asarray(vectors @ weights + bias > _ADDRESSED)


@cache
def _probe() -> tuple[str, np.ndarray, float]:
    data = json.loads(PROBE.read_text("utf-8"))
    return data["embedder"], np.asarray(data["weights"], np.float32), float(data["bias"])
