"""How surely evidence says a sentence: a degree from 0 to 1, fitted on QAGS (`rag eval --suite qags`)."""

from __future__ import annotations

import math

from rag.calibration import CALIBRATION


def score(words: float, cosine: float, log_odds: float | None) -> float:
    """Support from 0 to 1: a logistic combination of the three signals.

    Args:
        words: share of the sentence's content words that the evidence has.
        cosine: similarity of sentence and evidence embeddings.
        log_odds: the model's log P(yes) - log P(no) that the evidence says it, if asked.
    """
    if log_odds is None:
        bias, by_words, by_cosine = CALIBRATION.support_no_model
        z = bias + by_words * words + by_cosine * cosine
    else:
        bias, by_words, by_cosine, by_odds = CALIBRATION.support
        z = bias + by_words * words + by_cosine * cosine + by_odds * log_odds
    return 1 / (1 + math.exp(-z))
