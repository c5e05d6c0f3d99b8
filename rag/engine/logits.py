"""What a row of logits says."""

from __future__ import annotations

import math

import numpy as np


def best(logits: np.ndarray) -> tuple[int, float]:
    """The most likely token and its log-probability."""
    token = int(logits.argmax())
    return token, float(logits[token]) - logsumexp(logits)


def logsumexp(values: np.ndarray) -> float:
    """The logarithm of the sum of their exponentials."""
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).sum()))
