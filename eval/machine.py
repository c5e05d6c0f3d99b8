"""What a figure was measured on: the machine, and the versions that shape an answer."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version


def machine() -> str:
    """The machine in words."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def versions() -> str:
    """The versions that shape an answer."""
    return ", ".join(f"{p} {version(p)}" for p in ("llama-cpp-python", "sentence-transformers", "faiss-cpu"))
