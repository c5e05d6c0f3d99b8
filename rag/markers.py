"""The markers of citations in an answer's text: “[1]”."""

from __future__ import annotations

import re


def without_markers(text: str) -> str:
    """An answer's text without its citation markers."""
    return re.sub(r"\s*\[\d+\]", "", text)
