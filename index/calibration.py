"""Every weight, threshold and window that shapes what is found; what shapes an answer is in `rag.calibration`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MEASURED = "set by hand; `rag eval` measures it, `rag eval compare` says what is noise"
UNCOMPARED = "no data: other values were not compared, or the comparison was not kept"
_ARCHIVE = "a development archive of 607 articles"


def chosen(value: Any, does: str, on: str = UNCOMPARED, by: str = MEASURED) -> Any:
    """A field with its value, what it does, the data it was chosen on and the command that measures or chooses it."""
    return field(default=value, metadata={"does": does, "on": on, "by": by})


class Chosen:
    """Numbers of which `about(name)` tells what one does and how it was chosen."""

    def about(self, name: str) -> dict[str, str]:
        """What a number does, the data it was chosen on, and the command that measures or chooses it."""
        return dict(self.__dataclass_fields__[name].metadata)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Retrieval(Chosen):
    """What shapes what is found."""

    # ---- chunks
    chunk_words: int = chosen(70, "words of a chunk, at most; one sentence may be longer")
    fragment_words: int = chosen(3, "words of a sentence that ends as one does, at least: “No,” he said.", _ARCHIVE)
    fragment_open: int = chosen(10, "the same of one without a full stop, which was lost or stands elsewhere", _ARCHIVE)
    fragment_listed: float = chosen(0.25, "separators for each word, from which a sentence is a list", _ARCHIVE)
    fragment_lower: float = chosen(
        0.25, "share of words in lower case (verbs, prepositions) below which nothing is stated", _ARCHIVE
    )
    fragment_lower_open: float = chosen(0.4, "the same of a sentence without a full stop", _ARCHIVE)

    # ---- what is found
    depth: int = chosen(60, "chunks that vectors find, and chunks that full text finds")
    query_words: int = chosen(64, "words of a query that full text looks for")
    meaning: float = chosen(
        0.5,
        "weight of likeness of meaning in a chunk's score; the rest is that of its words",
        "145 questions of the seeds' golden set (docs/experiments.md, Retrieval)",
    )
    copy: float = chosen(0.6, "share of three-word runs in common from which two chunks are one report")

    # ---- versions of one article
    version: float = chosen(
        0.75,
        "share of the older article's three-word runs that the newer one of the same outlet has; at .6 April's full moon "
        "was taken for an update of March's",
        _ARCHIVE,
    )
    version_address: float = chosen(0.3, "the same, where the address says that they are one article", _ARCHIVE)
    version_sentence: float = chosen(0.4, "share of runs in common from which two sentences say the same", _ARCHIVE)
    version_figure: int = chosen(8, "words of a figure with what stands around it", _ARCHIVE)


RETRIEVAL = Retrieval()
