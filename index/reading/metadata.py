"""An article's metadata: bounded, fit to be stored, and taken from `articles.toml` where there is one."""

from __future__ import annotations

import hashlib
import json
import stat
import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from index.text.dates import in_range, parse_day
from index.types import RawArticle, Skipped

METADATA = "articles.toml"
MAX_METADATA = 20_000_000  # bytes of an articles.toml
MAX_FIELD = 300  # characters of a title, a name, an id: they stand before every chunk and every passage
MAX_URL = 2_000
MAX_AUTHORS = 50
_DATE = 60  # characters of a date
_TOLD = {"@context", "@type", "@graph", "@id", "headline", "name", "datePublished", "dateModified", "dateCreated", "author",
         "publisher", "url", "mainEntityOfPage"}  # fmt: skip


def encodable(text: str) -> str:
    """The text without what UTF-8 cannot encode: half of a surrogate pair becomes "?"."""
    return text.encode("utf-8", "replace").decode()


def bounded(raw: RawArticle) -> RawArticle:
    """The article with each field encodable and of bounded length; an id that is cut stays unique."""
    url = encodable(raw.url) if raw.url else None
    return replace(
        raw,
        id=_short_id(raw.id),
        text=encodable(raw.text),
        path=encodable(raw.path),
        title=cut(raw.title) if raw.title else None,
        source=cut(raw.source) if raw.source else None,
        url=url if url and len(url) <= MAX_URL else None,
        published=raw.published if in_range(raw.published) else None,
        published_how=cut(raw.published_how),
        authors=tuple(cut(author) for author in raw.authors[:MAX_AUTHORS]),
    )


def cut(text: str) -> str:
    """The text, encodable, cut if it is too long for a field."""
    text = encodable(text)
    return text if len(text) <= MAX_FIELD else text[: MAX_FIELD - 1] + "…"


def read_metadata(root: Path, skipped: list[Skipped]) -> dict[str, Any]:
    """The `articles.toml` of a folder, by article; if it cannot be read, the reason goes to `skipped`."""
    path = root / METADATA
    try:
        if not path.is_symlink() and not path.exists():
            return {}
        if not path.resolve().is_relative_to(root.resolve()):
            raise ValueError("a link that leads out of the folder")
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("no plain file")
        with path.open("rb") as file:
            data = file.read(MAX_METADATA + 1)
        if len(data) > MAX_METADATA:
            raise ValueError(f"more than {MAX_METADATA:,} bytes")
        return tomllib.loads(data.decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        why = f"not TOML: {error}"
    except RecursionError:
        why = "not TOML: nested too deep"
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a ring
        why = f"could not be read: {error}"
    skipped.append(Skipped(encodable(str(path)), encodable(why)))
    return {}


def with_metadata(article: RawArticle, metadata: dict[str, Any], skipped: list[Skipped]) -> RawArticle:
    """The article with its metadata; a value of the wrong type is left out and reported in `skipped`."""
    known = metadata.get(article.id)
    if known is None:
        return article
    wrong: list[str] = []
    if not isinstance(known, dict):
        known, wrong = {}, ["a table is expected"]

    def words(key: str, before: str | None) -> str | None:
        value = known.get(key, before)
        if isinstance(value, str) or value is before:
            return value
        wrong.append(f"{key} is not text")
        return before

    authors = known.get("authors", article.authors)
    authors = (authors,) if isinstance(authors, str) else authors
    if not isinstance(authors, (list, tuple)) or not all(isinstance(author, str) for author in authors):
        wrong.append("authors is not a list of names")
        authors = article.authors
    day = _day(known.get("date"))
    if day is None and "date" in known:
        wrong.append("date is not a day")
    how = words("date_how", None) or "stated in the metadata"
    told = replace(
        article,
        title=words("title", article.title),
        source=words("source", article.source),
        url=words("url", article.url),
        published=day or article.published,
        published_how=how if day else article.published_how,
        authors=tuple(authors),
    )
    skipped += [Skipped(article.path, f"{METADATA}, not used: {why}") for why in wrong]
    return bounded(told)


def with_address(raw: RawArticle, address: str) -> RawArticle:
    """The article with the address that it came from, and the outlet by its host, where it says neither itself."""
    url = raw.url or (address if address.startswith(("https://", "http://")) else None)
    return replace(raw, source=raw.source or outlet_of(url), url=url)


def outlet_of(url: str | None) -> str | None:
    """The outlet by the host of an address, or None."""
    with suppress(ValueError):
        return (urlsplit(url or "").hostname or "").removeprefix("www.") or None
    return None


def stated_day(words: str | None) -> date | None:
    """The day that a field states; only as many characters are read as a date has."""
    return parse_day(words[:_DATE]) if words else None


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value if in_range(value) else None
    return parse_day(value) if isinstance(value, str) else None


def _short_id(name: str) -> str:
    short = encodable(name)
    if short == name and len(name) <= MAX_FIELD:
        return name
    # Two names may be alike in what is left of them.
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{short[: MAX_FIELD - 13]}-{digest}"


def trim_scripts(page: HtmlElement) -> None:
    """Remove a page's scripts, but of JSON-LD keep authors and dates: what search engines are told is not shown."""
    for script in page.iter("script"):
        script.text = _trimmed(script.text or "") if "json" in script.get("type", "").lower() else ""


def _trimmed(text: str) -> str:
    try:
        return json.dumps(_told(json.loads(text)))
    except (ValueError, RecursionError):
        return ""


def _told(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _told(value) for key, value in data.items() if key in _TOLD}
    return [_told(item) for item in data] if isinstance(data, list) else data
