"""The line before the model: first come, first served; who leaves makes room."""

from __future__ import annotations

import threading
import time
from collections import deque

from ui.queue import Line


def test_everybody_is_served_in_order_and_alone() -> None:
    line, served, inside = Line(), list[int](), list[int]()
    tickets = [line.join() for _ in range(12)]

    def person(n: int) -> None:
        deque(line.turn(tickets[n]), maxlen=0)
        inside.append(n)
        assert inside == [n], "one at a time"
        time.sleep(0.002)
        served.append(n)
        inside.remove(n)
        line.leave(tickets[n])

    people = [threading.Thread(target=person, args=(n,)) for n in reversed(range(12))]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join(20)
    assert served == list(range(12)) and not inside


def test_who_waits_is_told_how_many_are_before_and_may_leave() -> None:
    line = Line()
    first, second, third = line.join(), line.join(), line.join()
    assert list(line.turn(first)) == []
    waiting = line.turn(third)
    assert next(waiting) == 2
    line.leave(second)  # while it waits
    assert next(waiting) == 1
    line.leave(first)
    assert list(waiting) == []
    line.leave(third)
    line.leave(third)  # twice does no harm
    assert list(line.turn(line.join())) == []


def test_a_server_answers_several_at_once() -> None:
    line = Line(places=2)
    first, second, third = line.join(), line.join(), line.join()
    assert list(line.turn(first)) == list(line.turn(second)) == []
    assert next(line.turn(third)) == 1
    line.leave(first)
    assert list(line.turn(third)) == []
