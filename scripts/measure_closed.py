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
from index.types import Article
from rag import embedders, prompt
from rag.calibration import CALIBRATION
from rag.claims.statements import own_sentences
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL
from rag.engine.base import LanguageModel
from rag.engine.opening import open_model
from rag.evidence import evidence_sentences
from rag.question.kind import kind_of
from rag.types import Passage

FILES = ("newsqa", "squadshifts_new_wiki", "squad2_half", "clapnq")
_FEWEST, _LONGEST = 3, 2500  # sentences of a passage, and its letters


@dataclass(frozen=True)
class Asked:
    """A question, its known answer in small letters, and the passage that has it."""

    question: str
    answer: str
    passage: Passage


@dataclass(frozen=True)
class Weighed:
    """A sentence among the nearest: how near it is, the model's log-odds that it is right, and whether it has the answer."""

    near: float
    right: float
    gold: bool


def questions(data: Path) -> Iterator[Asked]:
    """Those of the data that ask for a yes or a no, name something, and have their answer in a passage of a few sentences."""
    for name in FILES:
        for n, line in enumerate((data / f"{name}.jsonl").read_text("utf-8").splitlines()):
            row = json.loads(line)
            answer = _folded(row.get("answer") or "")
            if answer and kind_of(row["q"]) == "yes_no" and names_something(row["q"]):
                texts = [" ".join(text.split()) for text in ([row["ctx"]] if row.get("ctx") else row["pos"])]
                there = [_passage(f"{name}-{n}", text) for text in texts if answer in _folded(text)]
                if there and len(there[0].sentences) >= _FEWEST and len(there[0].text) <= _LONGEST:
                    yield Asked(row["q"], answer, there[0])


def _passage(name: str, text: str) -> Passage:
    article = Article(name, None, None, None, "", None, (), text)
    return Passage(article, name, 0, len(text), text, text, 1.0, None, evidence_sentences(article, name, 0, len(text)))


def weighed(asked: Asked, embedder: Embedder, llm: LanguageModel) -> list[Weighed]:
    """The sentences nearest to the question, as the path of a question weighs them."""
    quoted = own_sentences(asked.question, asked.passage, embedder)
    head = prompt.passage_head(asked.passage)
    odds = llm.score([llm.chat(prompt.READ, head, prompt.is_right(asked.question, d.claim)) for d, _ in quoted])
    return [
        Weighed(near, right, asked.answer in _folded(d.claim)) for (d, near), right in zip(quoted, odds, strict=True)
    ]


def _folded(text: str) -> str:
    return " ".join(text.split()).lower()


def share(rows: Sequence[Sequence[Weighed]], key: Callable[[Weighed], float]) -> float:
    """How often the sentence that has most of something has the answer."""
    return sum(max(row, key=key).gold for row in rows) / len(rows)


def main() -> int:
    """Ask, and print what each way of choosing finds."""
    parser = argparse.ArgumentParser(description="Which sentence answers a question for a yes or a no.")
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder with newsqa.jsonl and the others")
    parser.add_argument("--questions", type=int, default=120, metavar="N", help="how many are asked (default: 120)")
    options = parser.parse_args()
    embedder, llm = embedders.load(DEFAULT_EMBEDDER), open_model(DEFAULT_MODEL).for_question()
    asked = list(questions(options.data))
    random.Random(3).shuffle(asked)
    rows = [weighed(one, embedder, llm) for one in asked[: options.questions]]
    print(
        f"{len(rows)} questions; the answer is among the nearest {CALIBRATION.weighed}: {share(rows, lambda w: w.gold):.2f}"
    )
    print(f"the nearest {share(rows, lambda w: w.near):.2f}, the likeliest {share(rows, lambda w: w.right):.2f}")
    for weight in (1, 2, 4, 6, 8, 12, 20):
        print(f"log-odds + {weight} x nearness: {share(rows, lambda w, x=weight: w.right + x * w.near):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
