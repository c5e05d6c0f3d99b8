"""The reader: a small encoder that finds the words of a passage that answer a question, or says that it has none.

It is `all-MiniLM-L6-v2`, trained on public questions with known answers (`scripts/train_reader.py`) to say where in a passage the
answer begins and ends, with the first token of all for "not here" (Devlin et al., "BERT", 2019, section 4.3). It knows
nothing of what the language model thinks, and reads forty passages in the time in which that reads one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from index.encoder import Session
from rag.calibration import CALIBRATION

FILE = Path(__file__).parent / "weights" / "reader.onnx"
_TOKENS = 192  # of question and passage together, as it was trained
_ASKED = 400  # characters of a question, as it was trained
_SPAN = 30  # tokens of an answer, at most
_BATCH = 16


@dataclass(frozen=True)
class Found:
    """What the reader finds in a passage.

    Attributes:
        text: the words that most likely answer the question.
        odds: its log-odds that they do, rather than that nothing in the passage does.
    """

    text: str
    odds: float

    @property
    def likely(self) -> float:
        """The same as a number from 0 to 1 that still tells a very sure find from a sure one."""
        return 1 / (1 + math.exp(-self.odds / CALIBRATION.reader_scale))


class Reader:
    """The reader, from its file; it may be called from several threads."""

    def __init__(self, file: Path = FILE) -> None:
        from tokenizers import Tokenizer

        self._session = Session(file)
        self._tokenizer = Tokenizer.from_file(str(file.parent / "tokenizer.json"))
        self._tokenizer.enable_truncation(_TOKENS)  # of the longer of the two: a question may have more tokens, too
        self._tokenizer.enable_padding()

    def read(self, question: str, passages: Sequence[str], titles: Sequence[str] = ()) -> list[Found]:
        """What it finds in each passage, in their order.

        Args:
            titles: of each passage's article, or empty: the reader sees them, but no answer is looked for in them.
        """
        heads = [f"{title}. " if title else "" for title in titles] or [""] * len(passages)
        given = list(zip(heads, passages, strict=True))
        order = sorted(range(len(given)), key=lambda n: len(given[n][0] + given[n][1]))
        found: dict[int, Found] = {}
        for first in range(0, len(order), _BATCH):
            some = order[first : first + _BATCH]
            found |= zip(some, self._read(question[:_ASKED], [given[n] for n in some]), strict=True)
        return [found[n] for n in range(len(passages))]

    def _read(self, question: str, given: Sequence[tuple[str, str]]) -> list[Found]:
        read = self._tokenizer.encode_batch([(question, head + passage) for head, passage in given])
        starts, ends = self._session.run(["start", "end"], read)
        return [
            _best(head + passage, len(head), one, start, end)
            for (head, passage), one, start, end in zip(given, read, starts, ends, strict=True)
        ]


def _best(text: str, begins: int, read: Any, start: np.ndarray, end: np.ndarray) -> Found:
    """The likeliest span of a text from where it begins, of at most so many tokens."""
    own = [n for n, of in enumerate(read.sequence_ids) if of == 1 and read.offsets[n][0] >= begins]
    if not own:
        return Found("", -math.inf)
    first, last = own[0], own[-1] + 1
    both = start[first:last, None] + end[None, first:last]
    inside = np.tri(last - first, last - first, _SPAN - 1, dtype=bool) & ~np.tri(
        last - first, last - first, -1, dtype=bool
    )
    both = np.where(inside, both, -np.inf)
    a, b = np.unravel_index(int(both.argmax()), both.shape)
    first_letter, after = read.offsets[first + int(a)][0], read.offsets[first + int(b)][1]
    return Found(text[first_letter:after], round(float(both[a, b] - start[0] - end[0]), 4))


@cache
def reader() -> Reader:
    """The one that comes with the program, loaded at first use."""
    return Reader()
