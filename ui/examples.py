"""What the first view offers: who is quoted most, the places named most, and questions that are known to have an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from index.types import Article
from rag.assistant import Rag
from rag.people import NEWEST, people, quoted
from rag.places import places

_NAMED = 3
_PLACES = 5
_OFFERED = 4
_TRIED = 7  # questions that are tried until enough have an answer


def named(rag: Rag) -> list[tuple[str, int]]:
    """The people quoted by most articles, with how many articles those are."""
    return [(person.name, person.articles) for person in people(rag.store, _NAMED)]


def named_places(rag: Rag, stop: Callable[[], bool] = lambda: False) -> list[tuple[str, int]]:
    """The places named by most articles, with how many articles those are."""
    return [(position.name, position.articles) for position in places(rag.store, _PLACES, stop)]


def questions(rag: Rag, stop: Callable[[], bool] = lambda: False) -> list[tuple[str, str]]:
    """Up to four questions with their kind, each of which the articles' own words answer.

    They are tried without the language model, which takes a moment and not a minute; only those are offered for which
    supporting words are found that name what was asked about. It ends early when `stop` says so.
    """
    quick = Rag(rag.store, rag.embedder, None, rag.config)
    out: list[tuple[str, str]] = []
    for (kind, question, name), _ in zip(_candidates(rag.store.articles(NEWEST)), range(_TRIED), strict=False):
        if len(out) == _OFFERED or stop():
            break
        answer = quick.answer(question)
        if not answer.abstained and any(name in c.quote for c in answer.citations):
            out.append((kind, question))
    return out


def _candidates(articles: Sequence[Article]) -> Iterator[tuple[str, str, str]]:
    """Kind, question, and the name that its answer must have in it."""
    names = [person.name for person in quoted(articles)[:_TRIED]]
    for name in names[:2]:
        yield "One person", f"What did {name} say?", name.rsplit(" ", 1)[-1]
    days = Counter(a.published for a in articles if a.published)
    for name in names[2:]:
        yield "One fact", f"Who is {name}?", name.rsplit(" ", 1)[-1]
    if days:
        day = max(days, key=lambda d: (days[d], d))
        yield "One day", f"What was reported on {day.day} {day:%B %Y}?", ""
