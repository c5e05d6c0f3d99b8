"""How many passages are read, and when what was read is enough."""

from __future__ import annotations

import re
from collections.abc import Callable

from index.text.dates import CALENDAR
from rag.calibration import CALIBRATION
from rag.config import Config
from rag.question.kind import Kind
from rag.types import Passage

_NOT_NAMES = CALENDAR | frozenset("who what when where why how which the did does is are was were and".split())


def rank(passage: Passage) -> float:
    """Where a passage stands: the model's log-odds, what retrieval and the reader think of it, and its day.

    The second term decides where a question uses an article's own words, which the model's
    log-odds alone may miss (docs/experiments.md).
    """
    found = CALIBRATION.rank_reader * (passage.reads or 0.0)
    return (passage.relevance or 0.0) + CALIBRATION.rank_retrieval * passage.score + found + passage.timely


def holds(passage: Passage, unknown: int) -> float:
    """The model's log-odds that a passage holds the answer, less for each name of the question that no article has."""
    return (passage.relevance or 0.0) - CALIBRATION.unknown_name * unknown


def steps(config: Config, kind: Kind) -> list[int]:
    """How many passages are read in turn, as long as there is no answer.

    Where several statements are asked for, one clear passage is not enough: all are read at once.
    """
    if kind == "several":
        return [2 * config.read]
    if not config.stop_early:
        return [config.read]
    return [max(1, round(config.read * eighths / 8)) for eighths in CALIBRATION.steps]


def unknown_names(question: str, knows: Callable[[str], bool]) -> list[str]:
    """The names in a question that the collection does not know, by their first letters.

    A name is inflected or possessive ("Ukraine", "Ukrainians"), and full text looks by prefix: a stem would miss these.
    It also takes "O'Brien" and "Ing-wen" for two words, of which the longer one is asked for.
    """
    words = re.findall(r"(?<![.?!] )(?<!^)\b[^\W\d_][\w’'-]+", question)
    words = [w.removesuffix("'s").removesuffix("’s") for w in words if w[0].isupper()]
    return [
        w
        for w in dict.fromkeys(words)
        if len(w) > 1
        and w.lower() not in _NOT_NAMES
        and not knows(max(re.split(r"['’-]", w), key=len)[: CALIBRATION.name_letters])
    ]
