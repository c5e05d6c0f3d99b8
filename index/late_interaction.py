"""How near a passage is to a question, token by token: late interaction.

Each token of the question looks for its nearest one in the passage, and the mean of what they find, the rarer ones
weighing more, is how near the passage is (MaxSim: Khattab and Zaharia, "ColBERT", 2020). The vectors are those that the
embedding model makes of tokens on its way to a text's own; nothing was trained for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of a text, without those that an embedding model puts before and after it.

    Attributes:
        ids: what stands for each token in the model's vocabulary: int32 of shape (tokens,).
        vectors: float16 of shape (tokens, dim), each of length 1.
    """

    ids: np.ndarray
    vectors: np.ndarray


def tokens_of(ids: np.ndarray, vectors: np.ndarray) -> Tokens:
    """Tokens with their vectors brought to length 1.

    Args:
        ids: integers of shape (tokens,).
        vectors: floats of shape (tokens, dim), of any length.
    """
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return Tokens(np.asarray(ids, np.int32), (vectors / lengths).astype(np.float16))


def nearness(question: Tokens, passages: Sequence[Tokens]) -> np.ndarray:
    """How near each passage is to a question, -1 to 1: float32 of shape (len(passages),).

    A token weighs by its inverse document frequency among these passages: what all of them have tells them apart least.
    """
    if not passages or not len(question.ids):
        return np.zeros(len(passages), np.float32)
    having = Counter(token for p in passages for token in set(p.ids.tolist()))
    found = np.array([having[token] for token in question.ids.tolist()], np.float32)
    weights = np.log((len(passages) + 1) / (found + 0.5))
    asked = question.vectors.astype(np.float32)
    best = [(asked @ p.vectors.astype(np.float32).T).max(axis=1, initial=-1.0) for p in passages]
    return np.asarray(np.stack(best) @ (weights / weights.sum()), np.float32)
