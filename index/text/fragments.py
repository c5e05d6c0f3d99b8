"""What says nothing by itself: lists of names, bare names, table cells, headings, captions that are no sentence."""

from __future__ import annotations

import re

from index.text.sentences import sentences

_ENDS = re.compile(r"[.!?…。！？][\"”’»')\]]*$")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_LEAST = 3  # words of a sentence that ends as one does: “No,” he said.
_OPEN = 10  # words of one that does not end so: the full stop was lost, or it goes on elsewhere
_LISTED = 0.25  # separators for each word, from which it is a list
_SPOKEN = 0.25  # share of words in lower case: verbs, prepositions, what joins names to a statement
_SPOKEN_OPEN = 0.4


def is_fragment(text: str) -> bool:
    """Whether nothing in the text is a statement. A script without small letters (Arabic, Chinese) is never judged."""
    if not any(c.islower() for c in text):
        return text.isascii() and not _ENDS.search(text.strip())
    return not any(_states(text[start:end]) for start, end in sentences(text))


def _states(sentence: str) -> bool:
    words = _WORD.findall(sentence)
    small = sum(word[0].islower() for word in words)
    if not _ENDS.search(sentence):
        return len(words) >= _OPEN and small >= _SPOKEN_OPEN * len(words)
    listed = len(re.findall(r"[,;|/]\s", sentence)) >= _LISTED * len(words)
    return len(words) >= _LEAST and small > 0 and (not listed or small >= _SPOKEN * len(words))
