"""One digest of all that an index's database holds, for indexes that are small enough to be read at each opening.

SQLite notices a damaged structure, and not a changed word. Articles carry a digest each, and
chunks the digest of their text, which are checked whenever they are read; what full text and
vectors hold can only be checked as a whole.
"""

from __future__ import annotations

import hashlib
import sqlite3

SMALL = 20_000  # chunks up to which it is made: a fifth of a second there
_HELD = (
    "SELECT key, value FROM meta WHERE key != 'digest' ORDER BY key",
    "SELECT id, source, published, hash FROM articles ORDER BY id",
    """SELECT c.row, c.id, c.article_id, c.ordinal, c.start, c.stop, c.kind, c.hash, v.vector
        FROM chunks c LEFT JOIN vectors v ON v.hash = c.hash ORDER BY c.row""",
    "SELECT id, block FROM full_text_data ORDER BY id",
    "SELECT segid, term, pgno FROM full_text_idx ORDER BY segid, term",
    "SELECT id, c0, c1 FROM full_text_content ORDER BY id",
    "SELECT id, sz FROM full_text_docsize ORDER BY id",
)


def digest(db: sqlite3.Connection) -> str:
    """SHA-256 over every value that searches and answers use, save the articles' own text, in hexadecimal."""
    made = hashlib.sha256()
    for query in _HELD:
        for row in db.execute(query):
            for value in row:
                data = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
                made.update(b"%d:" % len(data) + data)
    return made.hexdigest()


def say(db: sqlite3.Connection, says: dict[str, str]) -> None:
    """Store an index's record and, if the index is small, the digest of all that it holds."""
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(says.items()))
    db.execute("DELETE FROM meta WHERE key = 'digest'")
    if db.execute("SELECT count(*) FROM chunks").fetchone()[0] <= SMALL:
        db.execute("SAVEPOINT flushed")  # what full text still holds in memory is written, too
        db.execute("RELEASE flushed")
        db.execute("INSERT INTO meta VALUES ('digest', ?)", (digest(db),))
