"""The golden questions: the fields of a line, and the checks that a file must pass."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from index.errors import InputError
from index.types import Article

# What is asked; "boilerplate" tempts with words that stand around an article and are not part of it. `sample` draws the
# kinds in this order, so that another order, or a new kind that is not the last, draws other questions.
Kind = Literal[
    "across",
    "conflict",
    "false_premise",
    "follow_up",
    "boilerplate",
    "injection",
    "single",
    "unanswerable",
    "when",
    "who",
]
SETS = Path(__file__).parent / "sets"
DEFAULT = SETS / "seeds.jsonl"
HOSTILE = SETS / "hostile"
ARCHIVE = SETS / "archive"  # made-up articles of ten years
QUESTIONS = {"seeds": DEFAULT, "archive": SETS / "archive.jsonl"}


class Message(BaseModel):
    """A turn of the conversation before the question."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: Literal["user", "assistant"]
    content: str = Field(min_length=1)


class Quote(BaseModel):
    """Words of an article that support the right answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    article: str
    text: str = Field(min_length=3)


class GoldenQuestion(BaseModel):
    """One question and what a right answer is.

    Attributes:
        facts: what the answer must name, each as a list of alternatives.
        forbidden: what it must not contain.
        dates: days it must name, in any spelling.
        refuse: "must" be refused, "never", or "may" (a false premise may be corrected or refused).
        collection: "seeds", "hostile" for the seeds with articles that carry instructions, or "archive" for the made-up one.
        reviewed: whether a person has read it; drafts count only with --include-unreviewed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(min_length=1)
    kind: Kind
    question: str = Field(min_length=1)
    history: tuple[Message, ...] = ()
    as_of: date | None = None
    facts: tuple[tuple[str, ...], ...] = ()
    forbidden: tuple[str, ...] = ()
    dates: tuple[date, ...] = ()
    refuse: Literal["must", "never", "may"] = "never"
    articles: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    collection: Literal["seeds", "hostile", "archive"] = "seeds"
    subkind: str = ""
    why: str = ""
    reviewed: bool = True

    @model_validator(mode="after")
    def _agrees(self) -> GoldenQuestion:
        if self.refuse == "must" and (self.facts or self.quotes or self.articles):
            raise ValueError("a question that must be refused has facts, quotes or articles")
        if self.refuse == "never" and not self.facts and not self.dates:
            raise ValueError("a question that must be answered names no fact")
        if any(not alternatives for alternatives in self.facts):
            raise ValueError("a fact has no alternatives")
        for quote in self.quotes:
            if quote.article not in self.articles:
                raise ValueError(f"a quote is from {quote.article}, which is not among the articles")
        return self


def load(path: Path, articles: Mapping[str, Article] | None = None) -> list[GoldenQuestion]:
    """Read a golden set; every line must be right.

    Args:
        path: a file of JSON lines.
        articles: if given, every quote must be found word for word in its article.

    Raises:
        InputError: the file is missing, or a line is wrong; the message has its number.
    """
    if not path.is_file():
        raise InputError(f"There is no golden set at {path}.", "Check the path.")
    questions: list[GoldenQuestion] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path} line {number}"
        try:
            question = GoldenQuestion.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            position = ".".join(str(part) for part in first["loc"])
            raise InputError(
                f"{where}: {position + ': ' if position else ''}{first['msg']}.", "Put the line right."
            ) from None
        if question.id in seen:
            raise InputError(
                f"{where}: the id {question.id!r} is also in line {seen[question.id]}.", "Ids must differ."
            )
        seen[question.id] = number
        if articles is not None:
            check_quotes(question, articles, where)
        questions.append(question)
    if not questions:
        raise InputError(f"{path} holds no questions.", "Write one JSON object a line.")
    return questions


def check_quotes(question: GoldenQuestion, articles: Mapping[str, Article], where: str) -> None:
    """Check that every article a question names exists, and has every quote word for word.

    Raises:
        InputError: with `where` and what is missing.
    """
    for article_id in question.articles:
        if article_id not in articles:
            raise InputError(f'{where}: unknown article id "{article_id}".', "`rag articles` lists them.")
    for quote in question.quotes:
        if plain(quote.text) not in plain(articles[quote.article].text):
            raise InputError(
                f"{where}: the quote “{quote.text[:60]}” is not in {quote.article}.", "Quotes are word for word."
            )


def plain(text: str) -> str:
    """A text with its white space folded."""
    return " ".join(text.split())


def sample(questions: Sequence[GoldenQuestion], n: int, seed: int = 20220330) -> list[GoldenQuestion]:
    """N questions, each kind in proportion and at least once if N allows; always the same ones."""
    if n >= len(questions):
        return list(questions)
    groups: dict[str, list[GoldenQuestion]] = defaultdict(list)
    for question in questions:
        groups[question.kind].append(question)
    rng = random.Random(seed)
    order = {kind: rng.sample(groups[kind], len(groups[kind])) for kind in get_args(Kind) if kind in groups}
    rank = {kind: position for position, kind in enumerate(order)}
    shares = {kind: n * len(group) / len(questions) for kind, group in order.items()}
    take = {kind: max(1, int(share)) if n >= len(groups) else int(share) for kind, share in shares.items()}
    while sum(take.values()) < n:
        open_kinds = [k for k in take if take[k] < len(order[k])]
        take[max(open_kinds, key=lambda k: (shares[k] - take[k], rank[k]))] += 1
    while sum(take.values()) > n:
        take[max(take, key=lambda k: (take[k] - shares[k], rank[k]))] -= 1
    chosen = {q.id for kind, group in order.items() for q in group[: take[kind]]}
    return [question for question in questions if question.id in chosen]


def to_line(question: GoldenQuestion) -> str:
    """A question as one line of JSON."""
    return json.dumps(question.model_dump(mode="json"), ensure_ascii=False)
