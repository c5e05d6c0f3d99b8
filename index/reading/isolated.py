"""Readers that run in a process of their own, so that a hostile file cannot hang or fill memory here.

`python -m index.reading.isolated KIND FILE MAX_BYTES MAX_SECONDS` prints what it read as JSON.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from index.reading.plain import ending_of
from index.types import RawArticle, Skipped

SECONDS = 60  # of processor time
WAIT = 70
MANY_SECONDS = 600  # of a file of thousands of pages
BYTES = 1_500_000_000


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """What the reader of this kind finds in the file.

    Raises:
        ValueError: it found nothing readable, or reached one of its limits.
    """
    kind = ending_of(path).lstrip(".")
    seconds, wait = (MANY_SECONDS, MANY_SECONDS + 60) if kind.startswith("warc") else (SECONDS, WAIT)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "index.reading.isolated", kind, str(path.absolute()), str(BYTES), str(seconds)],
            capture_output=True,
            timeout=wait,
            check=False,
            cwd=Path(__file__).parents[2],
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"reading it took more than {wait} s") from error
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(f"the {kind.upper()} reader gave up ({lines[-1] if lines else done.returncode})")
    for said in json.loads(done.stdout):
        yield _from_data(said, path)


def main(argv: list[str]) -> int:
    """Print the articles of a file; any failure ends the process with a line on standard error."""
    kind, path, limit, seconds = argv[0], Path(argv[1]), int(argv[2]), int(argv[3])
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's time-out still holds.
        pass
    else:
        for what, most in ((resource.RLIMIT_AS, limit), (resource.RLIMIT_CPU, seconds)):
            already = resource.getrlimit(what)[1]
            most = most if already == resource.RLIM_INFINITY else min(most, already)
            resource.setrlimit(what, (most, most))
    logging.disable(logging.ERROR)
    try:
        said = [_as_data(item) for item in _reader(kind)(path)]
    except Exception as error:  # noqa: BLE001 - the one place where any failure means "unreadable"
        why = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        print(why, file=sys.stderr)
        return 1
    print(json.dumps(said))
    return 0


def _reader(kind: str) -> Callable[[Path], Iterator[RawArticle | Skipped]]:
    match kind:
        case "pdf":
            from index.reading.pdf import read
        case "docx":
            from index.reading.office import read
        case "epub":
            from index.reading.epub import read
        case "warc" | "warc.gz":
            from index.reading.warc import read
        case _:
            raise ValueError(f"no reader for .{kind} runs here")
    return read


def _as_data(item: RawArticle | Skipped) -> dict[str, Any]:
    said = asdict(item)
    if isinstance(item, RawArticle) and item.published:
        said["published"] = item.published.isoformat()
    return said


def _from_data(said: dict[str, Any], path: Path) -> RawArticle | Skipped:
    """The article again, with the path that the caller gave."""
    where = str(path) + said["path"].removeprefix(str(path.absolute()))
    if "why" in said:
        return Skipped(where, said["why"])
    day = said["published"]
    told = {"path": where, "published": date.fromisoformat(day) if day else None, "authors": tuple(said["authors"])}
    return RawArticle(**said | told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
