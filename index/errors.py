"""Every error a person can meet, and what to do about it.

    RagError                     one sentence, and the fix
    ├── InputError               an argument, a question or a setting that cannot be used
    ├── CollectionError          no articles to index, or none that can be read
    ├── IndexMissing             no index where one was asked for
    ├── IndexDamaged             an index whose parts do not agree
    ├── IndexBusy                another process is writing the index
    └── ModelError               a model that is absent, altered or not a model
        ├── ModelMissing
        └── EngineCrashed        the native engine failed on a prompt
            └── EngineDied       and took its process with it

A refusal ("the articles do not say") is never an error: see `rag.types.Answer.abstained`.
"""

from __future__ import annotations


class RagError(Exception):
    """Something a person can put right.

    Args:
        what: what happened, with the two facts that disagree; one sentence.
        fix: what to do about it; one sentence, usually a command.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} {fix}")
        self.what = what
        self.fix = fix


class InputError(RagError):
    """An argument, question or setting that cannot be used."""


class CollectionError(RagError):
    """There is nothing to index."""


class IndexMissing(RagError):
    """There is no index at the path."""


class IndexDamaged(RagError):
    """The parts of an index do not agree with each other or with this program."""


class IndexBusy(RagError):
    """Another process is writing the same index."""


class ModelError(RagError):
    """A model is absent, altered, or not a model."""


class ModelMissing(ModelError):
    """The model's files are not on this machine."""


class EngineCrashed(ModelError):
    """The native engine failed while it read or wrote."""


class EngineDied(EngineCrashed):
    """The native engine crashed and took its process with it."""
