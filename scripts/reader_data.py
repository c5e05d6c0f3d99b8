"""What the reader learns from: questions with the passages that answer them, and those that do not.

`rank/` of a folder is read, as `scripts/train_reader.py` describes. A tenth of the articles or weeks is held out to measure
with, and a fifth of NewsQA: one half for `rag eval --suite newsqa`, the other for `scripts/verifier_candidates.py`.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from scripts.verifier_candidates import held_out, names_something

_TITLED = 0.7  # share of the passages that have a title which are shown it
MOST = {"shift": 6000, "sentence": 12000}  # of each learned from, at most: long Wikipedia paragraphs are not news


@dataclass(frozen=True)
class Example:
    """A question and a passage.

    Attributes:
        spans: where the answer stands in the passage, as (start, end); none where it does not.
        of: the file it is from.
        loose: the answer is somewhere in a span, and need not be all of it: only its sentence is known.
    """

    question: str
    passage: str
    spans: tuple[tuple[int, int], ...]
    of: str
    loose: bool = False


def spans(answer: str, text: str) -> tuple[tuple[int, int], ...]:
    """Where an answer stands in a text, as whole words."""
    words = answer.strip().strip(".")
    return tuple(m.span() for m in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.I)) if words else ()


class Data:
    """Examples to learn from and to measure with, in a fixed random order."""

    def __init__(self, folder: Path, embedder: SentenceTransformer) -> None:
        self.folder, self.draw = folder, random.Random(7)
        self.learned, self.held = list[Example](), list[Example]()
        self.titles: dict[str, str] = {}  # of the passages among which hard negatives are looked for
        self.asked = list[tuple[str, str, str, bool]]()  # question, answer, file and whether it is held out
        self.news()
        self.encyclopaedia()
        self.sentences()
        self.hard_negatives(embedder)
        self.draw.shuffle(self.learned)
        self.draw.shuffle(self.held)
        seen = Counter[str]()
        kept, self.learned = self.learned, []
        for example in kept:
            seen[example.of] += 1
            if seen[example.of] <= MOST.get(example.of, len(kept)):
                self.learned.append(example)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a file."""
        return [json.loads(line) for line in (self.folder / f"{name}.jsonl").read_text("utf-8").splitlines()]

    def some(self, many: Sequence[Any], most: int) -> list[Any]:
        """As many of these, drawn at random."""
        return self.draw.sample(list(many), min(most, len(many)))

    def add(self, question: str, title: str, text: str, answer: str, of: str, held: bool) -> bool:
        """Add a passage that has the answer, or none where `answer` is empty; whether it could be used."""
        head = f"{title.replace('_', ' ')}. " if title and self.draw.random() < _TITLED else ""
        found = tuple((a + len(head), b + len(head)) for a, b in spans(answer, text))
        if bool(found) == bool(answer):
            (self.held if held else self.learned).append(Example(question, head + text, found, of))
        return bool(found) == bool(answer)

    def news(self) -> None:
        """Questions about news: NewsQA, RealTimeQA's clean rows and their explanations, TREC."""
        rows = self.rows("rank/newsqa")
        tested = set(sorted({row["doc"] for row in rows})[4::5])
        for row in rows:
            self.titles |= dict.fromkeys([*row["pos"], *row["neg"]], "")
            held = row["doc"] in tested
            if row["answer"] and row["pos"] and self.add(row["q"], "", row["pos"][0], row["answer"], "newsqa", held):
                for text in row["neg"] if held else self.some(row["neg"], 2):
                    if not spans(row["answer"], text):
                        self.add(row["q"], "", text, "", "newsqa", held)
                if names_something(row["q"]):
                    self.asked.append((row["q"], row["answer"], "newsqa", held))
        for row in self.rows("rank/realtimeqa"):
            if not row["pos"] or row["short"] or row["pos_ov"][0] < 0.4:
                continue
            held, answer = held_out(row["date"]), row["answer"]
            has = [(t, x) for t, x, o in zip(row["pos_title"], row["pos"], row["pos_ov"], strict=True) if o >= 0.4][:3]
            lacks = list(zip(row["neg_title"], row["neg"], strict=True))
            self.titles |= {text: title for title, text in [*has, *lacks]}
            for title, text in has:
                self.add(row["q"], title, text, answer, "realtimeqa", held)
            lacks = [(title, text) for title, text in lacks if not spans(answer, f"{text} {title}")]
            for title, text in lacks[:7] if held else self.some(lacks, 3):
                self.add(row["q"], title, text, "", "realtimeqa", held)
            self.asked.append((row["q"], answer, "realtimeqa", held))
        for row in self.rows("rank/realtimeqa_evidence"):
            if row["answer"] and row["pos"]:
                self.add(row["q"], "", row["pos"][0], row["answer"], "evidence", held_out(row["date"]))
        for row in self.rows("rank/trecqa"):
            for answer in row["answer"] or []:
                for text in self.some(row["pos"], 4):
                    self.add(row["q"], "", text, answer, "trec", False)
                for text in self.some(row["neg"], 4):
                    self.add(row["q"], "", text, "", "trec", False)

    def encyclopaedia(self) -> None:
        """Questions on Wikipedia: SQuAD 2, half of them with no answer, SQuADShifts, and QAMR's that name something."""
        for row in self.rows("rank/squad2_half"):
            text = row.get("ctx") or " ".join([*row["pos"], *row["neg"]])
            title = row.get("title") or ""
            self.add(row["q"], title, text, row["answer"] or "", "squad2", held_out(title or row["q"]))
        shifted, texts = self.rows("rank/squadshifts_new_wiki"), defaultdict[str, list[str]](list)
        for row in shifted:
            row["text"] = row.get("ctx") or " ".join([*row["pos"], *row["neg"]])
            texts[row.get("title") or ""].append(row["text"])
        for row in shifted:
            title, answer = row.get("title") or "", row["answer"] or ""
            held = held_out(title or row["q"])
            if answer:
                self.add(row["q"], title, row["text"], answer, "shift", held)
            others = [t for t in dict.fromkeys(texts[title]) if t != row["text"] and not spans(answer, t)]
            if others and self.draw.random() < 0.5:
                self.add(row["q"], title, self.draw.choice(others), "", "shift", held)
        for row in self.rows("rank/qamr"):
            if row["answer"] and row["pos"] and names_something(row["q"]):
                parts = [row["pos"][0], *[text for text in row["neg"] if text][:2]]
                self.draw.shuffle(parts)
                self.add(row["q"], "", " ".join(parts), row["answer"], "qamr", held_out(row["pos"][0], 20))

    def sentences(self) -> None:
        """Questions of which only the sentence with the answer is known, among its neighbours: SQuAD by sentence, SelQA."""
        for row in [*self.rows("rank/squad_sent_nqg"), *self.rows("rank/selqa")]:
            if not (row["pos"] and row["neg"]):
                continue
            right, others = self.draw.choice(row["pos"]), self.some(row["neg"], 4)
            before = self.some(others, self.draw.randint(0, len(others)))
            after = [text for text in others if text not in before]
            start = sum(len(text) + 1 for text in before)
            where = ((start, start + len(right)),)
            held = held_out(right, 50)
            to = self.held if held else self.learned
            to.append(Example(row["q"], " ".join([*before, right, *after]), where, "sentence", loose=True))
            if self.draw.random() < 0.4:
                to.append(Example(row["q"], " ".join(others), (), "sentence"))

    def hard_negatives(self, embedder: SentenceTransformer) -> None:
        """Of what is nearest to a question, two passages without its answer."""
        texts = list(self.titles)
        embedder.max_seq_length = 128
        with torch.autocast("cpu", torch.bfloat16):
            vectors = embedder.encode([f"{self.titles[t]}. {t}" if self.titles[t] else t for t in texts], batch_size=64)
            asked = embedder.encode([question for question, *_ in self.asked], batch_size=64)
        for (question, answer, of, held), vector in zip(self.asked, asked, strict=True):
            near = [texts[n] for n in np.argpartition(-(vectors @ vector), 12)[:12]]
            lacks = [text for text in near if not spans(answer, f"{text} {self.titles[text]}")]
            for text in self.some(lacks[:8], 2):
                self.add(question, self.titles[text], text, "", of, held)
