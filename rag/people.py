"""Who is quoted: the people that articles name with first and last name beside a verb of saying."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from index.errors import InputError
from index.store.base import Collection
from index.text.dates import CALENDAR
from index.types import Article
from rag.claims.speakers import INSTITUTIONS
from rag.quotes import TITLES

NEWEST = 200  # articles that are looked through
_SAYS = r"(?:said|says|told|wrote|added|warned|argued|stated|announced|insisted)"
_SPEAKER = re.compile(rf"\b([A-Z][\w’-]+ [A-Z][\w’-]+),? (?:\w+ly )?{_SAYS}\b|\b{_SAYS} ([A-Z][\w’-]+ [A-Z][\w’-]+)\b")
_OPENERS = {"the", "a", "an", "today", "if", "but", "and", "while", "though", "although", "when", "as", "will", "since"}
_NO_NAME = CALENDAR | INSTITUTIONS | TITLES | _OPENERS | {"county", "state", "superintendent", "guard"}


@dataclass(frozen=True)
class Person:
    """A person whom articles quote, and how many articles do."""

    name: str
    articles: int


def people(store: Collection, limit: int = 20) -> list[Person]:
    """The people whom the 200 newest articles quote, those quoted by the most articles first.

    Raises:
        InputError: `limit` is below 1.
    """
    if limit < 1:
        raise InputError(f"The limit is {limit}.", "Ask for at least one person.")
    return quoted(store.articles(NEWEST))[:limit]


def quoted(articles: Sequence[Article]) -> list[Person]:
    """The people whom articles quote by first and last name, those quoted by the most articles first."""
    count: Counter[str] = Counter()
    for article in articles:
        found = {re.sub(r"[’']s$", "", a or b) for a, b in _SPEAKER.findall(article.text)}
        count.update(sorted(name for name in found if _is_person(name)))
    return [Person(name, n) for name, n in count.most_common()]


def _is_person(name: str) -> bool:
    return not any(word.lower() in _NO_NAME or word.isupper() for word in name.split())
