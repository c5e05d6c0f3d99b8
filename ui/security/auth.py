"""Who may enter a chat that others can reach. Passwords are kept only as scrypt hashes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

from index.errors import InputError

_COST, _BLOCK, _LANES = 2**14, 8, 1  # OWASP's choice for scrypt at 16 MB a try
_SCHEME = "scrypt"


def read_auth(path: Path) -> Callable[[str, str], bool]:
    """A function that says whether a name and a password may enter.

    Args:
        path: a file with a line for each person, as `entry` makes them; no one else may read it.

    Raises:
        InputError: the file cannot be used.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", f"Make one: rag password NAME >> {path}")
    if path.stat().st_mode & 0o077:
        raise InputError(f"Others can read {path}.", f"Run chmod 600 {path}.")
    people: dict[str, tuple[bytes, bytes]] = {}
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            name, scheme, salt, digest = line.strip().split(":")
            if not name or scheme != _SCHEME:
                raise ValueError(scheme)
            people[name] = base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)
        except ValueError:
            raise InputError(
                f"{path} line {number} is not what `rag password` prints.",
                f"Make it again: rag password NAME >> {path}",
            ) from None
    if not people:
        raise InputError(f"{path} names nobody.", f"Add a person: rag password NAME >> {path}")
    nobody = os.urandom(16), os.urandom(32)

    def may_enter(name: str, password: str) -> bool:
        salt, digest = people.get(name, nobody)
        # Also for a name that is unknown: how long it takes should not tell which are known.
        return hmac.compare_digest(_hash(password, salt), digest) and name in people

    return may_enter


def entry(name: str, password: str) -> str:
    """The line that lets somebody enter.

    Raises:
        InputError: a name or a password that cannot be used.
    """
    if not name.strip() or ":" in name or any(not c.isprintable() for c in name):
        raise InputError(f"{name!r} cannot be used as a name.", "Use letters and digits.")
    if len(password) < 8:
        raise InputError("The password has fewer than 8 characters.", "Choose a longer one.")
    salt = os.urandom(16)
    return ":".join([name, _SCHEME, *(base64.b64encode(part).decode() for part in (salt, _hash(password, salt)))])


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=_COST, r=_BLOCK, p=_LANES)
