"""Which chunks a search is limited to: by source and by day."""

from __future__ import annotations

import sqlite3
from datetime import date

import numpy as np

from index.store.names import source_key

_UNDATED = 0  # no day has this ordinal
_GONE = -1


class Limits:
    """The day and the source of each chunk row: eight bytes a chunk, so that a limit is applied to all at once."""

    def __init__(self) -> None:
        self._days = np.empty(0, np.int32)
        self._sources = np.empty(0, np.int32)
        self._numbers: dict[str | None, int] = {}

    def follow(self, db: sqlite3.Connection) -> None:
        """Add the rows that are new; removed ones may stay, as no search finds them."""
        query = """SELECT c.row, a.published, a.source FROM chunks c JOIN articles a ON a.id = c.article_id
            WHERE c.row >= ? ORDER BY c.row"""
        new = db.execute(query, (len(self._days),)).fetchall()
        if not new:
            return
        ordinals = {day: date.fromisoformat(day).toordinal() if day else _UNDATED for day in {row[1] for row in new}}
        size = new[-1][0] + 1
        self._days, self._sources = _longer(self._days, size), _longer(self._sources, size)
        rows = np.fromiter((row[0] for row in new), np.int64, len(new))
        self._days[rows] = np.fromiter((ordinals[row[1]] for row in new), np.int32, len(new))
        for name in dict.fromkeys(row[2] for row in new):
            self._numbers.setdefault(name, len(self._numbers))
        self._sources[rows] = np.fromiter((self._numbers[row[2]] for row in new), np.int32, len(new))

    def allowed(
        self, source: str | None, after: date | None, before: date | None, as_of: date | None
    ) -> np.ndarray | None:
        """For each chunk row whether it may be found, shape (rows,); None if there is no limit."""
        day, allowed = self._days, self._days != _GONE
        if source:
            named = [n for name, n in self._numbers.items() if name and source_key(name) == source_key(source)]
            allowed &= np.isin(self._sources, named)
        if after:
            allowed &= day >= after.toordinal()
        if before:
            allowed &= (day <= before.toordinal()) & (day != _UNDATED)
        if as_of:
            allowed &= day <= as_of.toordinal()
        return None if allowed.sum() == (day != _GONE).sum() else allowed


def _longer(values: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([values, np.full(size - len(values), _GONE, np.int32)])
