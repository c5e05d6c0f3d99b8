"""The places that articles name: countries, states and cities, in their first lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from index.store.base import Collection
from index.text.grammar import places as named

NEWEST = 100  # articles that are looked through: two to three seconds of one core
_OPENING = 1_500  # characters of each: news names its places first
_WHOLE = {"US": "United States", "U.S.": "United States", "USA": "United States", "U.S.A.": "United States",
          "America": "United States", "UK": "United Kingdom", "U.K.": "United Kingdom", "Britain": "United Kingdom"}  # fmt: skip
_STEM = 4  # letters that stay at least, and of an ending that go at most: a people is named after its place ("Iranian")
_LEAST = 2  # articles: what one alone names may be a mistake


@dataclass(frozen=True)
class Location:
    """A place that articles name, and how many do."""

    name: str
    articles: int


def places(store: Collection, limit: int, stop: Callable[[], bool] = lambda: False) -> list[Location]:
    """The places that most of the 100 newest articles name, at least two of them; it ends early where `stop` says so.

    Raises:
        ModelMissing, ModelError: see `index.text.grammar.parsed`.
    """
    count: Counter[str] = Counter()
    for article in store.articles(NEWEST):
        if stop():
            break
        count.update(sorted({_plain(name) for name in named(article.text[:_OPENING])}))
    return [Location(name, n) for name, n in count.most_common() if n >= _LEAST and not _is_people(name, count)][:limit]


def _is_people(name: str, others: Iterable[str]) -> bool:
    """Whether a name is only the adjective of another that is there: "Ukrainian" beside "Ukraine"."""
    stem = name[: max(_STEM, len(name) - _STEM)]
    return name.endswith(("an", "ish", "ese")) and any(o != name and o.startswith(stem) for o in others)


def _plain(name: str) -> str:
    """One name for what is written in several ways: "the United States", "WASHINGTON"."""
    name = " ".join(name.split()).removesuffix("’s").removesuffix("'s")
    name = name[4:] if name.lower().startswith("the ") else name
    return _WHOLE.get(name) or (name.title() if name.isupper() and len(name) > 4 else name)
