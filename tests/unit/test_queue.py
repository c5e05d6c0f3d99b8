"""The line before the model: first come, first served; who leaves makes room."""

from __future__ import annotations

import threading
import time
from collections import deque

from ui.queue import Queue


def test_everybody_is_served_in_order_and_alone() -> None:
    queue, served, inside = Queue(), list[int](), list[int]()
    tickets = [queue.join() for _ in range(12)]

    def person(n: int) -> None:
        deque(queue.turn(tickets[n]), maxlen=0)
        inside.append(n)
        assert inside == [n], "one at a time"
        time.sleep(0.002)
        served.append(n)
        inside.remove(n)
        queue.leave(tickets[n])

    people = [threading.Thread(target=person, args=(n,)) for n in reversed(range(12))]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join(20)
    assert served == list(range(12)) and not inside


def test_who_waits_is_told_how_many_are_before_and_may_leave() -> None:
    queue = Queue()
    first, second, third = queue.join(), queue.join(), queue.join()
    assert list(queue.turn(first)) == []
    waiting = queue.turn(third)
    assert next(waiting) == 2
    queue.leave(second)  # while it waits
    assert next(waiting) == 1
    queue.leave(first)
    assert list(waiting) == []
    queue.leave(third)
    queue.leave(third)  # twice does no harm
    assert list(queue.turn(queue.join())) == []


def test_a_server_answers_several_at_once() -> None:
    queue = Queue(places=2)
    first, second, third = queue.join(), queue.join(), queue.join()
    assert list(queue.turn(first)) == list(queue.turn(second)) == []
    assert next(queue.turn(third)) == 1
    queue.leave(first)
    assert list(queue.turn(third)) == []
