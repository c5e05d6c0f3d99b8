"""A web page becomes an article: the text that people can see, and the metadata that it states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.reading.hidden import drop_hidden
from index.reading.metadata import stated_day, trim_scripts, with_address
from index.reading.plain import text_of
from index.types import RawArticle, Skipped

_HEAD = 5_000  # characters within which a browser, or SingleFile, says where a page was saved from
_SAVED = re.compile(
    r"<!--\s*(?:saved from url=\(\d+\)|Page saved with SingleFile\s+url:\s*)(https?://[^\s<>\"]+)", re.IGNORECASE
)

# Only what a page states: where it states no day, htmldate would guess at one from its text ("since 1996").
_DATES = {"original_date": True, "extensive_search": False}


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The article of a saved page, with the address that the browser wrote into it."""
    text = text_of(path)
    saved = _SAVED.search(text[:_HEAD])
    yield article_at(text, path.stem, str(path), saved[1] if saved else "")


def article_at(text: str, name: str, path: str, address: str, title: str | None = None) -> RawArticle:
    """The article of a page that was kept with its address, which says what the page does not.

    Raises:
        ValueError: there is no article in it.
    """
    found = with_address(article_of(text, name, path), address)
    return replace(found, title=found.title or title)


def article_of(text: str, name: str, path: str) -> RawArticle:
    """The article of a page, with the metadata that the page states.

    Raises:
        ValueError: there is no article in it.
    """
    import trafilatura

    tree = trafilatura.load_html(text)
    if tree is None:
        raise ValueError("no page in it")
    hidden, letters = drop_hidden(tree)
    trim_scripts(tree)
    found = trafilatura.bare_extraction(tree, with_metadata=True, include_comments=False, date_extraction_params=_DATES)
    data: dict[str, Any] = found.as_dict() if found else {}
    if not data.get("text"):
        why = f" (it hides {hidden:,} of its {letters:,} letters, by style sheets or attributes)" if hidden else ""
        raise ValueError(f"no article found in the page{why}")
    day = stated_day(data.get("date"))
    return RawArticle(
        id=name,
        text=data.get("text") or "",
        path=path,
        title=data.get("title"),
        source=data.get("sitename") or data.get("hostname"),
        url=data.get("url"),
        published=day,
        published_how="stated in the page" if day else "",
        authors=tuple(a.strip() for a in (data.get("author") or "").split(";") if a.strip()),
    )
