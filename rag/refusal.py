"""Saying no: decided afresh each turn, on scores, outside of any prompt."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from index.text.dates import CALENDAR, short
from index.types import Article
from rag.claims.support import overlap
from rag.question.period import Period
from rag.types import Answer, Passage

# The strength of the evidence is the best passage's log-odds plus twice the best cosine: on 126
# golden questions it separates what is answered from what is not with AUROC .86 (eval/README.md).
_COSINE = 2.0
# Above this it is worth drafting: whether a draft is an answer is decided by its own checks.
WORTH_DRAFTING = 1.0
# Above this what several articles say is told side by side where that is asked for.
SEVERAL = 2.5
# Above these no further passages are read: after three eighths of `Config.read`, after five, after
# all of them (eval/README.md has what reading more or less costs).
_CLEAR = ((3, 3.8), (5, 3.0), (8, 2.3))
# Above this the best passage's own words are the answer where no draft held.
OWN_WORDS = 3.9
# The same for a question for a yes or a no, for which there are no drafts and the model's
# log-odds run lower; the share of the question's words in the best passage is added there.
CLOSED = 2.4
# What a name in the question takes from the strength when no article has it.
_UNKNOWN_NAME = 0.8
_NEAR_COSINE = 0.3
_NOT_NAMES = CALENDAR | frozenset("who what when where why how which the did does is are was were and".split())


def evidence_strength(read: Sequence[Passage], unknown: Sequence[str] = ()) -> float:
    """How surely the passages answer the question: log-odds and likeness of the best ones.

    Args:
        read: passages with their relevance.
        unknown: names in the question that stand in no article.
    """
    relevance = max((p.relevance or 0.0 for p in read), default=-9.0)
    likeness = max((p.cosine or 0.0 for p in read), default=0.0)
    return relevance + _COSINE * likeness - _UNKNOWN_NAME * len(unknown)


def reading_steps(read: int, several: bool, early: bool = True) -> list[tuple[int, float]]:
    """How many passages are read in turn, and the strength of evidence from which that is enough.

    Args:
        read: passages that are usually enough; at most twice as many are read.
        several: more than one statement is asked for, so that one clear passage is not enough.
        early: whether fewer than `read` may be enough.
    """
    steps = (
        []
        if several
        else [(max(1, round(read * eighths / 8)), enough) for eighths, enough in _CLEAR if early or eighths == 8]
    )
    return [*steps, (2 * read, math.inf)]


def unknown_names(question: str, knows: Callable[[str], bool]) -> list[str]:
    """The names in a question that the collection does not know, by their first five letters."""
    words = re.findall(r"(?<![.?!] )(?<!^)\b[A-Z][\w’'-]+", question)
    words = [w.removesuffix("'s").removesuffix("’s") for w in words]
    return [w for w in dict.fromkeys(words) if len(w) > 1 and w.lower() not in _NOT_NAMES and not knows(w[:5])]


def worth_quoting(question: str, best: Passage, strength: float, closed: bool) -> bool:
    """Whether the best passage's own words are the answer where no draft is.

    Args:
        closed: the question asks for a yes or a no.
    """
    return strength + overlap(question, best.text) >= CLOSED if closed else strength >= OWN_WORDS


def answers_without_model(found: Sequence[Passage], question: str) -> bool:
    """The same where no model was asked: by likeness and shared words alone."""
    if not found:
        return False
    cosine = max(p.cosine or 0.0 for p in found)
    words = max(overlap(question, p.text) for p in found[:6])
    return cosine + 0.6 * words >= 0.85


def empty_reason(
    asked: Period,
    found: Sequence[Passage],
    as_of: date | None,
    newest: date | None,
    source: str | None,
    after: date | None,
    before: date | None,
) -> str:
    """Why there was nothing to read: the limits, or the time asked about."""
    last = min((d for d in (as_of, newest) if d), default=None)
    if asked.first and last and asked.first > last:
        return f"the newest article it could use is of {short(last)}, and the question is about a later time"
    if found and asked.bounded:
        return f"there is no article from that time ({asked.words})"
    limits = [
        f"of {source}" if source else "",
        f"from {short(after)} on" if after else "",
        f"up to {short(before)}" if before else "",
    ]
    if any(limits):
        return f"the collection has no articles {', '.join(limit for limit in limits if limit)}"
    if as_of and newest and as_of < newest:
        return f"no article was published by {short(as_of)}"
    return "no article is near the question"


def weak_reason(asked: Period, read: Sequence[Passage]) -> str:
    """Why what was read is not enough."""
    if asked.bounded and read and not any(asked.holds(p.article.published, 4) for p in read):
        return f"there is no article from that time ({asked.words})"
    if max((p.cosine or 0.0 for p in read), default=0.0) < _NEAR_COSINE:
        return "no article mentions it"
    return "articles touch on the subject, and none answers this"


def refuse(base: Answer, read: Sequence[Passage], reason: str) -> Answer:
    """A refusal: it says why, and what the collection has that is near."""
    near: list[Article] = []
    for passage in sorted(read, key=lambda p: -(p.cosine or 0.0)):
        if (passage.cosine or 0.0) >= _NEAR_COSINE and passage.article.id not in {a.id for a in near}:
            near.append(passage.article)
    near = near[:2]
    text = f"The articles do not say: {reason}."
    if near:
        named = "; ".join(f"“{a.label}” ({short(a.published) if a.published else 'undated'})" for a in near)
        text += f" Nearest: {named}."
    return replace(base, abstained=True, text=text, sentences=(), citations=(), reason=reason, near=tuple(near))
