"""Middleware before every request: which host names are answered, how often, and what a browser may do."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.security.body_limit import BodyLimit, header, same_host
from ui.security.rate_limit import RateLimit

# Gradio's page has scripts and styles of its own in it, so these must be let be; but nothing may
# be fetched from, sent to or shown in a page of another host, whatever stands in an article.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# What Gradio serves and the chat does not use: it fetches addresses, or keeps files for anyone.
_UNUSED = ("://", "/proxy=", "/gradio_api/deep_link", "/gradio_api/process_recording")


class Headers:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in _HEADERS}
                kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in named]
                message = {**message, "headers": [*kept, *_HEADERS]}
            await send(message)

        await self._app(scope, receive, answer)


class Strangers:
    """Answers 403 to requests that would fetch from elsewhere, and to those sent by a page of another host."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say why not."""
        if scope["type"] == "http":
            origin, host = header(scope, b"origin"), header(scope, b"host")
            if any(part in scope["path"] for part in _UNUSED):
                return await PlainTextResponse("The chat does not serve this.", 403)(scope, receive, send)
            if scope["method"] not in ("GET", "HEAD", "OPTIONS") and origin and not same_host(origin, host):
                return await PlainTextResponse("Another page sent this.", 403)(scope, receive, send)
        return await self._app(scope, receive, send)


def middleware(loopback: bool) -> list[Middleware]:
    """The middleware before every request.

    Args:
        loopback: the chat is for this machine only. Then no other name for it is answered: a page elsewhere could point
            its own name here (DNS rebinding).
    """
    hosts = [Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])]
    return [
        Middleware(Headers),
        *(hosts if loopback else []),
        Middleware(RateLimit),
        Middleware(Strangers),
        Middleware(BodyLimit),
    ]
