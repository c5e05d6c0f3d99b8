"""A Word document (.docx) becomes an article; `index.reading.isolated` runs this under limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from index.reading.packed import check
from index.types import RawArticle, Skipped

MAX_CHARACTERS = 5_000_000
_NO_TITLES = ("", "word document", "document", "untitled")


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The article of a document: its paragraphs and the rows of its tables, in order."""
    from docx import Document
    from docx.table import Table

    check(path)
    document = Document(str(path))
    about = document.core_properties
    title = about.title.strip() if about.title.strip().lower() not in _NO_TITLES else None
    paragraphs: list[str] = []
    size = 0
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            found = [" | ".join(dict.fromkeys(" ".join(c.text.split()) for c in row.cells)) for row in block.rows]
        else:
            named = block.style.name if block.style is not None else None
            if not title and named == "Title":
                title = block.text.strip() or None
            item = block._p.pPr is not None and block._p.pPr.numPr is not None
            found = [("- " if item or (named or "").startswith("List") else "") + block.text.strip()]
        paragraphs += [text for text in found if any(c.isalnum() for c in text)]
        size += sum(map(len, found))
        if size > MAX_CHARACTERS:
            break
    authors = tuple(name.strip() for name in about.author.split(";") if name.strip() not in ("", "python-docx"))
    text = "\n\n".join(paragraphs)[:MAX_CHARACTERS]
    yield RawArticle(path.stem, text, str(path), title=title, authors=authors)
