"""What answering needs of a language model, on this machine (`rag.engine.local`) or a server (`rag.engine.remote`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Piece(NamedTuple):
    """A part of a prompt. Only `control` pieces may become chat-template tokens."""

    text: str
    control: bool = False


@dataclass(frozen=True)
class Prompt:
    """A prompt in three parts, by how long their KV cache is kept.

    Attributes:
        head: the same for all questions (the system message): kept in the engine.
        kept: the same whenever one passage is read: its state is stored, within a memory limit, so that the next
            question about the passage does not read it again.
        tail: the question; never kept.
    """

    head: tuple[Piece, ...]
    kept: tuple[Piece, ...]
    tail: tuple[Piece, ...]


def in_template(template: tuple[str, str, str], system: str, passage: str, question: str) -> Prompt:
    """A one-turn chat in a model's own template: what stands before, between and after two messages."""
    before, between, after = template
    return Prompt(
        head=(Piece(before, True), Piece(system), Piece(between, True)),
        kept=(Piece(passage),),
        tail=(Piece(question), Piece(after, True)),
    )


@dataclass
class Usage:
    """Tokens read and written so far; what was restored instead of read is not counted.

    Attributes:
        seconds: in the engine, where that is known.
    """

    prompt: int = 0
    generated: int = 0
    seconds: float = 0.0


class LanguageModel(Protocol):
    """A language model that writes, and says yes or no.

    Attributes:
        label: what an answer's data calls it.
    """

    usage: Usage

    @property
    def label(self) -> str:
        """What an answer's data calls it."""
        ...

    def for_question(self) -> LanguageModel:
        """The same model, with `usage` that counts one question where several may be answered at once."""
        ...

    def chat(self, system: str, passage: str, question: str) -> Prompt:
        """A one-turn chat: `passage` then `question` as the user."""
        ...

    def count(self, text: str) -> int:
        """Tokens in a text, or an estimate."""
        ...

    def score(self, prompts: Sequence[Prompt]) -> list[float]:
        """For each prompt, log P(yes) - log P(no) of the next token."""
        ...

    def likely(self, prompts: Sequence[Prompt]) -> list[float]:
        """For each prompt, the mean log-probability of its tail's text; empty where that cannot be known."""
        ...

    def write(self, prompt: Prompt, limit: int = 160, *, sure: list[float] | None = None) -> Iterator[str]:
        """The continuation, piece by piece; the log-probability of each token is appended to `sure`."""
        ...

    def keep(self, prompt: Prompt) -> bool:
        """Read a prompt's head and kept part ahead of any question; False if there was nothing to read."""
        ...

    def close(self) -> None:
        """Close the model."""
        ...
