"""Writing an index: one writer at a time, one transaction, readers undisturbed."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from index.embedder import Embedder, Progress
from index.errors import IndexBusy, IndexDamaged, RagError
from index.store.database import DATABASE, FORMAT, UNREADABLE, as_now, base_of, connect, damaged, marks, matrix, parts
from index.store.digest import say
from index.store.replace import replace_index
from index.store.vectors import Base, is_due, may_wait, sample_size, write_base
from index.text.chunks import MAX_WORDS, chunk, chunk_key, embedded_text
from index.types import Article, IndexReport, Skipped

_log = logging.getLogger(__name__)
_RENEWAL = "renewal.faiss"
_AT_ONCE = 256  # articles whose chunks are held in memory
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS articles(
    id TEXT PRIMARY KEY, source TEXT, published TEXT, hash TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks(
    row INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, article_id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, stop INTEGER NOT NULL, kind TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS chunks_by_article ON chunks(article_id, ordinal);
CREATE INDEX IF NOT EXISTS articles_by_day ON articles(published);
CREATE INDEX IF NOT EXISTS articles_by_source ON articles(source, published);
CREATE INDEX IF NOT EXISTS articles_by_length ON articles(length(json_extract(data, '$.text')));
CREATE INDEX IF NOT EXISTS chunks_by_hash ON chunks(hash);
CREATE TABLE IF NOT EXISTS vectors(hash TEXT PRIMARY KEY, vector BLOB NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS full_text USING fts5(title, body, tokenize='porter unicode61 remove_diacritics 2');
"""


def write(
    folder: Path,
    articles: Sequence[Article],
    embedder: Embedder,
    skipped: Sequence[Skipped] = (),
    folders: Sequence[str] = (),
    *,
    rebuild: bool = False,
    progress: Progress | None = None,
    drop: Sequence[str] | None = None,
) -> IndexReport:
    """Make the index hold exactly these articles; embed only what is new.

    If `drop` is given, all other articles stay too, except those with these ids.

    Vectors are committed in batches as they are made, so that an interrupted run is not repeated; articles and chunks
    change in one transaction at the end. With `rebuild` nothing of the old index is used: a new one is made inside its
    folder, and replaces it when done.

    Raises:
        IndexBusy: another process is writing this index.
        RagError: it cannot be written; what was there before stays.
        IndexDamaged: the present index was made with another model or format (see `rebuild`).
    """
    with writing(folder), telling(folder):
        if rebuild and (folder / DATABASE).exists():
            rebuilt = _rebuild_folder(folder, embedder)
            report = write(rebuilt, articles, embedder, skipped, folders, progress=progress)
            replace_index(rebuilt, folder)
            return report
        with closing(connect(folder)) as db:
            return _write(db, folder, _Wanted(articles, skipped, folders, drop), embedder, progress)


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Turn what keeps an index from being written into an error of one sentence."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        if "malformed" in str(error):
            raise damaged(folder, f"{DATABASE} cannot be read ({error})") from error
        if "full" in str(error) or getattr(error, "errno", 0) == errno.ENOSPC:
            raise RagError(f"The disk that holds {folder} is full.", "Free some space and run it again.") from error
        raise RagError(
            f"The index in {folder} could not be written ({error}).",
            "Check the disk and its permissions, and run it again.",
        ) from error
    except UNREADABLE as error:
        raise damaged(folder, f"{DATABASE} cannot be read ({error})") from error


def _rebuild_folder(folder: Path, embedder: Embedder) -> Path:
    """Where a rebuild is made: the name says what vectors it holds, so that an interrupted one can carry on."""
    rebuilt = folder / f"rebuild-{hashlib.sha256(f'{embedder.name} {MAX_WORDS}'.encode()).hexdigest()[:12]}"
    for other in folder.glob("rebuild-*"):
        if other != rebuilt:
            shutil.rmtree(other, ignore_errors=True)
    return rebuilt


def prepare(db: sqlite3.Connection) -> None:
    """Create the missing tables, all or none."""
    db.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute("COMMIT")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the index's write lock; the same thread may take it again inside.

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


@dataclass(frozen=True)
class _Wanted:
    """What an index is to hold after a write; with `drop` all other articles too, except those with these ids."""

    articles: Sequence[Article]
    skipped: Sequence[Skipped]
    folders: Sequence[str]
    drop: Sequence[str] | None


def _write(
    db: sqlite3.Connection, folder: Path, wanted: _Wanted, embedder: Embedder, progress: Progress | None
) -> IndexReport:
    prepare(db)
    meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
    meta = as_now(db, folder, meta) if meta else meta
    for key, want in (("embedder", embedder.name), ("chunk_words", str(MAX_WORDS))):
        if meta.get(key, want) != want:
            raise IndexDamaged(
                f"The index in {folder} has {key} {meta[key]}, but {want} was requested.",
                "Rebuild it: rag index --rebuild",
            )
    hashes = {a.id: hashlib.sha256(as_data(a).encode()).hexdigest() for a in wanted.articles}
    before = _hashes(db, None if wanted.drop is None else [*hashes, *wanted.drop])
    changed = [a for a in wanted.articles if before.get(a.id) != hashes[a.id]]
    dropped = [i for i in before if i not in hashes and (wanted.drop is None or i in wanted.drop)]
    embedded = _embed_missing(db, changed, embedder, progress)

    db.execute("BEGIN IMMEDIATE")
    try:
        gone = _remove_articles(db, [*dropped, *(a.id for a in changed if a.id in before)])
        # Rows are never given twice: the vectors' file still has those that are gone.
        row = _insert(db, changed, hashes, int(meta.get("next_row", 1)))
        # Not before: a changed article may have most of its chunks again.
        unused = "DELETE FROM vectors WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM chunks WHERE hash = ?1)"
        db.executemany(unused, gone)
        generation, made = int(meta.get("generation", 0)) + 1, meta.get("made") or uuid.uuid4().hex
        base = base_of(meta) if meta else None
        total = db.execute("SELECT count(*) FROM chunks").fetchone()[0]
        since = db.execute("SELECT count(*) FROM chunks WHERE row > ?", (base.last if base else 0,)).fetchone()[0]
        due = is_due(base, total, since, base.rows - (total - since) if base else 0)
        later = due and base is not None and may_wait(total, since)
        if due and not later:
            db.execute("DELETE FROM vectors WHERE hash NOT IN (SELECT hash FROM chunks)")
            base = _new_base(db, folder, _file_name(generation, made), embedder.dim, total)
        assert base is not None
        count = db.execute("SELECT count(*) FROM articles").fetchone()[0]
        says = {
            "format": FORMAT,
            "embedder": embedder.name,
            "dim": embedder.dim,
            "chunk_words": MAX_WORDS,
            "made": made,
            "generation": generation,
            "base": json.dumps(asdict(base)),
            "next_row": row,
            "chunks": total,
            "articles": count,
            "kind": base.kind,
            "built_at": date.today().isoformat(),
            "folders": json.dumps(list(wanted.folders)),
            "skipped": json.dumps([asdict(s) for s in wanted.skipped]),
        }
        say(db, {key: str(value) for key, value in says.items()})
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    _tidy(folder, base)
    if later:
        # A thread that the program waits for at its end, after it has told what was done.
        threading.Thread(target=renew, args=(folder,), name="new vectors' file").start()
    updated = sum(1 for a in changed if a.id in before)
    return IndexReport(
        articles=count,
        chunks=total,
        added=len(changed) - updated,
        updated=updated,
        unchanged=len(wanted.articles) - len(changed),
        dropped=len(dropped),
        embedded=embedded,
        skipped=tuple(wanted.skipped),
    )


def renew(folder: Path) -> bool:
    """Write a new file of all vectors while others read and write; returns whether it is now in use.

    It is made from one state of the index. As row numbers are never reused, whatever was written meanwhile has higher
    rows or was removed, so the file is as good as one made in an instant.
    """
    import filelock

    try:
        with filelock.FileLock(str(folder.resolve() / "renewal.lock"), timeout=0):
            db = connect(folder)
            try:
                return _renew(db, folder)
            finally:
                db.close()
    except (filelock.Timeout, IndexBusy, OSError, *UNREADABLE) as error:
        # The old file serves until the next change, which finds a new one due again.
        _log.warning("no new file of the vectors in %s: %s", folder, error)
        return False


def _renew(db: sqlite3.Connection, folder: Path) -> bool:
    def meta() -> dict[str, str]:
        return as_now(db, folder, dict(db.execute("SELECT key, value FROM meta").fetchall()))

    db.execute("BEGIN")
    before = meta()
    new = _new_base(db, folder, _RENEWAL, int(before["dim"]), int(before["chunks"]))
    db.execute("ROLLBACK")
    with writing(folder):
        db.execute("BEGIN IMMEDIATE")
        now = meta()
        if now["base"] != before["base"]:
            db.execute("ROLLBACK")
            return False
        generation = int(now["generation"]) + 1
        base = replace(new, name=_file_name(generation, now.get("made", "")))
        (folder / new.name).replace(folder / base.name)
        says = {"generation": str(generation), "base": json.dumps(asdict(base)), "kind": base.kind}
        say(db, says)
        db.execute("COMMIT")
        _tidy(folder, base)
    return True


def _file_name(generation: int, made: str) -> str:
    """A name that no other vector file has, not even one of an index that is being made to replace this one."""
    return f"vectors-{generation}-{made[:8]}.faiss"


def _tidy(folder: Path, base: Base) -> None:
    """Remove the vector files that no reader will open any more."""
    for old in folder.glob("vectors-*"):
        if old.name != base.name:
            with suppress(OSError):  # where a reader has it open it may stay until the next time
                old.unlink(missing_ok=True)


def _embed_missing(
    db: sqlite3.Connection, changed: Sequence[Article], embedder: Embedder, progress: Progress | None
) -> int:
    """Embed what has no vector yet, committing batch by batch; how many chunks were embedded."""
    missing: list[tuple[list[Article], set[str]]] = []
    for some in parts(changed, _AT_ONCE):
        keys = {chunk_key(a, c) for a in some for c in chunk(a)}
        for part in parts(sorted(keys)):
            keys -= {k for (k,) in db.execute(f"SELECT hash FROM vectors WHERE hash IN ({marks(part)})", part)}
        if keys:
            missing.append((list(some), keys))
    total, done = sum(len(keys) for _, keys in missing), 0
    for some, keys in missing:
        texts = {key: embedded_text(a, c) for a in some for c in chunk(a) if (key := chunk_key(a, c)) in keys}
        for part in parts(sorted(texts), _AT_ONCE):
            vectors = embedder.passages([texts[key] for key in part])
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                [(key, vector.astype(np.float32).tobytes()) for key, vector in zip(part, vectors, strict=True)],
            )
            db.execute("COMMIT")
            done += len(part)
            if progress:
                progress(done, total)
    return done


def _remove_articles(db: sqlite3.Connection, ids: Sequence[str]) -> list[tuple[str]]:
    """Remove articles and their chunks; the hashes of those chunks."""
    gone: list[tuple[str]] = []
    for article_id in ids:
        gone += db.execute("SELECT hash FROM chunks WHERE article_id = ?", (article_id,)).fetchall()
        db.execute("DELETE FROM full_text WHERE rowid IN (SELECT row FROM chunks WHERE article_id = ?)", (article_id,))
        db.execute("DELETE FROM chunks WHERE article_id = ?", (article_id,))
        db.execute("DELETE FROM articles WHERE id = ?", (article_id,))
    return gone


def _insert(db: sqlite3.Connection, articles: Sequence[Article], hashes: dict[str, str], row: int) -> int:
    """Insert articles with their chunks from a row on; the next free row."""
    for a in articles:
        day = a.published.isoformat() if a.published else None
        db.execute("INSERT INTO articles VALUES (?, ?, ?, ?, ?)", (a.id, a.source, day, hashes[a.id], as_data(a)))
        for c in chunk(a):
            db.execute(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (row, c.id, c.article_id, c.ordinal, c.start, c.end, c.kind, chunk_key(a, c)),
            )
            db.execute("INSERT INTO full_text(rowid, title, body) VALUES (?, ?, ?)", (row, a.title or "", c.text))
            row += 1
    return row


def _new_base(db: sqlite3.Connection, folder: Path, name: str, dim: int, count: int) -> Base:
    """Write a FAISS file of all vectors there are."""

    def batches() -> Iterator[tuple[list[int], np.ndarray]]:
        cursor = db.execute("SELECT c.row, v.vector FROM chunks c JOIN vectors v ON v.hash = c.hash ORDER BY c.row")
        while found := cursor.fetchmany(10_000):
            yield [row for row, _ in found], matrix([blob for _, blob in found], dim)

    some: list[bytes] = []
    if wanted := sample_size(count):
        # By their hashes, which are in no order that means anything.
        some = [row[0] for row in db.execute("SELECT vector FROM vectors ORDER BY hash LIMIT ?", (wanted,))]
    return write_base(folder, name, dim, count, batches(), matrix(some, dim))


def _hashes(db: sqlite3.Connection, ids: Sequence[str] | None) -> dict[str, str]:
    """The hash of each article there is, or of those with these ids."""
    if ids is None:
        return dict(db.execute("SELECT id, hash FROM articles").fetchall())
    found: dict[str, str] = {}
    for part in parts(ids):
        found |= dict(db.execute(f"SELECT id, hash FROM articles WHERE id IN ({marks(part)})", part).fetchall())
    return found


def as_data(article: Article) -> str:
    """An article as it is stored."""
    data = asdict(article)
    data["published"] = article.published.isoformat() if article.published else None
    return json.dumps(data, ensure_ascii=False, sort_keys=True)
