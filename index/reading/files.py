"""A file becomes raw articles, or a reason why not: which reader reads it, and within which bounds.

Untrusted text is bounded before it is parsed: by size, and for formats that unpack by a separate process
with a time and a memory limit (`index.reading.isolated`).
"""

from __future__ import annotations

import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from index.errors import CollectionError
from index.reading.metadata import METADATA, bounded, encodable, read_metadata, with_metadata
from index.reading.plain import MAX_BYTES, ending_of
from index.types import RawArticle, Skipped

Reader = Callable[[Path], Iterator[RawArticle | Skipped]]

MAX_LINES_BYTES = 500_000_000  # of a file of many articles: they are held in memory until they are cleaned
_MAX_LINES = 1_000_000  # articles of one
_MAX_REASONS = 100  # parts of one file that are told singly
_MANY = (".jsonl", ".csv", ".tsv", ".mbox", ".warc", ".warc.gz")
_PACKED = (".docx", ".epub")  # pictures included; how much of their text is read is bounded apart
MAX_PACKED_BYTES = 100_000_000
KINDS = (
    ".txt", ".md", ".markdown", ".html", ".htm", ".mhtml", ".mht", ".pdf", ".docx", ".epub", ".eml", ".mbox", ".csv", ".tsv", ".jsonl",
    ".warc", ".warc.gz",
)  # fmt: skip
# An article that is a part of its file has the part's number after the file's name.
_PART = re.compile(r"\.(?:jsonl line|[ct]sv row|mbox message|epub chapter|warc(?:\.gz)? page) \d+$", re.IGNORECASE)


def read_folders(folders: Iterable[Path]) -> tuple[list[RawArticle], list[Skipped]]:
    """Every article below the folders, and every file that was left out, with the reason.

    An article's id is its file's stem where that is unique, otherwise that with the folder it is in, or else its whole
    path; in `.jsonl` it is the line's `id`.

    Raises:
        CollectionError: a folder does not exist.
    """
    articles: list[RawArticle] = []
    skipped: list[Skipped] = []
    for folder in folders:
        if not folder.exists():
            raise CollectionError(f"There is no folder {folder}.", "Check the path.")
        files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if not p.is_dir())
        root = folder.parent if folder.is_file() else folder
        metadata = read_metadata(root, skipped)
        of_pages = {path.with_name(f"{path.stem}_files") for path in files if ending_of(path) in (".html", ".htm")}
        for path in files:
            if path.name == METADATA or any(part.startswith(".") for part in path.relative_to(root).parts):
                continue
            if not of_pages.isdisjoint(path.parents):
                continue  # pictures and frames of a page that a browser saved beside it
            found = read_file(path, root)
            if isinstance(found, Skipped):
                skipped.append(found)
                continue
            for article in found:
                if isinstance(article, Skipped):
                    skipped.append(article)
                else:
                    articles.append(with_metadata(article, metadata, skipped))
    return _unique(articles, skipped), skipped


def read_file(path: Path, root: Path) -> list[RawArticle | Skipped] | Skipped:
    """The articles of one file; `root` is the folder that `path` may not leave.

    Whatever the file contains, each field is bounded and can be stored.
    """
    found = _read(path, root)
    if isinstance(found, Skipped):
        return _told(found)
    return [_told(item) if isinstance(item, Skipped) else bounded(item) for item in found]


def _told(skipped: Skipped) -> Skipped:
    return Skipped(encodable(skipped.path), encodable(skipped.why))


def _read(path: Path, root: Path) -> list[RawArticle | Skipped] | Skipped:
    kind = ending_of(path)
    if kind not in KINDS:
        return Skipped(str(path), f"unknown kind of file ({kind or 'no ending'}); known: {', '.join(KINDS)}")
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return Skipped(str(path), "a link that leads out of the folder")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return Skipped(str(path), "no plain file")  # reading a pipe or a device may never end
        if why := _too_large(kind, status.st_size):
            return Skipped(str(path), why)
        found = _at_most(path, _reader(kind)(path))
    except (OSError, RuntimeError, UnicodeError, ValueError) as error:  # RuntimeError: links in a ring
        return Skipped(str(path), f"could not be read: {error}")
    if not found:
        return Skipped(str(path), "no article in it")
    return found[0] if len(found) == 1 and isinstance(found[0], Skipped) else found


def _too_large(kind: str, size: int) -> str:
    if kind in _MANY:
        most = MAX_LINES_BYTES
        return f"{size:,} bytes; the most is {most:,}: split it into several files" if size > most else ""
    most = MAX_PACKED_BYTES if kind in _PACKED else MAX_BYTES
    return (
        f"{size:,} bytes; the most for one {'file' if kind in _PACKED else 'article'} is {most:,}"
        if size > most
        else ""
    )


def _reader(kind: str) -> Reader:
    """The reader of a kind of file; its library is loaded when there is such a file."""
    match kind:
        case ".md" | ".markdown":
            from index.reading.markdown import read
        case ".html" | ".htm":
            from index.reading.page import read
        case ".mhtml" | ".mht" | ".eml":
            from index.reading.mail import read
        case ".mbox":
            from index.reading.mail import read_mbox as read
        case ".pdf" | ".docx" | ".epub" | ".warc" | ".warc.gz":
            from index.reading.isolated import read
        case ".csv" | ".tsv":
            from index.reading.table import read
        case ".jsonl":
            from index.reading.lines import read
        case _:
            from index.reading.plain import read
    return read


def _at_most(path: Path, found: Iterator[RawArticle | Skipped]) -> list[RawArticle | Skipped]:
    """As many articles and reasons as fit in memory: a short line may cost a hundred times its bytes."""
    out: list[RawArticle | Skipped] = []
    articles = reasons = 0
    for item in found:
        if isinstance(item, RawArticle) and not item.text.strip():
            item = Skipped(item.path, "no text in it")
        if isinstance(item, Skipped):
            reasons += 1
            if reasons > _MAX_REASONS:
                continue
        elif articles == _MAX_LINES:
            out.append(Skipped(str(path), f"more than {_MAX_LINES:,} articles: split it into several files"))
            break
        else:
            articles += 1
        out.append(item)
    if reasons > _MAX_REASONS:
        out.append(Skipped(str(path), f"{reasons - _MAX_REASONS:,} more of its parts could not be read"))
    return out


def _unique(articles: list[RawArticle], skipped: list[Skipped]) -> list[RawArticle]:
    counts = Counter(article.id for article in articles)
    out: list[RawArticle] = []
    seen: set[str] = set()
    for article in articles:
        if counts[article.id] > 1 and not _PART.search(article.path):
            article = replace(article, id=str(PurePosixPath(*Path(article.path).parts[-2:])))
            if article.id in seen:
                article = replace(article, id=str(PurePosixPath(article.path)))
        if article.id in seen:
            skipped.append(Skipped(article.path, f"a second article with the id {article.id!r}"))
            continue
        seen.add(article.id)
        out.append(article)
    return out
