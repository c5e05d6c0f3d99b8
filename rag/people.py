"""Who is quoted: the people that articles name with first and last name and report to have said something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.errors import InputError
from index.store.base import Collection
from index.types import Article
from rag.quotes import full_names, statements

NEWEST = 100  # articles that are looked through: some five seconds of one core, once


@dataclass(frozen=True)
class Person:
    """A person whom articles quote, and how many articles do."""

    name: str
    articles: int


def people(store: Collection, limit: int = 20) -> list[Person]:
    """The people whom the 100 newest articles quote, those quoted by the most articles first.

    Raises:
        InputError: `limit` is below 1.
    """
    if limit < 1:
        raise InputError(f"The limit is {limit}.", "Ask for at least one person.")
    return quoted(store.articles(NEWEST))[:limit]


def quoted(articles: Sequence[Article]) -> list[Person]:
    """The people whom articles quote, and name by first and last name, those quoted by the most articles first."""
    count: Counter[str] = Counter()
    for article in articles:
        count.update(sorted(speaking(article.text)))
    return [Person(name, n) for name, n in count.most_common()]


@lru_cache(maxsize=1_000)
def speaking(text: str) -> frozenset[str]:
    """Who speaks in a text, by first and last name; not those of whom it gives the last name to several people."""
    found = set[str]()
    for last in {said.last for said in statements(text)}:
        names = full_names(text, last)
        if len(names) == 1:
            found |= names
    return frozenset(found)
