"""Who may enter a chat that others can reach."""

from __future__ import annotations

from pathlib import Path

from index.errors import InputError


def read_auth(path: Path) -> list[tuple[str, str]]:
    """The people who may enter: a line each, `name:password`; no one else may read the file.

    Raises:
        InputError: the file cannot be used.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Write one line a person: name:password.")
    if path.stat().st_mode & 0o077:
        raise InputError(f"Others can read {path}.", f"Run chmod 600 {path}.")
    people = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        name, colon, password = line.strip().partition(":")
        if not line.strip():
            continue
        if not (name and colon and password):
            raise InputError(f"{path} line {number} is not name:password.", "Put the line right.")
        people.append((name, password))
    if not people:
        raise InputError(f"{path} names nobody.", "Write one line a person: name:password.")
    return people
