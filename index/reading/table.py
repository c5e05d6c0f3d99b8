"""Tables with named columns (.csv, .tsv): an article a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from index.reading.metadata import stated_day
from index.reading.plain import decode
from index.types import RawArticle, Skipped

MAX_CELL = 5_000_000  # characters of a cell, and bytes of a line
_SAMPLE = 200_000  # bytes from which the encoding is told
# What a column may be called, by what it is.
_NAMES = {
    "id": ("id", "article_id"),
    "title": ("title", "headline"),
    "text": ("text", "body", "content", "article", "article_text", "full_text"),
    "date": ("date", "published", "publish_date", "published_at", "pubdate", "day"),
    "source": ("source", "publisher", "publication", "outlet"),
    "url": ("url", "link", "address"),
    "authors": ("authors", "author", "byline"),
}


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The articles of its rows.

    Raises:
        ValueError: no column of it is called "text".
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
        encoding = _encoding(sample)
        head = sample.decode(encoding, "replace").split("\n", 1)[0]
        delimiter = max(",;\t|", key=head.count)
        file.seek(0)
        csv.field_size_limit(MAX_CELL)
        with io.TextIOWrapper(file, encoding, errors="replace", newline="") as text:
            yield from _rows(csv.reader(_lines(text), delimiter=delimiter), path)


def _encoding(sample: bytes) -> str:
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        sample[: sample.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        decode(sample)  # refuses what is no text
        from charset_normalizer import from_bytes

        best = from_bytes(sample).best()
        return best.encoding if best else "utf-8-sig"
    return "utf-8-sig"


def _lines(text: IO[str]) -> Iterator[str]:
    while line := text.readline(MAX_CELL + 1):
        if len(line) > MAX_CELL:
            raise ValueError(f"a line of more than {MAX_CELL:,} characters")
        yield line


def _rows(rows: Iterator[list[str]], path: Path) -> Iterator[RawArticle | Skipped]:
    try:
        places = _columns(next(rows, []))
    except csv.Error as error:
        raise ValueError(f"its first line is not the header of a table: {error}") from error
    number = 1
    while True:
        number += 1
        where = f"{path} row {number}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except (csv.Error, ValueError) as error:  # a quote that nobody closed swallows what follows
            yield Skipped(where, f"it and what follows could not be read: {error}")
            return
        if any(cell.strip() for cell in row):
            yield _article(row, places, where, f"{path.stem}-{number}")


def _columns(head: list[str]) -> dict[str, int]:
    called = [name.strip().lower().replace(" ", "_") for name in head]
    places = {what: called.index(name) for what, names in _NAMES.items() for name in names[::-1] if name in called}
    if "text" not in places:
        shown = ", ".join(name[:30] for name in called[:10]) or "none"
        raise ValueError(f"no column is called `text` (there are: {shown}): name the columns in its first line")
    return places


def _article(row: list[str], places: dict[str, int], where: str, fallback: str) -> RawArticle | Skipped:
    said = {what: row[position].strip() for what, position in places.items() if position < len(row)}
    if not said.get("text"):
        return Skipped(where, "no `text` in it")
    day = stated_day(said.get("date"))
    return RawArticle(
        id=said.get("id") or fallback,
        text=said["text"],
        path=where,
        title=said.get("title") or None,
        source=said.get("source") or None,
        url=said.get("url") or None,
        published=day,
        published_how="stated in the table" if day else "",
        authors=tuple(name.strip() for name in said.get("authors", "").split(";") if name.strip()),
    )
