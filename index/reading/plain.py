"""Bytes become text, and a plain text becomes an article."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from index.types import RawArticle, Skipped

MAX_BYTES = 20_000_000  # of a file that is one article


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The article in a plain text file."""
    yield RawArticle(path.stem, unwrap(text_of(path)), str(path))


def ending_of(path: Path) -> str:
    """What a file is called by its name: ".pdf", ".warc.gz", in lower case."""
    ending = path.suffix.lower()
    before = path.with_suffix("").suffix.lower() if ending == ".gz" else ""
    return before + ending


def name_of(path: Path) -> str:
    """Its name without that ending."""
    return path.name[: len(path.name) - len(ending_of(path))]


def text_of(path: Path) -> str:
    """The text of a file, however it is encoded."""
    with path.open("rb") as file:
        return decode(file.read(MAX_BYTES))


def decode(data: bytes, charset: str = "") -> str:
    """Bytes as text: in the encoding that is stated, where that can be; by byte order mark; as UTF-8; or by `charset-normalizer`.

    Raises:
        ValueError: it is not text.
    """
    with suppress(LookupError, UnicodeError):
        if charset:
            return data.decode(charset)
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
