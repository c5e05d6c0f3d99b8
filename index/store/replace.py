"""Replace an index with a finished one, whole or not at all."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from index.errors import RagError
from index.store.database import DATABASE, UNREADABLE, base_of, connect

_log = logging.getLogger(__name__)


def replace_index(new: Path, folder: Path) -> None:
    """Replace the index in `folder` with the one in `new`; processes that have it open see the new one.

    The new database is copied into the old one in one transaction of SQLite (its backup), so that a reader or writer
    that has it open never finds another file under its name. Only a file that SQLite cannot open as a database is
    replaced.
    """
    with closing(connect(new)) as db:
        base = base_of(dict(db.execute("SELECT key, value FROM meta").fetchall()))
        # Copied, not moved: until the commit below, the one in `new` may be the only whole index.
        # Under its name at once: a rebuild that was cut short may have brought it there, and it is in use.
        part = folder / f"{base.name}.part"
        with (new / base.name).open("rb") as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        part.replace(folder / base.name)
        try:
            with closing(connect(folder)) as there:
                db.backup(there)
        except (*UNREADABLE, RagError) as error:
            if isinstance(error, sqlite3.OperationalError) or isinstance(error.__cause__, sqlite3.OperationalError):
                raise  # a full disk, say: the old one stands
            _log.warning("%s is replaced: %s", folder / DATABASE, error)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA journal_mode=DELETE")
            for beside in ("-wal", "-shm"):  # of the damaged database; they would be read into the new one
                (folder / f"{DATABASE}{beside}").unlink(missing_ok=True)
            (new / DATABASE).replace(folder / DATABASE)
    for file in folder.glob("vectors-*"):
        if file.name != base.name:
            with suppress(OSError):  # where a reader has it open it may stay until the next time
                file.unlink(missing_ok=True)
    shutil.rmtree(new, ignore_errors=True)
