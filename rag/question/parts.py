"""A question that asks for several things, taken apart into questions that ask for one each.

A small model answers one half of "When was she due home, and when did she arrive?" and leaves out the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

from index.text.words import content
from rag import prompt
from rag.calibration import CALIBRATION
from rag.engine.base import LanguageModel

_JOINS = re.compile(
    r"(?<!^)\b(?:and|each|both|as well as)\b|[;:&]|\?\s+\w|,\s+(?:who|what|when|where|why|how|which)\b", re.I
)
_NUMBERED = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")


def parts(question: str, llm: LanguageModel | None) -> tuple[str, ...]:
    """What a question asks, a question each, as the model takes it apart; empty where it asks for one thing.

    What the model makes of it is used only where its parts have all the words of the question that
    carry meaning and none of their own, and none of them asks for all that another one asks for.
    """
    if llm is None or not _JOINS.search(question):
        return ()
    lines = _written(question, llm)
    asked = [_asks(line) for line in lines]
    words = set[str]().union(*(content(line) for line in lines))
    distinct = not any(one <= other for one, other in permutations(asked, 2))
    return tuple(lines) if 2 <= len(lines) <= CALIBRATION.parts and words == content(question) and distinct else ()


def _written(question: str, llm: LanguageModel) -> Sequence[str]:
    """The lines that the model writes, as far as they are about this question."""
    text = ""
    for piece in llm.write(
        llm.chat(prompt.SPLIT, prompt.SPLIT_EXAMPLES, prompt.split(question)), CALIBRATION.parts_tokens
    ):
        text += piece
        if prompt.QUESTION in text:  # it goes on with questions of its own
            break
    lines = text.split(prompt.QUESTION)[0].splitlines()
    return [_NUMBERED.sub("", line).strip() for line in lines if line.strip()]


def _asks(line: str) -> set[str]:
    """The words of a question that carry meaning, and the one that it begins with: "where" is not "when"."""
    return content(line) | {line.split()[0].lower()}
