"""An index on disk: SQLite holds everything, FAISS holds the vectors a second time, for speed.

    FOLDER/index.sqlite          articles, chunks, full text (FTS5), vectors, and `meta`
    FOLDER/vectors-N-….faiss     the vectors of the time of generation N, by chunk row (`index.store.vectors`)
    FOLDER/write.lock            held by the one writer
    FOLDER/added/                a person's own articles (`index.additions`)
    FOLDER/edits.json            what a person set of articles (`index.edits`)

The commit of one SQLite transaction is the only moment at which anything changes: it counts
the generation up and names a FAISS file that was written and flushed before, with its
SHA-256. A reader that finds another generation loads what is new in it; a file that is
missing or altered is an error that names the repair, never a wrong answer.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np

from index.embedder import Embedder
from index.errors import IndexDamaged, IndexMissing
from index.store import full_text
from index.store.database import (
    DATABASE,
    UNREADABLE,
    article_from,
    as_now,
    base_of,
    connect,
    damaged,
    is_there,
    marks,
    matrix,
    parts,
)
from index.store.digest import digest
from index.store.filters import Limits
from index.store.names import merged
from index.store.vectors import Base, Vectors, read_base
from index.text.chunks import chunk_key
from index.types import Article, Chunk

COMPARED = 300  # chunks that a limited search compares one by one; above, FAISS passes over the others


class Store:
    """An index opened for reading; it follows the index when a writer replaces it.

    Args:
        vectors: load them too; without them it can be read and not searched.

    Raises:
        IndexMissing: there is none in the folder.
        IndexDamaged: its parts do not agree, or it was made by another program version or
            embedding model.
    """

    def __init__(self, folder: Path, embedder: Embedder | None = None, vectors: bool = True) -> None:
        if not is_there(folder):
            raise IndexMissing(f"There is no index in {folder}.", "Build one: rag index FOLDER")
        if not (folder / DATABASE).is_file():
            raise damaged(folder, f"{DATABASE} is missing")
        self.folder = folder
        self._lock = threading.RLock()
        self._db = connect(folder)
        self._inode = (folder / DATABASE).stat().st_ino
        self._vectors: Vectors | None = None
        self._with_vectors = vectors
        self._base: Base | None = None
        self._seen = ("", -1)  # which index, and its generation
        self._embedder = embedder.name if embedder else None
        self._limits = Limits()
        self._article = lru_cache(maxsize=2_000)(self._read_article)
        with self.snapshot():
            pass

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """One consistent state for all that is read inside: SQLite and FAISS of one generation.

        Inside another snapshot it is that same state.
        """
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            self._reopen()
            for _ in range(5):
                try:
                    self._db.execute("BEGIN")
                    meta = self._meta()
                    if self._follow(meta):
                        break
                except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
                    self._end()
                    raise damaged(self.folder, f"{DATABASE} cannot be read ({error})") from error
                except BaseException:
                    self._end()
                    raise
                self._end()
            else:
                raise damaged(self.folder, f"{base_of(meta).name} is missing")
            try:
                yield self._db
            except UNREADABLE as error:
                raise damaged(self.folder, f"{DATABASE} cannot be read ({error})") from error
            finally:
                self._end()

    @property
    def meta(self) -> dict[str, str]:
        """The index's own record: format, embedder, counts, folders, when it was built."""
        with self.snapshot():
            return self._meta()

    def article(self, article_id: str) -> Article:
        """The article with this id.

        Raises:
            KeyError: there is none.
        """
        with self.snapshot():
            return self._article(article_id)

    def articles(self, newest: int = -1) -> list[Article]:
        """Every article, or the `newest`, oldest first; those without a date come last."""
        query = """SELECT id FROM (SELECT id, published FROM articles ORDER BY published IS NULL, published DESC, id LIMIT ?)
            ORDER BY published IS NULL, published, id"""
        with self.snapshot() as db:
            return [self._article(row[0]) for row in db.execute(query, (newest,)).fetchall()]

    def ids(self) -> list[str]:
        """The ids of all articles."""
        with self.snapshot() as db:
            return [row[0] for row in db.execute("SELECT id FROM articles")]

    def of_source(self, source: str, limit: int) -> list[Article]:
        """The newest articles of a source."""
        with self.snapshot() as db:
            query = "SELECT id FROM articles WHERE source = ? ORDER BY published DESC, id LIMIT ?"
            return [self._article(row[0]) for row in db.execute(query, (source, limit)).fetchall()]

    def sources(self) -> list[str]:
        """The sources that articles name, in alphabetical order."""
        with self.snapshot():
            return merged(self._sources())

    def span(self) -> tuple[date | None, date | None]:
        """The days of the oldest and the newest article; None where none is dated."""
        with self.snapshot() as db:
            first, last = db.execute("SELECT min(published), max(published) FROM articles").fetchone()
        return (date.fromisoformat(first), date.fromisoformat(last)) if first else (None, None)

    def by_day(self) -> dict[date, int]:
        """How many articles each day has, oldest day first; those without a date are left out."""
        with self.snapshot() as db:
            query = "SELECT published, count(*) FROM articles WHERE published IS NOT NULL GROUP BY published ORDER BY 1"
            return {date.fromisoformat(day): count for day, count in db.execute(query)}

    def by_source(self) -> dict[str | None, int]:
        """How many articles each source has, most first; None stands for articles that name none."""
        with self.snapshot() as db:
            return dict(
                db.execute("SELECT source, count(*) FROM articles GROUP BY source ORDER BY 2 DESC, 1").fetchall()
            )

    def with_text(self, text: str) -> str | None:
        """The id of an article with exactly this text, or None."""
        with self.snapshot() as db:
            query = """SELECT id FROM articles
                WHERE length(json_extract(data, '$.text')) = ? AND json_extract(data, '$.text') = ? LIMIT 1"""
            found = db.execute(query, (len(text), text)).fetchone()
        return found[0] if found else None

    def chunk(self, row: int) -> Chunk:
        """The chunk in this row (inside a snapshot)."""
        found = self._db.execute(
            "SELECT id, article_id, ordinal, start, stop, kind, hash FROM chunks WHERE row = ?", (row,)
        ).fetchone()
        if found is None:
            raise damaged(self.folder, f"row {row} is in the vectors and not in {DATABASE}")
        chunk_id, article_id, ordinal, start, end, kind, key = found
        try:
            text = self._article(article_id).text[start:end]
        except KeyError:
            raise damaged(self.folder, f"{DATABASE} has a chunk of {article_id} and not the article") from None
        made = Chunk(chunk_id, article_id, ordinal, start, end, text, kind)
        if chunk_key(self._article(article_id), made) != key:
            raise damaged(self.folder, f"chunk {chunk_id} in {DATABASE} is not what was written")
        return made

    def loaded_article(self, article_id: str) -> Article:
        """The article with this id (inside a snapshot)."""
        return self._article(article_id)

    def nearest(self, vector: np.ndarray, k: int, within: np.ndarray | None = None) -> list[tuple[int, float]]:
        """(chunk row, cosine) of the k nearest, `within` those allowed (inside a snapshot).

        Cosines are exact; in a large index the search is approximate: it looks at a part of the vectors.
        """
        assert self._vectors is not None
        if within is not None and not self._vectors.exact and np.count_nonzero(within) <= COMPARED:
            # Few are allowed: the lists that are looked into would hold hardly any of them.
            exact = self.cosines(vector, np.flatnonzero(within).tolist())
            return sorted(exact.items(), key=lambda hit: (-hit[1], hit[0]))[:k]
        wanted = k if self._vectors.exact else 2 * k
        while True:
            found = self._vectors.nearest(vector, wanted, within)
            if self._vectors.exact:
                there = self._alive([row for row, _ in found])
                kept = [hit for hit in found if hit[0] in there]
            else:
                kept = sorted(
                    self.cosines(vector, [row for row, _ in found]).items(), key=lambda hit: (-hit[1], hit[0])
                )
            # What is gone still stands in the file, and may stand before everything that is there.
            if len(kept) >= k or len(found) < wanted or wanted >= self._vectors.total:
                return kept[:k]
            wanted *= 4

    def within(
        self, source: str | None, after: date | None, before: date | None, as_of: date | None
    ) -> np.ndarray | None:
        """For each chunk row whether a search may find it, None where there is no limit (inside a snapshot).

        Args:
            source, after, before, as_of: see `index.search.search`.
        """
        if not (source or after or before):
            later = "SELECT 1 FROM articles WHERE published > ? LIMIT 1"
            if not as_of or not self._db.execute(later, (as_of.isoformat(),)).fetchone():
                return None
        self._limits.follow(self._db)
        return self._limits.allowed(source, after, before, as_of)

    def _sources(self) -> list[str]:
        # From one to the next in the index: DISTINCT would read all of it.
        query = """WITH RECURSIVE named(source) AS (SELECT min(source) FROM articles UNION ALL
            SELECT (SELECT min(a.source) FROM articles a WHERE a.source > named.source) FROM named WHERE named.source IS NOT NULL)
            SELECT source FROM named WHERE source IS NOT NULL"""
        return [row[0] for row in self._db.execute(query)]

    def full_text(self, words: Sequence[str], k: int, within: np.ndarray | None = None) -> dict[int, float]:
        """BM25 by chunk row of the k best, higher is better (inside a snapshot)."""
        return full_text.best(self._db, words, k, within)

    def knows(self, beginning: str) -> bool:
        """Whether any article has a word that begins so (case and accents do not matter)."""
        with self.snapshot() as db:
            return full_text.knows(db, beginning)

    def cosines(self, vector: np.ndarray, rows: Sequence[int]) -> dict[int, float]:
        """Cosine similarity of the vector and each row's, of rows that are there (inside a snapshot)."""
        out: dict[int, float] = {}
        for part in parts(rows):
            query = (
                f"SELECT c.row, v.vector FROM chunks c JOIN vectors v ON v.hash = c.hash WHERE c.row IN ({marks(part)})"
            )
            out |= {row: float(np.frombuffer(blob, np.float32) @ vector) for row, blob in self._db.execute(query, part)}
        return out

    def _alive(self, rows: Sequence[int]) -> set[int]:
        return {
            found[0]
            for part in parts(rows)
            for found in self._db.execute(f"SELECT row FROM chunks WHERE row IN ({marks(part)})", part)
        }

    def _reopen(self) -> None:
        """Open the database again where `rag index --rebuild` has put a new one in its place."""
        try:
            now = (self.folder / DATABASE).stat().st_ino
        except FileNotFoundError:
            return  # it is being rebuilt: the old one is open here, and whole
        if now != self._inode:
            self._db.close()
            self._db, self._inode, self._seen, self._base = connect(self.folder), now, ("", -1), None

    def _end(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _meta(self) -> dict[str, str]:
        begun = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
        if not begun and any(self.folder.glob("vectors-*")):
            raise damaged(self.folder, f"{DATABASE} is empty")
        meta = dict(self._db.execute("SELECT key, value FROM meta").fetchall()) if begun else {}
        if not meta:
            raise IndexMissing(f"The index in {self.folder} was never finished.", "Run `rag index` again.")
        return as_now(self._db, self.folder, meta)

    def _follow(self, meta: dict[str, str]) -> bool:
        """Load the vectors of the generation, unless they are loaded; False if it changed meanwhile."""
        seen = (meta.get("made", ""), int(meta["generation"]))
        if seen == self._seen:
            return True
        if self._embedder and meta["embedder"] != self._embedder:
            raise IndexDamaged(
                f"The index in {self.folder} was built with {meta['embedder']}, but {self._embedder} was requested.",
                f"Leave the embedder out to use it as it is, or rebuild it: rag index --rebuild --embedder {self._embedder}",
            )
        if seen[0] != self._seen[0]:
            self._limits = Limits()  # another index, whose rows are other chunks
        if not self._with_vectors:
            self._seen = seen
            self._article.cache_clear()
            return True
        # First: a bit of what it says of the FAISS file would make that one look damaged.
        if "digest" in meta and digest(self._db) != meta["digest"]:
            raise damaged(self.folder, f"what {DATABASE} holds is not what was written")
        base = base_of(meta)
        try:
            file = self._vectors.base if self._vectors and base == self._base else read_base(self.folder, base)
        except FileNotFoundError:
            return False
        except (ValueError, RuntimeError) as error:
            if not (self.folder / base.name).exists():
                return False  # a writer replaced it meanwhile
            raise damaged(self.folder, str(error)) from error
        since = self._db.execute(
            "SELECT c.row, v.vector FROM chunks c JOIN vectors v ON v.hash = c.hash WHERE c.row > ? ORDER BY c.row",
            (base.last,),
        ).fetchall()
        there = self._db.execute("SELECT count(*) FROM chunks").fetchone()[0]
        if there != int(meta["chunks"]):
            raise damaged(self.folder, f"{DATABASE} holds {there} chunks and {meta['chunks']} were written")
        self._vectors = Vectors(file, [row for row, _ in since], matrix([blob for _, blob in since], int(meta["dim"])))
        self._base = base
        self._seen = seen
        self._article.cache_clear()
        return True

    def _read_article(self, article_id: str) -> Article:
        row = self._db.execute("SELECT hash, data FROM articles WHERE id = ?", (article_id,)).fetchone()
        if row is None:
            raise KeyError(article_id)
        if not isinstance(row[1], str) or hashlib.sha256(row[1].encode()).hexdigest() != row[0]:
            raise damaged(self.folder, f"article {article_id} in {DATABASE} is not what was written")
        return article_from(json.loads(row[1]))

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._db.close()
