"""A file becomes raw articles, or a reason why not.

Untrusted text is bounded before it is parsed: by size, and for PDF by a separate process
with a time and a memory limit.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from index.errors import CollectionError
from index.reading.hidden import drop_hidden
from index.reading.metadata import METADATA, bounded, encodable, read_metadata, trim_scripts, with_metadata
from index.text.dates import parse_day
from index.types import RawArticle, Skipped

KINDS = (".txt", ".md", ".html", ".htm", ".pdf", ".jsonl")
MAX_BYTES = 20_000_000
MAX_LINE_BYTES = 5_000_000
MAX_LINES_BYTES = 500_000_000  # of one .jsonl: its articles are held in memory until they are cleaned
_MAX_LINES = 1_000_000  # articles of one
_MAX_REASONS = 100  # lines of one .jsonl that are told singly
_DATE = 60  # characters of a date
_PDF_SECONDS = 60  # of processor time
_PDF_WAIT = 70
_PDF_BYTES = 1_500_000_000


def read_folders(folders: Iterable[Path]) -> tuple[list[RawArticle], list[Skipped]]:
    """Every article below the folders, and every file that was left out, with why.

    An article's id is its file's stem where that is unique, otherwise that with the folder it is
    in, or else its whole path; in `.jsonl` it is the line's `id`.

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
        for path in files:
            if path.name == METADATA or any(part.startswith(".") for part in path.relative_to(root).parts):
                continue
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

    Whatever stands in the file, each field is bounded and can be written down again.
    """
    found = _read(path, root)
    if isinstance(found, Skipped):
        return _told(found)
    return [_told(item) if isinstance(item, Skipped) else bounded(item) for item in found]


def _told(skipped: Skipped) -> Skipped:
    return Skipped(encodable(skipped.path), encodable(skipped.why))


def _read(path: Path, root: Path) -> list[RawArticle | Skipped] | Skipped:
    kind = path.suffix.lower()
    if kind not in KINDS:
        return Skipped(str(path), f"unknown kind of file ({kind or 'no ending'}); known: {', '.join(KINDS)}")
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return Skipped(str(path), "a link that leads out of the folder")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return Skipped(str(path), "no plain file")  # reading a pipe or a device may never end
        size = status.st_size
        if kind == ".jsonl":
            if size > MAX_LINES_BYTES:
                return Skipped(
                    str(path), f"{size:,} bytes; the most is {MAX_LINES_BYTES:,}: split it into several files"
                )
            return _at_most(path, _jsonl(path, size))
        if size > MAX_BYTES:
            return Skipped(str(path), f"{size:,} bytes; the most for one article is {MAX_BYTES:,}")
        if kind == ".pdf":
            raw = _pdf(path)
        else:
            with path.open("rb") as file:
                text = decode(file.read(MAX_BYTES))
            raw = _html(path, text) if kind in (".html", ".htm") else RawArticle(path.stem, unwrap(text), str(path))
    except (OSError, RuntimeError, UnicodeError, ValueError) as error:  # RuntimeError: links in a ring
        return Skipped(str(path), f"could not be read: {error}")
    if not raw.text.strip():
        return Skipped(str(path), "no text in it")
    return [raw]


def decode(data: bytes) -> str:
    """Bytes as text: by byte order mark, as UTF-8, else by `charset-normalizer`.

    Raises:
        ValueError: it is not text.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    if data[:4096].count(0) > 40:
        raise ValueError("it holds binary data, not text")
    from charset_normalizer import from_bytes

    best = from_bytes(data[:200_000]).best()
    if best is None:
        raise ValueError("its character encoding could not be told")
    return data.decode(best.encoding, "replace")


def unwrap(text: str) -> str:
    """Join lines that were broken at a fixed width (a paragraph is then a blank-line block)."""
    lines = text.replace("\r\n", "\n").split("\n")
    long = [len(line) for line in lines if line.strip()]
    blocks = text.replace("\r\n", "\n").split("\n\n")
    wrapped = (
        len(long) > 8
        and max(long) <= 100
        and len(blocks) > 1
        and sum(n >= 55 for n in long) > 0.55 * len(long)
        and sum(not line.rstrip().endswith((".", "!", "?", '"', "”", ":")) for line in lines if len(line) >= 55)
        > 0.5 * sum(n >= 55 for n in long)
    )
    if not wrapped:
        return text
    return "\n\n".join(" ".join(line.strip() for line in block.split("\n")) for block in blocks)


def _html(path: Path, text: str) -> RawArticle:
    import trafilatura

    tree = trafilatura.load_html(text)
    if tree is None:
        raise ValueError("no page in it")
    hidden, letters = drop_hidden(tree)
    trim_scripts(tree)
    found = trafilatura.bare_extraction(tree, with_metadata=True, include_comments=False)
    data: dict[str, Any] = found.as_dict() if found else {}
    if not data.get("text"):
        why = f" (it hides {hidden:,} of its {letters:,} letters, by style sheets or attributes)" if hidden else ""
        raise ValueError(f"no article found in the page{why}")
    day = parse_day(data["date"][:_DATE]) if data.get("date") else None
    return RawArticle(
        id=path.stem,
        text=data.get("text") or "",
        path=str(path),
        title=data.get("title"),
        source=data.get("sitename") or data.get("hostname"),
        url=data.get("url"),
        published=day,
        published_how="stated in the page" if day else "",
        authors=tuple(a.strip() for a in (data.get("author") or "").split(";") if a.strip()),
    )


def _pdf(path: Path) -> RawArticle:
    """Read in a process of its own: a hostile PDF may hang or eat memory there, not here."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "index.reading.pdf", str(path.absolute()), str(_PDF_BYTES), str(_PDF_SECONDS)],
            capture_output=True,
            timeout=_PDF_WAIT,
            check=False,
            cwd=Path(__file__).parents[2],
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"reading the PDF took more than {_PDF_WAIT} s") from error
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(f"the PDF reader gave up ({lines[-1] if lines else done.returncode})")
    data = json.loads(done.stdout)
    if not data["text"].strip():
        raise ValueError("the PDF has no text layer (a scan?)")
    return RawArticle(path.stem, unwrap(data["text"]), str(path), title=data["title"] or None)


def _at_most(path: Path, found: Iterator[RawArticle | Skipped]) -> list[RawArticle | Skipped]:
    """As many articles and reasons as can be held: a short line may cost a hundred times its bytes."""
    out: list[RawArticle | Skipped] = []
    articles = reasons = 0
    for item in found:
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
        out.append(Skipped(str(path), f"{reasons - _MAX_REASONS:,} more of its lines could not be read"))
    return out


def _jsonl(path: Path, size: int) -> Iterator[RawArticle | Skipped]:
    """The articles of its lines, up to the size it had: who writes on meanwhile is not waited for."""
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
                yield _json_article(line, where, f"{path.stem}-{number}")


def _json_article(line: bytes, where: str, fallback: str) -> RawArticle | Skipped:
    try:
        data = json.loads(decode(line))
    except (ValueError, RecursionError) as error:
        return Skipped(where, f"not JSON: {error}")
    if not isinstance(data, dict) or not isinstance(data.get("text"), str) or not data["text"].strip():
        return Skipped(where, "no `text` in it")

    def words(key: str) -> str | None:
        value = data.get(key)
        return str(value).strip() or None if isinstance(value, (str, int)) else None

    day = parse_day((words("date") or "")[:_DATE])
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


def _unique(articles: list[RawArticle], skipped: list[Skipped]) -> list[RawArticle]:
    counts = Counter(article.id for article in articles)
    out: list[RawArticle] = []
    seen: set[str] = set()
    for article in articles:
        if counts[article.id] > 1 and not re.search(r"\.jsonl line \d+$", article.path, re.IGNORECASE):
            article = replace(article, id=str(PurePosixPath(*Path(article.path).parts[-2:])))
            if article.id in seen:
                article = replace(article, id=str(PurePosixPath(article.path)))
        if article.id in seen:
            skipped.append(Skipped(article.path, f"a second article with the id {article.id!r}"))
            continue
        seen.add(article.id)
        out.append(article)
    return out
