"""Ask a folder of articles; every sentence of the answer cites the words that support it.

from rag import Rag, answer
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.errors import (
        CollectionError,
        EngineCrashed,
        EngineDied,
        IndexBusy,
        IndexDamaged,
        IndexMissing,
        InputError,
        ModelError,
        ModelMissing,
        RagError,
    )
    from index.types import Article, Hit, IndexReport
    from rag.assistant import Rag, answer
    from rag.collection import CollectionInfo
    from rag.config import Config
    from rag.people import Person
    from rag.quotes import Quote
    from rag.types import Answer, Citation, Event, Passage, Sentence, Turn

_HOME = {
    "rag.assistant": ("Rag", "answer"),
    "rag.collection": ("CollectionInfo",),
    "rag.config": ("Config",),
    "rag.types": ("Answer", "Citation", "Event", "Passage", "Sentence", "Turn"),
    "rag.people": ("Person",),
    "rag.quotes": ("Quote",),
    "index.types": ("Article", "Hit", "IndexReport"),
    "index.errors": (
        "CollectionError",
        "EngineCrashed",
        "EngineDied",
        "IndexBusy",
        "IndexDamaged",
        "IndexMissing",
        "InputError",
        "ModelError",
        "ModelMissing",
        "RagError",
    ),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [  # noqa: RUF022 - what is used most comes first
    "Rag",
    "answer",
    "Config",
    "Answer",
    "Sentence",
    "Citation",
    "Passage",
    "Event",
    "Turn",
    "Article",
    "Hit",
    "Person",
    "Quote",
    "IndexReport",
    "CollectionInfo",
    "RagError",
    "InputError",
    "CollectionError",
    "IndexMissing",
    "IndexDamaged",
    "IndexBusy",
    "ModelError",
    "ModelMissing",
    "EngineCrashed",
    "EngineDied",
]


def __getattr__(name: str) -> Any:
    # Loaded at first use: `rag --help` must not wait for numpy.
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'rag' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
