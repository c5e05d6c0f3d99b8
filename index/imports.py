"""Packages that take seconds to import: one after the other, and without what they would only drag along."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

one_at_a_time = threading.RLock()


@contextmanager
def without(package: str) -> Iterator[None]:
    """Let a package look as if it were not installed while another is imported, unless it is there already.

    Whoever imports the hidden package does so under `one_at_a_time`, too.
    """
    with one_at_a_time:
        hidden = package not in sys.modules
        if hidden:
            sys.modules[package] = None  # type: ignore[assignment]
        try:
            yield
        finally:
            if hidden:
                del sys.modules[package]
