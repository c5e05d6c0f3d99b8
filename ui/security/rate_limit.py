"""How often one client may call, and try a password."""

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
    """What clients did within the last minute, each up to `most`: calls, or bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._calls: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()

    def wait(self, client: str, now: float, cost: int = 1) -> float:
        """Seconds until this client may call; 0 where it may now, which then counts."""
        calls = self._calls.setdefault(client, deque())
        self._calls.move_to_end(client)
        while len(self._calls) > _KNOWN:
            self._calls.popitem(last=False)
        while calls and calls[0][0] <= now - _MINUTE:
            calls.popleft()
        if sum(spent for _, spent in calls) + cost > self._most:
            return (calls[0][0] if calls else now) + _MINUTE - now
        calls.append((now, cost))
        return 0.0


def client_of(scope: Scope) -> str:
    """The address a request came from."""
    return str((scope.get("client") or ("?",))[0])


def later(wait: float) -> PlainTextResponse:
    """The answer to a client that must wait this many seconds."""
    again = str(int(wait) + 1)
    text = f"Too much within a minute. Try again in {again} seconds."
    return PlainTextResponse(text, 429, {"Retry-After": again})


class RateLimit:
    """Answers 429 to a client, identified by its address, that calls too often."""

    def __init__(self, app: ASGIApp, asking: int = _ASKING, entering: int = _ENTERING) -> None:
        self._app = app
        self._asking, self._entering = Window(asking), Window(entering)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say when to come again."""
        if scope["type"] == "http" and scope["method"] == "POST":
            window = self._entering if scope["path"].rstrip("/").endswith("/login") else self._asking
            if wait := window.wait(client_of(scope), time.monotonic()):
                return await later(wait)(scope, receive, send)
        return await self._app(scope, receive, send)
