"""Prompt lookup: what the model will write is often what its prompt says already."""

from __future__ import annotations

_NGRAM = 3  # tokens matched


def lookup(seen: list[int], token: int, most: int) -> list[int]:
    """What followed the last time these tokens occurred, `most` tokens of it.

    Source: Saxena, "Prompt Lookup Decoding" (2023); also in transformers and llama.cpp.
    """
    text = [*seen, token]
    for size in (_NGRAM, 2):
        key = text[-size:]
        for i in range(len(text) - size - 1, -1, -1):
            if text[i : i + size] == key:
                return text[i + size : i + size + most]
    return []
