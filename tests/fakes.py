"""Fakes that are real implementations: an embedder that embeds by words, and a language model that follows a script.

Both do what their protocols promise, so that the whole path of a question runs in milliseconds and a test
says to the letter what the model replies, and sees what it was asked.
"""

from __future__ import annotations

import json
import re
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.embedder import Progress
from index.errors import RagError
from index.late_interaction import Tokens, tokens_of
from index.text.words import content
from rag.engine.base import Prompt, Usage, in_template
from rag.prompt import NO_PASSAGE, SPLIT
from rag.types import Event

Match = str | tuple[str, ...] | Callable[[str], bool]
Reply = float | str | RagError

_TEMPLATE = ("<system>\n", "\n<user>\n", "\n<assistant>\n")


class Words:
    """An embedder by words: the stem of each that carries meaning counts in one of 384 places, chosen by its checksum."""

    dim = 384

    def __init__(self, name: str = "words") -> None:
        self.name = name

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Float32 vectors of shape (len(texts), dim), each of length 1."""
        out = np.full((len(texts), self.dim), 1e-3, np.float32)
        for row, text in zip(out, texts, strict=True):
            for word in content(text):
                row[zlib.crc32(word.encode()) % self.dim] += 1
        if progress:
            progress(len(texts), len(texts))
        return out / np.linalg.norm(out, axis=1, keepdims=True)

    def query(self, text: str) -> np.ndarray:
        """A float32 vector of shape (dim,), of length 1."""
        return self.passages([text])[0]

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """A token for each of these words, in alphabetical order."""
        words = [sorted(content(text)) for text in texts]
        made = [
            (np.array([zlib.crc32(w.encode()) % self.dim for w in some], int), self.passages(some)) for some in words
        ]
        return [tokens_of(ids, vectors) for ids, vectors in made]


class ScriptError(AssertionError):
    """The model was asked something that its script does not cover, or while it was still writing."""


@dataclass
class Rule:
    """What the model replies to a prompt.

    Attributes:
        match: a text that stands in the prompt, several that all do, or a function of the prompt.
        reply: log-odds for a prompt that is scored, a text for one that is continued, or an error that is raised.
        times: how often it holds; always where None.
    """

    match: Match
    reply: Reply
    times: int | None = None

    def holds(self, prompt: str, writing: bool) -> bool:
        """Whether it is for this prompt, and its reply is a text to one that is continued, or an error."""
        if self.times == 0 or (isinstance(self.reply, str) != writing and not isinstance(self.reply, RagError)):
            return False
        if callable(self.match):
            return self.match(prompt)
        texts = (self.match,) if isinstance(self.match, str) else self.match
        return all(text in prompt for text in texts)


@dataclass
class Asked:
    """One thing that the model was asked.

    Attributes:
        kind: "score", "likely", "write" or "keep".
        prompt: its text.
        pieces: how many pieces were taken of what was written.
        done: whether all of it was.
    """

    kind: str
    prompt: str
    pieces: int = 0
    done: bool = False


class ScriptedModel:
    """A language model that replies by the first rule that holds, and records what it was asked.

    It counts words as tokens, keeps what it has read of passages, and does one thing at a time as the real
    engine does; but where the engine makes a second caller wait, this one fails: in a test nobody would
    end the wait. A text is written word by word.

    Args:
        rules: what it replies; a question is taken for one that asks for one thing, where they do not say otherwise.
        sure: the log-probability of every token it writes.
        pmi: how much likelier every passage makes every question.
    """

    label = "scripted"

    def __init__(self, *rules: Rule, sure: float = -0.05, pmi: float = 2.5) -> None:
        self.rules, self.sure, self.pmi = [*rules, Rule(SPLIT, "")], sure, pmi
        self.asked: list[Asked] = []
        self.usage = Usage()
        self.closed = False
        self._kept: set[str] = set()
        self._busy = threading.Lock()

    def for_question(self) -> ScriptedModel:
        """The same script, record and memory, with `usage` of one question."""
        one = ScriptedModel(sure=self.sure, pmi=self.pmi)
        one.rules, one.asked, one.closed = self.rules, self.asked, self.closed
        one._kept, one._busy = self._kept, self._busy
        return one

    def chat(self, system: str, passage: str, question: str) -> Prompt:
        """A one-turn chat: `passage` then `question` as the user."""
        return in_template(_TEMPLATE, system, passage, question)

    def count(self, text: str) -> int:
        """Words in a text."""
        return len(re.findall(r"\w+", text))

    def score(self, prompts: Sequence[Prompt]) -> list[float]:
        """The log-odds that the script has for each prompt."""
        self._begin()
        try:
            return [float(self._reply(self._read("score", prompt))) for prompt in prompts]
        finally:
            self._busy.release()

    def likely(self, prompts: Sequence[Prompt]) -> list[float]:
        """How likely each question is: -4 by itself, and more after a passage."""
        self._begin()
        try:
            asked = [self._read("likely", prompt) for prompt in prompts]
            return [-4.0 if NO_PASSAGE in a.prompt else self.pmi - 4.0 for a in asked]
        finally:
            self._busy.release()

    def write(self, prompt: Prompt, limit: int = 160, *, sure: list[float] | None = None) -> Generator[str, None, None]:
        """The text that the script has for the prompt, word by word, up to `limit` words."""
        self._begin()
        try:
            asked = self._read("write", prompt)
            pieces = re.findall(r"\s*\S+", str(self._reply(asked)))[:limit]
            for piece in pieces:
                asked.pieces += 1
                self.usage.generated += 1
                if sure is not None:
                    sure.append(self.sure)
                yield piece
            asked.done = True
        finally:
            self._busy.release()

    def keep(self, prompt: Prompt) -> bool:
        """Read a prompt's head and kept part; False where that is kept already."""
        self._begin()
        try:
            before = len(self._kept)
            self._read("keep", Prompt(prompt.head, prompt.kept, ()))
            return len(self._kept) > before
        finally:
            self._busy.release()

    def close(self) -> None:
        """Let go of it; it takes no more questions."""
        self.closed = True

    @property
    def busy(self) -> bool:
        """Whether it is at work: a text that somebody stopped taking must be closed to free it."""
        return self._busy.locked()

    def prompts(self, kind: str) -> list[str]:
        """The prompts of one kind, in the order in which they were asked."""
        return [asked.prompt for asked in self.asked if asked.kind == kind]

    def _begin(self) -> None:
        if self.closed:
            raise ScriptError("The model is closed.")
        if not self._busy.acquire(blocking=False):
            raise ScriptError("The model is still at work on something else.")

    def _read(self, kind: str, prompt: Prompt) -> Asked:
        kept, tail = ("".join(piece.text for piece in part) for part in ((*prompt.head, *prompt.kept), prompt.tail))
        self.usage.prompt += self.count(tail) + (0 if kept in self._kept else self.count(kept))
        self._kept.add(kept)
        self.asked.append(Asked(kind, kept + tail))
        return self.asked[-1]

    def _reply(self, asked: Asked) -> float | str:
        writing = asked.kind == "write"
        rule = next((rule for rule in self.rules if rule.holds(asked.prompt, writing)), None)
        if rule is None:
            raise ScriptError(f"The script has no reply to this {asked.kind}:\n{asked.prompt}")
        if rule.times is not None:
            rule.times -= 1
        if isinstance(rule.reply, RagError):
            raise rule.reply
        return rule.reply


def news(folder: Path, articles: Sequence[tuple[str, str, str, str]]) -> Path:
    """A folder with one file of articles, each an id, a source, a day and a text."""
    folder.mkdir(parents=True)
    lines = [json.dumps(dict(zip(("id", "source", "date", "text"), article, strict=True))) for article in articles]
    (folder / "all.jsonl").write_text("\n".join(lines), "utf-8")
    return folder


class SlowStream:
    """Stands in for `Rag.stream`: reads for a minute, and says when it was asked and when it was ended."""

    def __init__(self) -> None:
        self.asked, self.ended = threading.Event(), threading.Event()

    def __call__(self, *args: object, **kwargs: object) -> Iterator[Event]:
        """Status events, until the minute is over or nobody listens."""
        try:
            for _ in range(600):
                self.asked.set()
                yield Event("status", "reading")
                time.sleep(0.1)
        finally:
            self.ended.set()
