"""Who is answered next: one model, many people, first come, first served."""

from __future__ import annotations

import threading
from collections.abc import Iterator

_LOOK = 0.5  # seconds after which one who waits may leave


class Queue:
    """Those who wait for the model.

    Args:
        places: how many may use it at once.
    """

    def __init__(self, places: int = 1) -> None:
        self.places = places
        self._waiting: list[object] = []
        self._moved = threading.Condition()

    def join(self) -> object:
        """A place at the end of the queue; give it up with `leave`."""
        ticket = object()
        with self._moved:
            self._waiting.append(ticket)
        return ticket

    def turn(self, ticket: object) -> Iterator[int]:
        """Wait for a turn: yields how many are ahead in the queue, at first and at least twice a second."""
        while True:
            with self._moved:
                before = self._before(ticket)
                if before == 0:
                    return
            yield before
            with self._moved:
                self._moved.wait_for(lambda: self._before(ticket) != before, _LOOK)  # noqa: B023 - asked at once

    def leave(self, ticket: object) -> None:
        """Leave the queue, before or after the turn came."""
        with self._moved:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self._moved.notify_all()

    def wait_for_nobody(self, seconds: float) -> bool:
        """Wait until nobody is being answered or waiting, at most this long; returns whether that is so."""
        with self._moved:
            return self._moved.wait_for(lambda: not self._waiting, seconds)

    def _before(self, ticket: object) -> int:
        return max(0, self._waiting.index(ticket) - self.places + 1)
