"""JSON lines: an article a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from index.reading.metadata import stated_day
from index.reading.plain import decode
from index.types import RawArticle, Skipped

MAX_LINE_BYTES = 5_000_000


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The articles of its lines, up to the size it had when opened, should someone still be writing to it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        number = 0
        while file.tell() < size and (line := file.readline(MAX_LINE_BYTES + 1)):
            number += 1
            where = f"{path} line {number}"
            if len(line) > MAX_LINE_BYTES:
                while line and not line.endswith(b"\n") and file.tell() < size:
                    line = file.readline(MAX_LINE_BYTES)
                yield Skipped(where, f"longer than {MAX_LINE_BYTES:,} bytes")
            elif line.strip():
                yield _article(line, where, f"{path.stem}-{number}")


def _article(line: bytes, where: str, fallback: str) -> RawArticle | Skipped:
    try:
        data = json.loads(decode(line))
    except (ValueError, RecursionError) as error:
        return Skipped(where, f"not JSON: {error}")
    if not isinstance(data, dict) or not isinstance(data.get("text"), str) or not data["text"].strip():
        return Skipped(where, "no `text` in it")

    def words(key: str) -> str | None:
        value = data.get(key)
        return str(value).strip() or None if isinstance(value, (str, int)) else None

    day = stated_day(words("date"))
    authors = data.get("authors") or []
    authors = [authors] if isinstance(authors, str) else authors if isinstance(authors, list) else []
    return RawArticle(
        id=words("id") or fallback,
        text=data["text"],
        path=where,
        title=words("title"),
        source=words("source"),
        url=words("url"),
        published=day,
        published_how="stated in the metadata" if day else "",
        authors=tuple(str(author) for author in authors if isinstance(author, (str, int))),
    )
