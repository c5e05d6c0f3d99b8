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
from rag.question.kind import Kind
from rag.question.rewrite import has_pronoun

_JOINS = re.compile(
    r"(?<!^)\b(?:and|each|both|as well as)\b|[;:&]|\?\s+\w|,\s+(?:who|what|when|where|why|how|which)\b", re.I
)
_NAMES = re.compile(r"(?<!^)\b(?:[A-Z][\w’'-]*|\d[\d.,:]*)")  # names, months, numbers: not the first word
# "When …?" is no part of "How long …, and who …?"; "What was the rate …?" may be one of "How high was …?"
_ASKS_FOR = re.compile(r"\b(?:who|whom|whose|when|where|why|which|how (?:long|many|much|often|old|far))\b", re.I)
_NUMBERED = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")


def parts(question: str, kind: Kind, llm: LanguageModel | None) -> tuple[str, ...]:
    """What a question asks, a question each, as the model takes it apart; empty where it asks for one thing.

    What the model makes of it is used only where no part asks for all that another one asks for, and the parts are
    about what the question is about (`_same_matter`).
    """
    if llm is None or not _JOINS.search(question):
        return ()
    lines = _written(question, llm)
    distinct = not any(one <= other for one, other in permutations([_asks(line) for line in lines], 2))
    usable = 2 <= len(lines) <= CALIBRATION.parts and distinct and _same_matter(question, kind, lines)
    return tuple(lines) if usable else ()


def _same_matter(question: str, kind: Kind, lines: Sequence[str]) -> bool:
    """Whether parts have the question's words, or most of them, ask for what it asks for, and name what it names and nothing else."""
    words, named = content(question), _named(question)
    theirs = [_named(line) for line in lines if not has_pronoun(line)]
    said = set[str]().union(*(content(line) for line in lines))
    names_agree = named <= said and set[str]().union(*map(_named, lines)) <= words and (all(theirs) or not named)
    wanted = set(map(str.lower, _ASKS_FOR.findall(question)))
    alike = not wanted or set(map(str.lower, _ASKS_FOR.findall("\n".join(lines)))) <= wanted
    shared = alike and len(words & said) >= CALIBRATION.parts_words * len(words)
    return said == words or (names_agree and shared and len(said - words) <= len(lines) and kind != "several")


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


def _named(text: str) -> set[str]:
    """The names, months and numbers in a text, as words."""
    return content(" ".join(_NAMES.findall(text)))
