"""Full text in an index: which chunks have a query's words, ranked by BM25 as far as that stays quick."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

RANKED = 8_000  # chunks that are ranked for one query, at most: about 2 microseconds each


def best(db: sqlite3.Connection, words: Sequence[str], k: int, within: np.ndarray | None = None) -> dict[int, float]:
    """BM25 by chunk row of the k best, higher is better."""
    if not words:
        return {}
    # Ranking each chunk that has a common word is what would take the time in a large index.
    # So words are taken from the rarest on, as far as that stays quick.
    counts = sorted((count, n, word) for n, word in enumerate(words) if (count := _chunks_with(db, word)))
    sums = accumulate(count for count, _, _ in counts)
    rare = [word for (_, _, word), total in zip(counts, sums, strict=True) if total <= RANKED]
    there = [word for _, _, word in counts]
    found = _ranked(db, " OR ".join(map(_quoted, rare)), k, within) if rare else {}
    if len(found) < k and len(rare) < len(there):
        # BM25 would count each common word through the whole index; these have all of the words.
        top = max(found.values(), default=1.0)
        found |= dict.fromkeys(_with_all(db, " AND ".join(map(_quoted, there)), k, within), top)
    return dict(sorted(found.items(), key=lambda hit: (-hit[1], hit[0]))[:k])


def _ranked(db: sqlite3.Connection, match: str, k: int, within: np.ndarray | None) -> dict[int, float]:
    limited = _limited(db, within)
    query = f"SELECT rowid, -bm25(full_text, 0.5, 1.0) FROM full_text WHERE full_text MATCH ? {limited} ORDER BY rank LIMIT ?"
    return {row: float(score) for row, score in db.execute(query, (match, k))}


def _with_all(db: sqlite3.Connection, match: str, k: int, within: np.ndarray | None) -> list[int]:
    """The newest rows that match."""
    limited = _limited(db, within)
    query = f"SELECT rowid FROM full_text WHERE full_text MATCH ? {limited} ORDER BY rowid DESC LIMIT ?"
    return [row for (row,) in db.execute(query, (match, k))]


def _limited(db: sqlite3.Connection, within: np.ndarray | None) -> str:
    if within is None:
        return ""
    bits = within.tobytes()
    db.create_function("allowed", 1, lambda row: bits[row])
    # The plus keeps SQLite from looking each row up by itself, which is a hundred times slower.
    return "AND allowed(+rowid)"


def _chunks_with(db: sqlite3.Connection, word: str) -> int:
    """How many chunks have a word, counted only as far as needed."""
    query = "SELECT count(*) FROM (SELECT 1 FROM full_text WHERE full_text MATCH ? LIMIT ?)"
    return int(db.execute(query, (_quoted(word), RANKED + 1)).fetchone()[0])


def knows(db: sqlite3.Connection, beginning: str) -> bool:
    """Whether any article has a word that begins so (case and accents do not matter)."""
    letters = "".join(c for c in beginning if c.isalnum())
    query = "SELECT 1 FROM full_text WHERE full_text MATCH ? LIMIT 1"
    return not letters or db.execute(query, (f'"{letters}"*',)).fetchone() is not None


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
