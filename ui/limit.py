"""How often one client may ask, and try to enter."""

from __future__ import annotations

import time
from collections import OrderedDict, deque

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_MINUTE = 60.0
_ASKING = 600  # calls a minute; a page makes about ten for a question
_ENTERING = 10  # passwords a minute
_KNOWN = 10_000  # clients remembered


class Window:
    """The calls of the last minute, by client."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._calls: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Seconds until this client may call; 0 where it may now, which then counts as a call."""
        calls = self._calls.setdefault(client, deque())
        self._calls.move_to_end(client)
        while len(self._calls) > _KNOWN:
            self._calls.popitem(last=False)
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) >= self._most:
            return calls[0] + _MINUTE - now
        calls.append(now)
        return 0.0


class RateLimit:
    """Answers 429 to a client, told by its address, that calls too often."""

    def __init__(self, app: ASGIApp, asking: int = _ASKING, entering: int = _ENTERING) -> None:
        self._app = app
        self._asking, self._entering = Window(asking), Window(entering)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say when to come again."""
        if scope["type"] == "http" and scope["method"] == "POST":
            window = self._entering if scope["path"].rstrip("/").endswith("/login") else self._asking
            wait = window.wait((scope.get("client") or ("?",))[0], time.monotonic())
            if wait:
                again = str(int(wait) + 1)
                text = f"Too many calls within a minute. Try again in {again} seconds."
                await PlainTextResponse(text, 429, {"Retry-After": again})(scope, receive, send)
                return
        await self._app(scope, receive, send)
