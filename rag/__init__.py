"""Ask a folder of articles; every sentence of the answer cites the words that support it.

from rag import Rag, answer
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.assistant import Rag, answer
    from rag.types import Answer, Citation, Sentence

__all__ = ["Answer", "Citation", "Rag", "Sentence", "answer"]


def __getattr__(name: str) -> Any:
    # Loaded at first use: `rag --help` must not wait for numpy.
    if name in ("Rag", "answer"):
        from rag import assistant

        return getattr(assistant, name)
    if name in ("Answer", "Citation", "Sentence"):
        from rag import types

        return getattr(types, name)
    raise AttributeError(f"module 'rag' has no attribute {name!r}")
