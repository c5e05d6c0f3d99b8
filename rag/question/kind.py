"""What kind of answer a question asks for.

Multinomial logistic regression on the question's embedding and on its form: its words, each name, noun, number and verb
replaced by its part of speech, in runs of up to three and in pairs that the parse ties together.
`scripts/fit_kinds.py` fits it on questions written for it and on public ones. The embedding counts only with the
model it was fitted with; with another one, the form decides by itself.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from index.embedder import Embedder
from index.text.grammar import PROPER, parsed
from index.text.sentences import sentences
from index.text.words import content

WEIGHTS = Path(__file__).parent / "kinds.json"
LONGEST = 3  # words of the form that are looked at together
Asks = Literal["fact", "yes_no", "several", "parts", "summary"]
Kind = Literal["fact", "yes_no", "several"]


@dataclass(frozen=True)
class Weights:
    """Of one classifier, a row for each kind.

    Attributes:
        bias: (kinds,).
        form: part of the form → (kinds,).
        vector: (kinds, dimensions); None where the form decides by itself.
    """

    bias: np.ndarray
    form: dict[str, np.ndarray]
    vector: np.ndarray | None


def asks(question: str, embedder: Embedder | None = None) -> dict[Asks, float]:
    """The chance of each: that one fact is asked for, a yes or a no, several statements side by side, several facts, a summary.

    What is told before the question ("… struck a man on Sunday. Who is he?") plays no part.

    Args:
        embedder: gives the question's embedding; the form decides by itself where there is none.
    """
    known, kinds, helped, alone = _fitted()
    question = asked(question)
    with_vector = embedder is not None and embedder.name == known
    weights = helped if with_vector else alone
    odds = weights.bias.copy()
    for part in form(question):
        odds += weights.form.get(part, 0.0)
    if embedder is not None and with_vector and weights.vector is not None:
        odds += weights.vector @ embedder.query(question)
    chances = np.exp(odds - odds.max())
    return dict(zip(kinds, (chances / chances.sum()).tolist(), strict=True))


def kind_of(question: str, embedder: Embedder | None = None) -> Kind:
    """The kind of answer: several statements side by side, a yes or a no, or one fact.

    Several facts are one fact after the other, and so is what a summary asks for where none can be given.
    """
    chances = asks(question, embedder)
    kind = max(chances, key=lambda kind: chances[kind])
    return "fact" if kind == "parts" or kind == "summary" else kind


def asked(question: str) -> str:
    """The question itself, without what is told before it."""
    spans = sentences(question)
    first = next((start for start, end in spans if question[start:end].rstrip(" \"'”’").endswith("?")), 0)
    return question[first:]


def form(question: str) -> set[str]:
    """The form of a question: runs of up to three words with a mark at each end, and pairs with their tie.

    Its final punctuation does not count: some leave out the question mark.
    """
    tokens = parsed(question.rstrip(" ?.!"))
    plain = [_plain(token) for token in tokens]
    words = ["^", *plain, "$"]
    runs = {" ".join(words[i : i + size]) for size in range(1, LONGEST + 1) for i in range(len(words) - size + 1)}
    heads = [plain[token.head.i] if token.head.i != token.i else "" for token in tokens]
    return runs | {f"{word}>{token.dep_}>{head}" for word, token, head in zip(plain, tokens, heads, strict=True)}


def _plain(token: Any) -> str:
    """A word in small letters, or its tag where it is a name, a number, a noun or a verb."""
    named = token.tag_ in PROPER or token.tag_ in ("NN", "NNS", "CD")
    return str(token.tag_ if named or (token.tag_.startswith("VB") and token.pos_ != "AUX") else token.lower_)


@cache
def _fitted() -> tuple[str, list[Asks], Weights, Weights]:
    data = json.loads(WEIGHTS.read_text("utf-8"))

    def read(name: str) -> Weights:
        of = data[name]
        vector = np.asarray(of["vector"], np.float32) if of["vector"] else None
        return Weights(
            np.asarray(of["bias"], np.float64), {part: np.asarray(w) for part, w in of["form"].items()}, vector
        )

    return data["embedder"], data["kinds"], read("helped"), read("alone")


def only_agrees(question: str, sentence: str) -> bool:
    """Whether a sentence answers a question with "Yes, …", "No, …" or its own words."""
    adds = content(sentence) - content(question) or re.search(r"\bor\b", question)
    return bool(re.match(r"\W*(?:yes|no)\b", sentence, re.I)) or not adds
