"""A web archive (.warc, .warc.gz): each page in it an article; `index.reading.isolated` runs this under limits."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from warcio.archiveiterator import WARCIterator
from warcio.bufferedreaders import DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException

from index.reading.page import article_at
from index.reading.plain import decode, name_of
from index.types import RawArticle, Skipped

SECONDS = 540  # of processor time for all pages: less than their process has
MAX_LINE = 100_000  # bytes of a line of what is said before a page
MAX_PAGE = 10_000_000  # bytes of one page
MAX_UNPACKED = 2_000_000_000  # bytes of all records together
_LEAST = 200  # characters: what is shorter is an advertisement or a list of links
_PAGES = ("text/html", "application/xhtml+xml")
# As warcio and the unpacking fail on harmed records.
_FAILURES = (ArchiveLoadFailed, StatusAndHeadersParserException, ArithmeticError, AssertionError, AttributeError,
             EOFError, LookupError, OSError, TypeError, ValueError, zlib.error)  # fmt: skip


class _Bounded:
    """A file of which no more than so much is unpacked."""

    def __init__(self, file: gzip.GzipFile | BufferedReader) -> None:
        self._file, self._read = file, 0

    def read(self, size: int) -> bytes:
        try:
            data = self._file.read1(size)
        except EOFError as error:  # warcio would take it for the end of the last record
            raise ValueError("the file is cut off") from error
        self._read += len(data)
        if self._read > MAX_UNPACKED:
            raise ValueError(f"it unpacks to more than {MAX_UNPACKED:,} bytes")
        return data

    def tell(self) -> int:
        return self._read


class _Lines(DecompressingBufferedReader):
    """Warcio's reader, for which a line has no end: it puts one together in the square of its length."""

    def readline(self, length: int | None = None) -> bytes:
        line: bytes = super().readline(MAX_LINE if length is None else min(length, MAX_LINE))
        if len(line) == MAX_LINE:
            raise ValueError(f"a line of {MAX_LINE:,} bytes before a page")
        return line


class _Records(WARCIterator):
    def __init__(self, file: _Bounded) -> None:
        super().__init__(file, no_record_parse=True)
        self.reader = _Lines(file)


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The articles of its pages: of each answer with status 200 that is HTML, and of each page kept without its answer.

    Raises:
        ValueError: there is no page in it.
    """
    began, number = time.process_time(), 0
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        # Unpacked here, because warcio refuses a file that was packed as a whole.
        records = iter(_Records(_Bounded(gzip.GzipFile(fileobj=file) if packed else file)))
        while True:
            try:
                record = next(records, None)
            except _FAILURES as error:
                yield Skipped(f"{path} page {number + 1}", f"it and what follows are harmed: {_line(error)}")
                return
            if record is None:
                break
            try:
                kind = _kind(record)
            except _FAILURES:
                continue  # no answer of a server
            if kind.partition(";")[0].strip() not in _PAGES:
                continue
            number += 1
            yield _article(record, kind, f"{name_of(path)}-{number}", f"{path} page {number}")
            if time.process_time() - began > SECONDS:
                yield Skipped(
                    f"{path} page {number + 1}", f"it and what follows: more than {SECONDS} s; split the file"
                )
                return
    if not number:
        raise ValueError("no page in it")


def _kind(record: Any) -> str:
    """The media type of a record, in lower case; empty where it is nothing that a page can be."""
    if not record.length:
        return ""
    if record.rec_type == "resource":
        return (record.content_type or "").lower()
    if record.rec_type != "response":
        return ""
    said = StatusAndHeadersParser(["HTTP/1.0", "HTTP/1.1"], verify=False).parse(record.raw_stream)
    record.http_headers = said
    return (said.get_header("content-type") or "").lower() if said.get_statuscode() == "200" else ""


def _article(record: Any, kind: str, name: str, where: str) -> RawArticle | Skipped:
    try:
        data = record.content_stream().read(MAX_PAGE + 1)
        if len(data) > MAX_PAGE:
            raise ValueError(f"more than {MAX_PAGE:,} bytes")
        charset = kind.partition("charset=")[2].partition(";")[0].strip(" \"'")
        address = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
        found = article_at(decode(data, charset), name, where, address)
        if len(found.text) < _LEAST:
            raise ValueError(f"{len(found.text)} letters of text; an article has {_LEAST}")
    except _FAILURES as error:
        return Skipped(where, f"could not be read: {_line(error)}")
    return found


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
