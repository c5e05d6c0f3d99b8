"""The rows of a run on disk: each is written before the next question is asked, so that a run can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from index.errors import InputError

Row = dict[str, Any]
Progress = Callable[[int, int], None]
RESULTS = "results.jsonl"
_KINDS = {"furniture": "boilerplate"}  # what older results call a kind, in its name and in its questions' ids


class Asked(Protocol):
    """Whatever a row is made for."""

    @property
    def id(self) -> str:
        """Its id, unique within a run."""


Item = TypeVar("Item", bound=Asked)


class Record:
    """The rows of one run, in a folder where one is named."""

    def __init__(self, out: Path | None, resume: bool = False) -> None:
        """Begin a run, or continue the one in `out`.

        Raises:
            InputError: the folder holds a run and `resume` was not asked for, or there is no folder to resume.
        """
        if resume and out is None:
            raise InputError("--resume needs the folder of the run.", "Add --out DIR.")
        self._path = out / RESULTS if out else None
        self._done: dict[str, Row] = {}
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            if not resume:
                raise InputError(
                    f"{self._path} holds an earlier run.", "Add --resume, or name another folder with --out."
                )
            self._done = {str(row["id"]): row for row in read_results(self._path)}
            # Written again, because an interruption may have left half a line at the end.
            self._path.write_text("".join(map(_line, self._done.values())), "utf-8")

    def fill(self, items: Sequence[Item], ask: Callable[[Item], Row], progress: Progress | None = None) -> list[Row]:
        """The row of each item; those that the run does not have yet are asked for."""
        rows = []
        for n, item in enumerate(items, 1):
            row = self._done.get(item.id)
            if row is None:
                row = ask(item)
                self._keep(row)
            rows.append(row)
            if progress:
                progress(n, len(items))
        return rows

    def _keep(self, row: Row) -> None:
        if self._path:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(row))


def read_results(path: Path) -> list[Row]:
    """The rows of a run; a last line cut off by an interruption is left out.

    Raises:
        InputError: there is no such file, or a line before the last is damaged.
    """
    if not path.is_file():
        raise InputError(f"There are no results at {path}.", "Name the folder of a run.")
    rows = []
    lines = path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        try:
            rows.append(_renamed(json.loads(line)))
        except ValueError:
            if number < len(lines):
                raise InputError(f"{path} line {number} is not JSON.", "Run the evaluation again.") from None
    return rows


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _renamed(row: Row) -> Row:
    kind = row.get("kind")
    if kind not in _KINDS:
        return row
    return row | {"kind": _KINDS[kind], "id": str(row["id"]).replace(kind, _KINDS[kind], 1)}
