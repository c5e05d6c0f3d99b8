"""Refusing: decided anew each turn, on scores, outside of any prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.text.dates import short
from index.text.words import overlap
from index.types import Article
from rag.calibration import CALIBRATION
from rag.evidence import inside
from rag.question.understand import Question
from rag.types import Answer, Passage


def is_later(question: Question) -> bool:
    """Whether it asks about a time after the newest article that may be used."""
    last = min((d for d in (question.filters.as_of, question.newest) if d), default=None)
    return bool(question.period.first and last and question.period.first > last)


def answers_without_model(found: Sequence[Passage], question: str) -> bool:
    """Whether what was found answers a question where no model was asked: by likeness and shared words alone."""
    if not found:
        return False
    cosine = max(p.cosine or 0.0 for p in found)
    words = max(overlap(question, p.text) for p in found[: CALIBRATION.read_without_model])
    return cosine + CALIBRATION.without_model_words * words >= CALIBRATION.without_model


def empty_reason(question: Question, found: Sequence[Passage]) -> str:
    """Why there was nothing to read: the limits, or the time asked about."""
    limits, newest = question.filters, question.newest
    last = min((d for d in (limits.as_of, newest) if d), default=None)
    if last and is_later(question):
        return f"the newest usable article is dated {short(last)}, and the question asks about a later time"
    said = [
        f"of {limits.source}" if limits.source else "",
        f"from {short(limits.after)} on" if limits.after else "",
        f"up to {short(limits.before)}" if limits.before else "",
    ]
    if any(said):
        return f"the collection has no articles {', '.join(limit for limit in said if limit)}"
    if limits.as_of and newest and limits.as_of < newest:
        return f"no article was published by {short(limits.as_of)}"
    return "no article is about this"


def weak_reason(question: Question, read: Sequence[Passage]) -> str:
    """Why the passages that were read are not enough."""
    asked = question.period
    if asked.bounded and read and not inside(read, asked):
        return f"no relevant article is from that time or reports on it ({asked.words})"
    if max((p.cosine or 0.0 for p in read), default=0.0) < CALIBRATION.near_cosine:
        return "no article mentions it"
    return "some articles are about this subject, but none of them answers the question"


def part(question: str) -> str:
    """The words for a part of the question that nothing answers, shown beside the answers to the others."""
    return f"The articles do not say: “{question}”"


def refuse(base: Answer, read: Sequence[Passage], reason: str) -> Answer:
    """A refusal: it says why, and what the collection has that is near."""
    near: list[Article] = []
    for passage in sorted(read, key=lambda p: -(p.cosine or 0.0)):
        if (passage.cosine or 0.0) >= CALIBRATION.near_cosine and passage.article.id not in {a.id for a in near}:
            near.append(passage.article)
    near = near[: CALIBRATION.near_articles]
    text = f"The articles do not say: {reason}."
    if near:
        named = "; ".join(f"“{a.label}” ({short(a.published) if a.published else 'undated'})" for a in near)
        text += f" Nearest: {named}."
    return replace(base, abstained=True, text=text, sentences=(), citations=(), reason=reason, near=tuple(near))
