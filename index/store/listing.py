"""Looking through an index without a search: its articles page by page, its sources with their days."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from index.store.database import marks
from index.store.names import check_days, check_source, merged, source_key
from index.store.sqlite import Store
from index.types import Article

_GAPS = "(source IS NULL OR published IS NULL)"


@dataclass(frozen=True)
class Source:
    """An outlet, under all spellings of its name.

    Attributes:
        articles: how many it has.
        first, last: the days of its oldest and newest article; None if none is dated.
    """

    name: str
    articles: int
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Page:
    """Some of the articles that were asked for.

    Attributes:
        total: how many there are in all.
    """

    articles: list[Article]
    total: int


def page(
    store: Store,
    offset: int,
    limit: int,
    *,
    source: str | None = None,
    after: date | None = None,
    before: date | None = None,
    newest_first: bool = False,
    gaps: bool = False,
) -> Page:
    """The articles from `offset` on, `limit` at most, oldest first; those without a date come last in either order.

    Args:
        source, after, before: only articles of this source, published on or after, on or before this day.
        gaps: only articles that name no source or have no date.

    Raises:
        InputError: no article has this source, or `after` is later than `before`.
    """
    check_days(after, before)
    with store.snapshot() as db:
        where, values = _limits(store, source, after, before, gaps)
        total = db.execute(f"SELECT count(*) FROM articles {where}", values).fetchone()[0]
        order = "published DESC" if newest_first else "published"
        query = f"SELECT id FROM articles {where} ORDER BY published IS NULL, {order}, id LIMIT ? OFFSET ?"
        found = db.execute(query, (*values, limit, offset)).fetchall()
        return Page([store.article(row[0]) for row in found], int(total))


def sources(store: Store) -> list[Source]:
    """The sources that articles name, those with most articles first."""
    spelled: dict[str, list[tuple[str, int, str | None, str | None]]] = defaultdict(list)
    with store.snapshot() as db:
        query = """SELECT source, count(*), min(published), max(published) FROM articles
            WHERE source IS NOT NULL GROUP BY source"""
        for row in db.execute(query):
            spelled[source_key(row[0])].append(row)
    out = []
    for rows in spelled.values():
        days = [date.fromisoformat(day) for row in rows for day in row[2:] if day]
        (name,) = merged(row[0] for row in rows)
        out.append(Source(name, sum(row[1] for row in rows), min(days, default=None), max(days, default=None)))
    return sorted(out, key=lambda s: (-s.articles, s.name.casefold()))


def count_gaps(store: Store) -> int:
    """How many articles name no source or have no date."""
    with store.snapshot() as db:
        return int(db.execute(f"SELECT count(*) FROM articles WHERE {_GAPS}").fetchone()[0])


def _limits(
    store: Store, source: str | None, after: date | None, before: date | None, gaps: bool
) -> tuple[str, list[Any]]:
    """A WHERE clause and its values (inside a snapshot)."""
    parts: list[str] = [_GAPS] if gaps else []
    values: list[Any] = []
    if source:
        check_source(source, store.sources())
        same = [name for name in store.by_source() if name and source_key(name) == source_key(source)]
        parts.append(f"source IN ({marks(same)})")
        values += same
    for sign, day in ((">=", after), ("<=", before)):
        if day:
            parts.append(f"published {sign} ?")
            values.append(day.isoformat())
    return ("WHERE " + " AND ".join(parts) if parts else ""), values
