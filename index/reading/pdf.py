"""A PDF becomes an article; `index.reading.isolated` runs this under limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from index.reading.plain import unwrap
from index.types import RawArticle, Skipped

MAX_PAGES, MAX_CHARACTERS = 2_000, 5_000_000


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The article of a PDF."""
    said = extract(str(path))
    if not said["text"].strip():
        raise ValueError("the PDF has no text layer (a scan?)")
    yield RawArticle(path.stem, unwrap(said["text"]), str(path), title=said["title"] or None)


def extract(path: str) -> dict[str, str]:
    """The title and the text of a PDF; whatever the library raises goes through."""
    from pypdf import PdfReader

    reader = PdfReader(path)
    parts: list[str] = []
    for page in reader.pages[:MAX_PAGES]:
        parts.append(page.extract_text() or "")
        if sum(map(len, parts)) > MAX_CHARACTERS:
            break
    title = (reader.metadata.title if reader.metadata else None) or ""
    return {"title": str(title), "text": "\n\n".join(parts)[:MAX_CHARACTERS]}
