"""The engine's own log is discarded; what matters is raised as an exception."""

from __future__ import annotations

from typing import Any

_silence: Any = None


def quiet(c: Any) -> None:
    """Discard the log of these bindings from now on."""
    global _silence
    if _silence is None:
        _silence = c.llama_log_callback(lambda level, text, data: None)
        c.llama_log_set(_silence, None)
