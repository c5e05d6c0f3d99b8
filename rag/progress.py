"""A progress bar on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def bar(what: str) -> Iterator[Callable[..., None]]:
    """Show progress on standard error; yields a function to call with (done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True))
    task: list[Any] = []

    def tick(done: int, total: int, stage: str = "") -> None:
        if not task:
            # Not before: a command that fails at once should print its one sentence only.
            progress.start()
            task.append(progress.add_task(what, total=total))
        progress.update(task[0], completed=done, total=total, description=stage or what)

    try:
        yield tick
    finally:
        if task:
            progress.stop()
