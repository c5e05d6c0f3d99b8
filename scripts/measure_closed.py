"""Which sentence of a passage answers a question for a yes or a no: python scripts/measure_closed.py DATA [--questions N]

DATA holds `newsqa.jsonl`, `squadshifts_new_wiki.jsonl` and others: a row is a question `q`, its `answer`, and the passage
that has it (`ctx`, or one of `pos`). Of the sentences nearest to each question one is chosen in several ways, and it is counted how
often that is the one with the known answer in it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eval.newsqa import names_something
from index.embedder import Embedder
from index.text.sentences import sentences
from index.text.words import overlap
from rag import embedders, prompt
from rag.calibration import CALIBRATION
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL
from rag.engine.base import LanguageModel
from rag.engine.opening import open_model
from rag.question.kind import is_closed

FILES = ("newsqa", "squadshifts_new_wiki", "squad2_half", "clapnq")
_FEWEST, _LONGEST = 3, 2500  # sentences of a passage, and its letters


@dataclass(frozen=True)
class Asked:
    """A question, the sentences of its passage, and which of them have the answer."""

    question: str
    sentences: tuple[str, ...]
    gold: frozenset[int]


@dataclass(frozen=True)
class Weighed:
    """A sentence among the nearest: how near it is, the model's log-odds that it is right, and whether it has the answer."""

    near: float
    right: float
    gold: bool


def questions(data: Path) -> Iterator[Asked]:
    """Those of the data that ask for a yes or a no, name something, and have their answer in a passage of a few sentences."""
    for name in FILES:
        for line in (data / f"{name}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            answer = " ".join((row.get("answer") or "").split()).lower()
            if answer and is_closed(row["q"]) and names_something(row["q"]):
                for passage in [row["ctx"]] if row.get("ctx") else row["pos"]:
                    text = " ".join(passage.split())
                    at, spans = text.lower().find(answer), sentences(text)
                    if at >= 0 and len(spans) >= _FEWEST and len(text) <= _LONGEST:
                        gold = frozenset(n for n, (start, end) in enumerate(spans) if start <= at < end)
                        yield Asked(row["q"], tuple(text[a:b] for a, b in spans), gold)
                        break


def weighed(asked: Asked, embedder: Embedder, llm: LanguageModel) -> list[Weighed]:
    """The sentences nearest to the question, the nearest first, as the path of a question weighs them."""
    vectors = embedder.passages([asked.question, *asked.sentences])
    near = [
        float(v @ vectors[0]) + CALIBRATION.quote_words * overlap(asked.question, s)
        for v, s in zip(vectors[1:], asked.sentences, strict=True)
    ]
    order = sorted(range(len(near)), key=lambda n: -near[n])[: CALIBRATION.weighed]
    head = prompt.statement_head(None, " ".join(asked.sentences))
    odds = llm.score([llm.chat(prompt.READ, head, prompt.is_right(asked.question, asked.sentences[n])) for n in order])
    return [Weighed(near[n], right, n in asked.gold) for n, right in zip(order, odds, strict=True)]


def share(rows: Sequence[Sequence[Weighed]], key: Callable[[Weighed], float]) -> float:
    """How often the sentence that has most of something has the answer."""
    return sum(max(row, key=key).gold for row in rows) / len(rows)


def main() -> int:
    """Ask, and print what each way of choosing finds."""
    parser = argparse.ArgumentParser(description="Which sentence answers a question for a yes or a no.")
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder with newsqa.jsonl and the others")
    parser.add_argument("--questions", type=int, default=120, metavar="N", help="how many are asked (default: 120)")
    options = parser.parse_args()
    asked = list(questions(options.data))
    random.Random(3).shuffle(asked)
    embedder, llm = embedders.load(DEFAULT_EMBEDDER), open_model(DEFAULT_MODEL).for_question()
    rows = [weighed(one, embedder, llm) for one in asked[: options.questions]]
    print(f"{len(rows)} questions; among the nearest {CALIBRATION.weighed}: {share(rows, lambda w: w.gold):.2f}")
    print(f"the nearest {share(rows, lambda w: w.near):.2f}, the likeliest {share(rows, lambda w: w.right):.2f}")
    for weight in (1, 2, 4, 6, 8, 12, 20):
        print(f"log-odds + {weight} x nearness: {share(rows, lambda w, x=weight: w.right + x * w.near):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
