"""Mail (.eml, .mbox) and pages that a browser saved as one file (.mhtml): the parts that people read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from typing import Any

from index.reading.page import article_at, article_of
from index.reading.plain import MAX_BYTES, decode, unwrap
from index.types import RawArticle, Skipped

MAX_MESSAGE = 20_000_000  # bytes of one message of an .mbox
_MAX_HEADER = 4_000  # characters: the parser of headers takes the square of their length
_MAX_PARTS = 1_000
# As the library's parser fails on harmed headers.
_FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, MessageError, RuntimeError, TypeError)


class _Bounded(EmailPolicy):
    """The standard library's policy, with headers cut before they are parsed."""

    def header_source_parse(self, sourcelines: Any) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name[:100], value[:_MAX_HEADER]


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The article of a mail or of a saved page."""
    with path.open("rb") as file:
        message = _parsed(file.read(MAX_BYTES))
    try:
        yield _mail(message, path.stem, str(path)) if path.suffix.lower() == ".eml" else _page(message, path)
    except _FAILURES as error:
        raise ValueError(f"it is damaged: {type(error).__name__}: {error}") from error


def read_mbox(path: Path) -> Iterator[RawArticle | Skipped]:
    """The article of each message of a mailbox, up to the size it had."""
    for number, data in enumerate(_messages(path), 1):
        where = f"{path} message {number}"
        if len(data) > MAX_MESSAGE:
            yield Skipped(where, f"longer than {MAX_MESSAGE:,} bytes")
            continue
        try:
            yield _mail(_parsed(data), f"{path.stem}-{number}", where)
        except (*_FAILURES, ValueError) as error:
            yield Skipped(where, f"could not be read: {error}")


def _messages(path: Path) -> Iterator[bytes]:
    """Each message, or enough of it to show that it is too long."""
    size = path.stat().st_size
    gathered, began, blank = bytearray(), False, True
    with path.open("rb") as file:
        while file.tell() < size and (line := file.readline(MAX_MESSAGE)):
            if blank and line.startswith(b"From "):
                if began:
                    yield bytes(gathered)
                gathered, began = bytearray(), True
            elif len(gathered) <= MAX_MESSAGE:
                gathered += line[1:] if line.startswith(b">From ") else line
            blank = line in (b"\n", b"\r\n")
    if not began:
        raise ValueError("no message in it: each begins with a line “From …”")
    yield bytes(gathered)


def _parsed(data: bytes) -> EmailMessage:
    try:
        return message_from_bytes(data, policy=_Bounded())  # type: ignore[arg-type]
    except _FAILURES as error:
        raise ValueError(f"it is damaged or nested too deep: {type(error).__name__}: {error}") from error


def _mail(message: EmailMessage, name: str, path: str) -> RawArticle:
    body = message.get_body(("plain", "html"))
    if body is None:
        raise ValueError("no text in the message")
    text = _text(body)
    if body.get_content_type() == "text/html":
        text = article_of(text, name, path).text
    people = getaddresses([_header(message, "From")])
    person, address = people[0] if people else ("", "")
    day = None
    with suppress(ValueError, TypeError, OverflowError):
        day = parsedate_to_datetime(_header(message, "Date")).date()
    return RawArticle(
        id=name,
        text=unwrap(text),
        path=path,
        title=_header(message, "Subject") or None,
        source=person or address or None,
        published=day,
        published_how="stated in the mail" if day else "",
        authors=(person,) if person else (),
    )


def _page(message: EmailMessage, path: Path) -> RawArticle:
    for number, part in enumerate(message.walk()):
        if number == _MAX_PARTS:
            break
        if part.get_content_type() == "text/html":
            address = _header(message, "Snapshot-Content-Location") or _header(part, "Content-Location")
            return article_at(_text(part), path.stem, str(path), address, _header(message, "Subject") or None)
    raise ValueError("no page in it")


def _header(part: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(part.get(name, "")).split())
    except (*_FAILURES, ValueError):
        return ""


def _text(part: MIMEPart) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise ValueError("no text in the part")
    return decode(data, part.get_content_charset() or "")
