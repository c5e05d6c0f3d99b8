"""A book or a day's paper (.epub): each chapter an article; `index.reading.isolated` runs this under limits.

EbookLib is not used, because of its licence (AGPL): an .epub is a zip file with a list of pages.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from index.reading.metadata import stated_day
from index.reading.packed import check, part
from index.reading.page import article_of
from index.reading.plain import decode
from index.types import RawArticle, Skipped

MAX_CHARACTERS = 50_000_000  # of all chapters
_MAX_CHAPTERS = 5_000
_LEAST = 200  # characters: what is shorter is a title page or a list of links
_DC = "{http://purl.org/dc/elements/1.1/}"
_MAKER = "calibre"  # a program, which names itself as publisher and author
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")  # with an encoding it is not parsed as text


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The articles of its chapters, in order."""
    check(path)
    with zipfile.ZipFile(path) as file:
        package, folder = _package(file)
        title, source = _said(package, "title"), _said(package, "publisher")
        day = stated_day(_said(package, "date"))
        length = 0
        for number, name in enumerate(_chapters(package, folder), 1):
            where = f"{path} chapter {number}"
            try:
                found = article_of(_DECLARED.sub("", decode(part(file, name))), f"{path.stem}-{number}", where)
            except ValueError:
                continue  # a cover, a table of contents: pages without an article
            length += len(found.text)
            if length > MAX_CHARACTERS:
                yield Skipped(where, f"it and what follows: more than {MAX_CHARACTERS:,} characters")
                return
            if len(found.text) >= _LEAST:
                yield replace(
                    found,
                    source=source or title or None,
                    published=found.published or day,
                    published_how=found.published_how or ("stated in the book" if day else ""),
                    authors=found.authors or _authors(package),
                )


def _package(file: zipfile.ZipFile) -> tuple[etree._Element, str]:
    container = _xml(part(file, "META-INF/container.xml"))
    names = [e.get("full-path", "") for e in container.iter("{*}rootfile")]
    if not names:
        raise ValueError("its META-INF/container.xml names no package")
    return _xml(part(file, names[0])), posixpath.dirname(names[0])


def _xml(data: bytes) -> etree._Element:
    try:
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        raise ValueError(f"no XML: {error}") from error


def _said(package: etree._Element, name: str) -> str:
    for element in package.iter(_DC + name):
        words = " ".join((element.text or "").split())
        if words and _MAKER not in words.lower():
            return words
    return ""


def _authors(package: etree._Element) -> tuple[str, ...]:
    names = [" ".join((e.text or "").split()) for e in package.iter(_DC + "creator")]
    return tuple(name for name in names if name and _MAKER not in name.lower())


def _chapters(package: etree._Element, folder: str) -> Iterator[str]:
    """The names of its pages in reading order, without the table of contents."""
    pages = {
        e.get("id"): unquote(e.get("href", ""))
        for e in package.iter("{*}item")
        if "html" in e.get("media-type", "") and "nav" not in e.get("properties", "").split()
    }
    for number, item in enumerate(package.iter("{*}itemref")):
        if number == _MAX_CHAPTERS:
            return
        if href := pages.pop(item.get("idref"), None):
            yield posixpath.normpath(posixpath.join(folder, href))
