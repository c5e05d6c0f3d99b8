"""How much may be sent to the chat; and nothing sent may make the chat fetch an address."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from starlette.formparsers import MultiPartException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.security.rate_limit import Window, client_of, later

MAX_UPLOAD = 50_000_000  # bytes of a file
_AT_ONCE = 100_000_000  # and of the files that are chosen together
_MAX_BODY = 5_000_000  # bytes of any other call: a pasted text of the greatest length, and as much again
_HELD = 100_000_000  # bytes of all the calls that are being sent
_SECONDS = 30.0  # in which a call is sent
_A_MINUTE = 50_000_000  # bytes of one client's calls: to look through them takes a tenth of a second a megabyte
_KEPT, _FOR = 1_000_000_000, 3600.0  # bytes of uploads within these seconds; Gradio deletes what is older
_UPLOADS = ("/gradio_api/upload", "/gradio_api/upload/")
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_ADDRESS = ("http://", "https://")


class BodyLimit:
    """Answers 413 to a body that is too long, whatever length it claims, and 403 to one with an address to fetch."""

    def __init__(self, app: ASGIApp, kept: int = _KEPT, held: int = _HELD, seconds: float = _SECONDS) -> None:
        self._app = app
        self._kept, self._most, self._seconds = kept, held, seconds
        self._held = 0
        self._minute = Window(_A_MINUTE)
        self._hour = _Hour()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request whose body is acceptable."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
        elif scope["path"] in _UPLOADS:
            await self._upload(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A call's body is read whole before anything is done with it."""
        body, more = bytearray(), True
        if _length(scope) > _MAX_BODY:
            return await _refuse(_too_long(_MAX_BODY), 413)(scope, receive, send)
        try:
            async with asyncio.timeout(self._seconds):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    self._held += len(message.get("body", b""))
                    more = message.get("more_body", False)
                    if len(body) > _MAX_BODY:
                        return await _refuse(_too_long(_MAX_BODY), 413)(scope, receive, send)
                    if self._held > self._most:
                        return await _refuse("Too much is being sent at once. Try again.", 503)(scope, receive, send)
        except TimeoutError:
            return await _refuse(f"This was not sent within {self._seconds:g} seconds.", 408)(scope, receive, send)
        finally:
            self._held -= len(body)
        if wait := self._minute.wait(client_of(scope), time.monotonic(), len(body)):
            return await later(wait)(scope, receive, send)
        try:
            data = json.loads(body)
        except (RecursionError, UnicodeDecodeError):
            if not header(scope, b"content-type").startswith(_FORMS):
                return await _refuse("This cannot be read as JSON.", 400)(scope, receive, send)
            data = None
        except ValueError:
            data = None  # as a password's form: then nothing takes it for a file
        if _fetches(data, header(scope, b"host")):
            return await _refuse("The chat fetches nothing from an address.", 403)(scope, receive, send)
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        return await self._app(scope, again, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An upload is passed on as it comes, until it is too long."""
        if _length(scope) > _AT_ONCE:
            return await _refuse(_too_long(_AT_ONCE), 413)(scope, receive, send)
        count = self._hour.begin(time.monotonic())
        ended, why, told = False, "", False

        async def counted() -> Message:
            nonlocal ended, why
            message = await receive()
            if message["type"] == "http.disconnect" and not ended:
                # Of Gradio's own kind: only then what it has of the upload is deleted.
                raise MultiPartException("The upload broke off.")
            count[1] += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if count[1] > _AT_ONCE:
                why = _too_long(_AT_ONCE)
            elif self._hour.total > self._kept:
                why = "Too much was uploaded within an hour. Index a folder, or wait."
            if why:
                raise MultiPartException(why)
            return message

        async def answer(message: Message) -> None:
            nonlocal told
            if not why:
                if message["type"] == "http.response.start" and not ended:
                    # Answered before all was sent: whoever goes on sending is not listened to.
                    message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
                await send(message)
            elif not told:
                told = True
                await _refuse(why, 413)(scope, receive, send)

        return await self._app(scope, counted, answer)


class _Hour:
    """The uploads of the last hour: when each began, and its bytes so far."""

    def __init__(self) -> None:
        self._uploads: deque[list[float]] = deque()

    def begin(self, now: float) -> list[float]:
        """Begin counting a new upload."""
        while self._uploads and self._uploads[0][0] <= now - _FOR:
            self._uploads.popleft()
        self._uploads.append([now, 0])
        return self._uploads[-1]

    @property
    def total(self) -> float:
        """The bytes of all uploads."""
        return sum(size for _, size in self._uploads)


def _fetches(data: Any, host: str) -> bool:
    """Whether there is a file in the data that would be fetched from an address, or from another host."""
    left = [data]
    while left:
        item = left.pop()
        if isinstance(item, list):
            left += item
        elif isinstance(item, dict):
            left += item.values()
            url = item.get("url")
            # The page sends its own uploads back, with their address on this host.
            elsewhere = _is_address(url) and not same_host(str(url), host)
            if "path" in item and (elsewhere or _is_address(item["path"])):
                return True
    return False


def _is_address(text: Any) -> bool:
    return isinstance(text, str) and text.strip().lower().startswith(_ADDRESS)


def same_host(url: str, host: str) -> bool:
    """Whether an address has the host that a request was sent to, whatever the scheme."""
    try:
        return bool(host) and urlsplit(url.strip()).netloc.lower() == host.lower()
    except ValueError:
        return False


def header(scope: Scope, wanted: bytes) -> str:
    """A request's header; empty if it has none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _length(scope: Scope) -> int:
    said = header(scope, b"content-length")
    return int(said) if said.isdecimal() else 0


def _too_long(most: int) -> str:
    return f"This is longer than {most // 1_000_000} MB."


def _refuse(why: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(why, status, {"Connection": "close"})
