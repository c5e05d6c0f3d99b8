"""What says nothing by itself: lists of names, bare names, table cells, headings, captions that are no sentence."""

from __future__ import annotations

import re

from index.calibration import RETRIEVAL
from index.text.sentences import sentences

_ENDS = re.compile(r"[.!?…。！？][\"”’»')\]]*$")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def is_fragment(text: str) -> bool:
    """Whether nothing in the text is a statement. A script without small letters (Arabic, Chinese) is never judged."""
    if not any(c.islower() for c in text):
        return text.isascii() and not _ENDS.search(text.strip())
    return not any(_states(text[start:end]) for start, end in sentences(text))


def _states(sentence: str) -> bool:
    words = _WORD.findall(sentence)
    small = sum(word[0].islower() for word in words)
    if not _ENDS.search(sentence):
        return len(words) >= RETRIEVAL.fragment_open and small >= RETRIEVAL.fragment_lower_open * len(words)
    listed = len(re.findall(r"[,;|/]\s", sentence)) >= RETRIEVAL.fragment_listed * len(words)
    return (
        len(words) >= RETRIEVAL.fragment_words
        and small > 0
        and (not listed or small >= RETRIEVAL.fragment_lower * len(words))
    )
