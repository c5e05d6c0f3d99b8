"""An index on disk: SQLite holds everything, FAISS holds the vectors a second time, for speed.

    FOLDER/index.sqlite          articles, chunks, full text (FTS5), vectors, and `meta`
    FOLDER/vectors-N.faiss       the vectors of generation N, by chunk row
    FOLDER/write.lock            held by the one writer
    FOLDER/added/                a person's own articles (`index.additions`)

The commit of one SQLite transaction is the only moment at which anything changes: it names
the generation whose FAISS file was written and flushed before, and that file's SHA-256. A
reader that finds another generation loads it; a file that is missing or altered is an error
that names the repair, never a wrong answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from index.chunks import MAX_WORDS, chunk, embedded_text
from index.embedder import Embedder, Progress
from index.errors import IndexBusy, IndexDamaged, IndexMissing, RagError
from index.types import Article, Chunk, IndexReport, Removed, Skipped

FORMAT = 1
DATABASE = "index.sqlite"
ADDED = "added"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS articles(
    id TEXT PRIMARY KEY, source TEXT, published TEXT, hash TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks(
    row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, article_id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, stop INTEGER NOT NULL, kind TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_by_article ON chunks(article_id, ordinal);
CREATE TABLE IF NOT EXISTS vectors(hash TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS full_text USING fts5(title, body, tokenize='porter unicode61 remove_diacritics 2');
"""


class Store:
    """An index opened for reading; it follows the index when a writer replaces it.

    Raises:
        IndexMissing: there is none in the folder.
        IndexDamaged: its parts do not agree, or it was made by another program version or
            embedding model.
    """

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        if not (folder / DATABASE).is_file():
            raise IndexMissing(f"There is no index in {folder}.", "Build one: rag index FOLDER")
        self.folder = folder
        self._lock = threading.RLock()
        self._db = _connect(folder)
        self._faiss: Any = None
        self._generation = -1
        self._article = lru_cache(maxsize=2_000)(self._read_article)
        with self.snapshot():
            pass
        if embedder is not None:
            self._check_embedder(embedder)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """One consistent state for all that is read inside: SQLite and FAISS of one generation.

        Inside another snapshot it is that same state.
        """
        with self._lock:
            if self._db.in_transaction:
                yield self._db
                return
            for _ in range(5):
                try:
                    self._db.execute("BEGIN")
                    meta = self._meta()
                    if self._follow(meta):
                        break
                except sqlite3.DatabaseError as error:
                    self._end()
                    raise _damaged(self.folder, f"{DATABASE} cannot be read ({error})") from error
                except BaseException:
                    self._end()
                    raise
                self._end()
            else:
                raise _damaged(self.folder, f"vectors-{meta['generation']}.faiss is missing")
            try:
                yield self._db
            except sqlite3.DatabaseError as error:
                raise _damaged(self.folder, f"{DATABASE} cannot be read ({error})") from error
            finally:
                self._end()

    @property
    def meta(self) -> dict[str, str]:
        """What the index says of itself: format, embedder, counts, folders, when it was built."""
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
        """The sources that articles name, by their alphabet."""
        with self.snapshot() as db:
            found = db.execute("SELECT DISTINCT source FROM articles WHERE source IS NOT NULL ORDER BY lower(source)")
            return [row[0] for row in found]

    def span(self) -> tuple[date | None, date | None]:
        """The days of the oldest and the newest article; None where none is dated."""
        with self.snapshot() as db:
            first, last = db.execute("SELECT min(published), max(published) FROM articles").fetchone()
        return (date.fromisoformat(first), date.fromisoformat(last)) if first else (None, None)

    def with_text(self, text: str) -> str | None:
        """The id of an article with exactly this text, or None."""
        with self.snapshot() as db:
            query = "SELECT id FROM articles WHERE json_extract(data, '$.text') = ? LIMIT 1"
            found = db.execute(query, (text,)).fetchone()
        return found[0] if found else None

    def chunk(self, row: int) -> Chunk:
        """The chunk in this row (inside a snapshot)."""
        found = self._db.execute(
            "SELECT id, article_id, ordinal, start, stop, kind FROM chunks WHERE row = ?", (row,)
        ).fetchone()
        if found is None:
            raise _damaged(self.folder, f"row {row} is in the vectors and not in {DATABASE}")
        chunk_id, article_id, ordinal, start, end, kind = found
        text = self._article(article_id).text[start:end]
        if len(text) != end - start or not text:
            raise _damaged(self.folder, f"chunk {chunk_id} lies outside its article")
        return Chunk(chunk_id, article_id, ordinal, start, end, text, kind)

    def loaded_article(self, article_id: str) -> Article:
        """The article with this id (inside a snapshot)."""
        return self._article(article_id)

    def nearest(self, vector: np.ndarray, k: int, rows: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """(chunk row, cosine) of the k nearest, among `rows` where given (inside a snapshot)."""
        import faiss

        if self._faiss.ntotal == 0 or (rows is not None and not len(rows)):
            return []
        options = {}
        if rows is not None:
            options["params"] = faiss.SearchParameters(  # type: ignore[call-arg]
                sel=faiss.IDSelectorBatch(np.asarray(rows, np.int64))
            )
        scores, ids = self._faiss.search(vector[None].astype(np.float32), min(k, self._faiss.ntotal), **options)
        return [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i != -1]

    def knows(self, beginning: str) -> bool:
        """Whether any article has a word that begins so (case and accents do not matter)."""
        letters = "".join(c for c in beginning if c.isalnum())
        with self.snapshot() as db:
            query = "SELECT 1 FROM full_text WHERE full_text MATCH ? LIMIT 1"
            return not letters or db.execute(query, (f'"{letters}"*',)).fetchone() is not None

    def cosines(self, vector: np.ndarray, rows: Sequence[int]) -> dict[int, float]:
        """Cosine similarity of the vector and each row's (inside a snapshot)."""
        return {row: float(self._faiss.reconstruct(int(row)) @ vector) for row in rows}

    def _end(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _meta(self) -> dict[str, str]:
        meta = dict(self._db.execute("SELECT key, value FROM meta").fetchall())
        if "generation" not in meta:
            raise IndexMissing(f"The index in {self.folder} was never finished.", "Run `rag index` again.")
        if meta["format"] != str(FORMAT):
            raise IndexDamaged(
                f"The index in {self.folder} has format {meta['format']}; this program reads {FORMAT}.",
                "Rebuild it: rag index --rebuild",
            )
        return meta

    def _follow(self, meta: dict[str, str]) -> bool:
        """Load the vectors of the generation, unless they are loaded. False: look again."""
        generation = int(meta["generation"])
        if generation == self._generation:
            return True
        import faiss

        path = self.folder / f"vectors-{generation}.faiss"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return False
        if hashlib.sha256(data).hexdigest() != meta["vectors_sha256"]:
            raise _damaged(self.folder, f"{path.name} is not the file that was written ({len(data):,} bytes)")
        self._faiss = faiss.deserialize_index(np.frombuffer(data, np.uint8))
        if self._faiss.ntotal != int(meta["chunks"]):
            raise _damaged(self.folder, f"{self._faiss.ntotal} vectors stand beside {meta['chunks']} chunks")
        self._generation = generation
        self._article.cache_clear()
        return True

    def _check_embedder(self, embedder: Embedder) -> None:
        meta = self.meta
        if meta["embedder"] != embedder.name:
            raise IndexDamaged(
                f"The index in {self.folder} was built with {meta['embedder']}, and {embedder.name} is asked for.",
                f"Rebuild it (rag index --rebuild) or open it with --embedder {meta['embedder']}.",
            )

    def _read_article(self, article_id: str) -> Article:
        row = self._db.execute("SELECT hash, data FROM articles WHERE id = ?", (article_id,)).fetchone()
        if row is None:
            raise KeyError(article_id)
        if hashlib.sha256(row[1].encode()).hexdigest() != row[0]:
            raise _damaged(self.folder, f"article {article_id} in {DATABASE} is not what was written")
        return _article_from(json.loads(row[1]))

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._db.close()


def write(
    folder: Path,
    articles: Sequence[Article],
    embedder: Embedder,
    skipped: Sequence[Skipped] = (),
    folders: Sequence[str] = (),
    rebuild: bool = False,
    progress: Progress | None = None,
    drop: Sequence[str] | None = None,
) -> IndexReport:
    """Make the index hold exactly these articles; embed only what is new.

    Where `drop` is given, all other articles stay too, save those with these ids.

    Vectors are committed in batches as they are made, so that an interrupted run is not
    repeated; articles and chunks change in one transaction at the end.

    Raises:
        IndexBusy: another process is writing this index.
        IndexDamaged: the present index was made with another model or format (see `rebuild`).
    """
    with writing(folder):
        if rebuild:
            _remove(folder)
        db = _connect(folder)
        try:
            return _write(db, folder, articles, embedder, skipped, folders, progress, drop)
        except sqlite3.DatabaseError as error:
            if "full" in str(error):
                raise RagError(f"The disk that holds {folder} is full.", "Free some space and run it again.") from error
            raise _damaged(folder, f"{DATABASE} cannot be written ({error})") from error
        finally:
            db.close()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the index's one place for a writer; may be held again inside by the same thread.

    Raises:
        IndexBusy: another process or thread holds it.
    """
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(str(folder.resolve() / "write.lock"), is_singleton=True)
    try:
        lock.acquire(timeout=5)
    except filelock.Timeout as error:
        raise IndexBusy(f"Another process is writing the index in {folder}.", "Wait for it and try again.") from error
    try:
        yield
    finally:
        lock.release()


def _write(
    db: sqlite3.Connection,
    folder: Path,
    articles: Sequence[Article],
    embedder: Embedder,
    skipped: Sequence[Skipped],
    folders: Sequence[str],
    progress: Progress | None,
    drop: Sequence[str] | None,
) -> IndexReport:
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            db.execute(statement)
    meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
    for key, want in (("format", str(FORMAT)), ("embedder", embedder.name), ("chunk_words", str(MAX_WORDS))):
        if meta.get(key, want) != want:
            raise IndexDamaged(
                f"The index in {folder} has {key} {meta[key]}, and {want} is asked for.",
                "Rebuild it: rag index --rebuild",
            )
    data = {a.id: json.dumps(_plain(a), ensure_ascii=False, sort_keys=True) for a in articles}
    hashes = {i: hashlib.sha256(text.encode()).hexdigest() for i, text in data.items()}
    before = dict(db.execute("SELECT id, hash FROM articles").fetchall())
    changed = [a for a in articles if before.get(a.id) != hashes[a.id]]
    dropped = [i for i in before if i not in hashes and (drop is None or i in drop)]
    chunks = {a.id: chunk(a) for a in changed}
    keys = {c.id: _key(embedded_text(a, c)) for a in changed for c in chunks[a.id]}
    embedded = _embed_missing(db, changed, chunks, keys, embedder, progress)

    db.execute("BEGIN IMMEDIATE")
    try:
        for article_id in [*dropped, *(a.id for a in changed if a.id in before)]:
            db.execute(
                "DELETE FROM full_text WHERE rowid IN (SELECT row FROM chunks WHERE article_id = ?)", (article_id,)
            )
            db.execute("DELETE FROM chunks WHERE article_id = ?", (article_id,))
            db.execute("DELETE FROM articles WHERE id = ?", (article_id,))
        row = db.execute("SELECT coalesce(max(row), 0) FROM chunks").fetchone()[0]
        for a in changed:
            db.execute(
                "INSERT INTO articles VALUES (?, ?, ?, ?, ?)",
                (a.id, a.source, a.published.isoformat() if a.published else None, hashes[a.id], data[a.id]),
            )
            for c in chunks[a.id]:
                row += 1
                db.execute(
                    "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (row, c.id, c.article_id, c.ordinal, c.start, c.end, c.kind, keys[c.id]),
                )
                db.execute("INSERT INTO full_text(rowid, title, body) VALUES (?, ?, ?)", (row, a.title or "", c.text))
        db.execute("DELETE FROM vectors WHERE hash NOT IN (SELECT hash FROM chunks)")
        generation = int(meta.get("generation", 0)) + 1
        total, digest = _write_vectors(db, folder, generation, embedder.dim)
        count = db.execute("SELECT count(*) FROM articles").fetchone()[0]
        db.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [
                ("format", str(FORMAT)),
                ("embedder", embedder.name),
                ("dim", str(embedder.dim)),
                ("chunk_words", str(MAX_WORDS)),
                ("generation", str(generation)),
                ("vectors_sha256", digest),
                ("chunks", str(total)),
                ("articles", str(count)),
                ("kind", "flat"),
                ("built_at", date.today().isoformat()),
                ("folders", json.dumps(list(folders))),
                ("skipped", json.dumps([asdict(s) for s in skipped])),
            ],
        )
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    for old in folder.glob("vectors-*"):
        if old.name != f"vectors-{generation}.faiss":
            old.unlink(missing_ok=True)
    updated = sum(1 for a in changed if a.id in before)
    return IndexReport(
        articles=count,
        chunks=total,
        added=len(changed) - updated,
        updated=updated,
        unchanged=len(articles) - len(changed),
        dropped=len(dropped),
        embedded=embedded,
        skipped=tuple(skipped),
    )


def _embed_missing(
    db: sqlite3.Connection,
    changed: Sequence[Article],
    chunks: dict[str, list[Chunk]],
    keys: dict[str, str],
    embedder: Embedder,
    progress: Progress | None,
    size: int = 256,
) -> int:
    """Embed what has no vector yet, committing batch by batch; how many were embedded."""
    have = {row[0] for row in db.execute("SELECT hash FROM vectors")}
    todo: dict[str, str] = {}
    for a in changed:
        for c in chunks[a.id]:
            if keys[c.id] not in have:
                todo[keys[c.id]] = embedded_text(a, c)
    names = list(todo)
    for start in range(0, len(names), size):
        part = names[start : start + size]
        vectors = embedder.passages([todo[name] for name in part])
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
            [(name, vector.astype(np.float32).tobytes()) for name, vector in zip(part, vectors, strict=True)],
        )
        db.execute("COMMIT")
        if progress:
            progress(min(start + size, len(names)), len(names))
    return len(names)


def _write_vectors(db: sqlite3.Connection, folder: Path, generation: int, dim: int) -> tuple[int, str]:
    """Write this generation's FAISS file and flush it; its vector count and SHA-256."""
    import faiss

    index = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
    cursor = db.execute("SELECT c.row, v.vector FROM chunks c JOIN vectors v ON v.hash = c.hash ORDER BY c.row")
    while rows := cursor.fetchmany(10_000):
        matrix = np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(len(rows), dim)
        index.add_with_ids(matrix, np.asarray([row[0] for row in rows], np.int64))
    data = faiss.serialize_index(index).tobytes()
    path = folder / f"vectors-{generation}.faiss"
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return int(index.ntotal), hashlib.sha256(data).hexdigest()


def _connect(folder: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(folder / DATABASE, timeout=30, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
    except sqlite3.DatabaseError as error:
        raise _damaged(folder, f"{DATABASE} cannot be read ({error})") from error
    return db


def _remove(folder: Path) -> None:
    for pattern in (f"{DATABASE}*", "vectors-*"):
        for path in folder.glob(pattern):
            path.unlink()


def _damaged(folder: Path, what: str) -> IndexDamaged:
    return IndexDamaged(f"The index in {folder} is damaged: {what}.", "Rebuild it: rag index --rebuild")


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _plain(article: Article) -> dict[str, Any]:
    data = asdict(article)
    data["published"] = article.published.isoformat() if article.published else None
    return data


def _article_from(data: dict[str, Any]) -> Article:
    data["published"] = date.fromisoformat(data["published"]) if data["published"] else None
    data["authors"] = tuple(data["authors"])
    data["removed"] = tuple(Removed(**removed) for removed in data["removed"])
    data["captions"] = tuple((start, end) for start, end in data["captions"])
    return Article(**data)
