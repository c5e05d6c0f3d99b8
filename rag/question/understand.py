"""From what was typed to one frozen `Question`: standing alone, of one kind, with its time and its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.embedder import Embedder
from rag.engine.base import LanguageModel
from rag.question.kind import Kind, kind_of
from rag.question.parts import parts
from rag.question.period import Period, period
from rag.question.rewrite import has_pronoun, last_turns, standalone
from rag.types import Filters, Turn


@dataclass(frozen=True)
class Question:
    """A question, understood once.

    Attributes:
        asked: as it was typed.
        text: standing alone, with what it leans on named; what everything after this works with.
        search: what is searched for: the text, and before a follow-up the last turns of the conversation.
        kind: what kind of answer it asks for.
        period: the time it asks about, as far as it says.
        filters: only these articles; `as_of` is set wherever a day is known.
        newest: the day of the newest article there is.
        parts: what it asks, a question each, where it asks for several things; empty where it asks for one.
    """

    asked: str
    text: str
    search: str
    kind: Kind
    period: Period
    filters: Filters
    newest: date | None
    parts: tuple[Question, ...] = ()


def understand(
    asked: str,
    history: Sequence[Turn],
    filters: Filters,
    newest: date | None,
    llm: LanguageModel | None,
    embedder: Embedder | None = None,
) -> Question:
    """Rewrite a follow-up so that it stands alone, take it apart where it asks for several things, and ask once what it is.

    Args:
        asked: checked by `rag.question.check`.
        filters: `as_of` is the newest article's day already, where none was given.
        newest: the day of the newest article.
        llm: what rewrites a follow-up; without one the last question's words are put before it.
        embedder: helps to tell what kind of answer is asked for.
    """
    text = standalone(asked, history, llm)
    before = last_turns(history)
    if text == asked or text.startswith(before):
        before = ""
    untouched = text != asked and text.endswith(asked)  # what stands before it is no part of it

    search, when = f"{before} {text}".strip(), period(text, filters.as_of)
    kind = kind_of(text, embedder)
    whole = Question(asked, text, search, kind, when, filters, newest)
    several = () if untouched else parts(text, kind, llm)
    return replace(whole, parts=tuple(_asks(part, whole, embedder, before) for part in several))


def part_in_turn(
    part: Question, before: Sequence[Turn], llm: LanguageModel | None, embedder: Embedder | None = None
) -> Question:
    """A part of a question that leans on those before it, standing alone: who "he" is may be what the first part asks.

    Args:
        before: the parts before it, each with what was found.
    """
    if not (before and has_pronoun(part.text)):
        return part
    return _asks(standalone(part.text, before, llm), part, embedder)


def _asks(text: str, of: Question, embedder: Embedder | None, before: str = "") -> Question:
    """The part of a question that is put in these words; it asks for one thing."""
    search = f"{before} {text}".strip()
    when, kind = period(text, of.filters.as_of), kind_of(text, embedder)
    return replace(of, text=text, search=search, kind="fact" if kind == "several" else kind, period=when)
