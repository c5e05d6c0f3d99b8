"""What the first view offers: who is quoted most, and questions that are known to have an answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from index.store.base import Collection
from index.text.dates import CALENDAR
from index.types import Article
from rag.assistant import Rag
from rag.claims.speakers import INSTITUTIONS
from rag.quotes import TITLES

_SAYS = r"(?:said|says|told|wrote|added|warned|argued|stated|announced|insisted)"
_SPEAKER = re.compile(rf"\b([A-Z][\w’-]+ [A-Z][\w’-]+),? (?:\w+ly )?{_SAYS}\b|\b{_SAYS} ([A-Z][\w’-]+ [A-Z][\w’-]+)\b")
_OPENERS = {"the", "a", "an", "today", "if", "but", "and", "while", "though", "although", "when", "as", "will", "since"}
_NO_NAME = CALENDAR | INSTITUTIONS | TITLES | _OPENERS | {"county", "state", "superintendent", "guard"}
_MOST = 200  # articles that are looked through, the newest
_NAMED = 3
_OFFERED = 4
_TRIED = 7  # questions that are tried until enough have an answer


def named(rag: Rag) -> list[tuple[str, int]]:
    """The people quoted by most articles, with how many articles those are."""
    return quoted(rag.store, _NAMED)[0]


def quoted(store: Collection, limit: int) -> tuple[list[tuple[str, int]], int]:
    """The people quoted by most of the newest articles, with how many articles those are; and how many were looked through."""
    articles = store.articles(_MOST)
    return _speakers(articles).most_common(limit), len(articles)


def questions(rag: Rag, stop: Callable[[], bool] = lambda: False) -> list[tuple[str, str]]:
    """Up to four questions with their kind, each of which the articles' own words answer.

    They are tried without the language model, which takes a moment and not a minute: offered
    is only what finds supporting words that name what was asked about. It ends early where
    `stop` says so.
    """
    quick = Rag(rag.store, rag.embedder, None, rag.config)
    out: list[tuple[str, str]] = []
    for (kind, question, name), _ in zip(_candidates(rag.store.articles(_MOST)), range(_TRIED), strict=False):
        if len(out) == _OFFERED or stop():
            break
        answer = quick.answer(question)
        if not answer.abstained and any(name in c.quote for c in answer.citations):
            out.append((kind, question))
    return out


def _candidates(articles: Sequence[Article]) -> Iterator[tuple[str, str, str]]:
    """Kind, question, and the name that its answer must have in it."""
    people = [name for name, _ in _speakers(articles).most_common(_TRIED)]
    for name in people[:2]:
        yield "One person", f"What did {name} say?", name.rsplit(" ", 1)[-1]
    days = Counter(a.published for a in articles if a.published)
    for name in people[2:]:
        yield "One fact", f"Who is {name}?", name.rsplit(" ", 1)[-1]
    if days:
        day = max(days, key=lambda d: (days[d], d))
        yield "One day", f"What was reported on {day.day} {day:%B %Y}?", ""


def _speakers(articles: Sequence[Article]) -> Counter[str]:
    """How many articles quote each person by first and last name."""
    count: Counter[str] = Counter()
    for article in articles:
        found = {re.sub(r"[’']s$", "", a or b) for a, b in _SPEAKER.findall(article.text)}
        count.update(sorted(name for name in found if _is_person(name)))
    return count


def _is_person(name: str) -> bool:
    return not any(word.lower() in _NO_NAME or word.isupper() for word in name.split())
