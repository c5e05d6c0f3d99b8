"""Questions with accepted answers from public benchmarks (RealTimeQA, SQuAD-format files), asked over their articles.

The data does not come with the project: `--data` names a folder or file. NewsQA is in `eval.newsqa`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from eval import metrics
from eval.record import Progress, Record, Row
from index.build import clean_all
from index.embedder import Embedder
from index.errors import InputError, RagError
from index.store.sqlite import Store
from index.store.writer import write
from index.text.dates import parse_day
from index.types import RawArticle
from rag.assistant import Rag
from rag.config import Config
from rag.engine.base import LanguageModel
from rag.markers import without_markers


@dataclass(frozen=True)
class Quiz:
    """A question of a benchmark: golds are the accepted answers."""

    id: str
    question: str
    golds: tuple[str, ...]
    as_of: date | None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines.

    Raises:
        InputError: no such file, or a line that is not a JSON object, with its number.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check --data.")
    out = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            try:
                data = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path} line {number} is not JSON: {error}.", "Fetch the file again.") from None
            if not isinstance(data, dict):
                raise InputError(f"{path} line {number} is not an object.", "Fetch the file again.")
            out.append(data)
    return out


def realtimeqa_weeks(folder: Path) -> list[str]:
    """The weeks a RealTimeQA folder holds."""
    return sorted(p.name.removesuffix("_qa.jsonl") for p in folder.glob("*_qa.jsonl"))


def realtimeqa(folder: Path, week: str) -> tuple[list[Quiz], list[RawArticle]]:
    """A week's questions and the articles a search returned for them (Kasai et al., 2023)."""
    quizzes = []
    for row in read_lines(folder / f"{week}_qa.jsonl"):
        golds = tuple(row["choices"][int(i)] for i in row["answer"])
        quizzes.append(Quiz(row["question_id"], row["question_sentence"], golds, parse_day(row["question_date"])))
    raws: dict[str, RawArticle] = {}
    for row in read_lines(folder / f"{week}_gcs.jsonl"):
        for found in row["search_result"]:
            url, text = str(found.get("url") or ""), str(found.get("text") or "")
            if url and text.strip() and url not in raws:
                day = parse_day(str(found.get("publish_date") or ""))
                raws[url] = RawArticle(
                    id=url,
                    text=text,
                    path=url,
                    title=found.get("title"),
                    source=url.split("/")[2].removeprefix("www.") if "//" in url else None,
                    url=url,
                    published=day,
                    published_how="stated in the metadata" if day else "",
                    authors=tuple(map(str, found.get("authors") or ())),
                )
    return quizzes, list(raws.values())


def squad(path: Path) -> tuple[list[Quiz], list[RawArticle]]:
    """A SQuAD-format file: all its paragraphs are the collection (Rajpurkar et al., 2016)."""
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check --data.")
    try:
        data = json.loads(path.read_text("utf-8"))["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not in SQuAD's format ({error}).", "Name a file with data, paragraphs and qas."
        ) from None
    quizzes, raws = [], []
    for a, article in enumerate(data):
        for p, paragraph in enumerate(article["paragraphs"]):
            name = f"{a}-{p}"
            raws.append(
                RawArticle(
                    name, paragraph["context"], str(path), title=str(article.get("title", "")).replace("_", " ") or None
                )
            )
            quizzes += [
                Quiz(str(qa["id"]), qa["question"], tuple(dict.fromkeys(x["text"] for x in qa["answers"])), None)
                for qa in paragraph["qas"]
            ]
    return quizzes, raws


def ask_all(
    quizzes: Sequence[Quiz],
    raws: Sequence[RawArticle],
    model: tuple[Embedder, LanguageModel | None, Config],
    record: Record | None = None,
    progress: Progress | None = None,
    embedding: Progress | None = None,
) -> list[Row]:
    """Ask every quiz over one collection, with an embedder, a language model and their settings."""
    embedder, llm, config = model
    articles, _ = clean_all(raws)
    whole = "\n".join(a.text for a in articles)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), articles, embedder, progress=embedding)
        rag = Rag(Store(Path(folder), embedder), embedder, llm, config)
        try:
            return (record or Record(None)).fill(quizzes, lambda quiz: _asked(quiz, rag, whole), progress)
        finally:
            rag.store.close()


def _asked(quiz: Quiz, rag: Rag, whole: str) -> Row:
    """The row of one quiz, with whether an accepted answer is in the collection, and in the passages read."""
    row: Row = {"id": quiz.id, "question": quiz.question, "golds": quiz.golds, "error": None}
    try:
        answer = rag.answer(quiz.question, as_of=quiz.as_of)
        read = " ".join(p.text for p in answer.passages)
        row |= {
            "text": "" if answer.abstained else without_markers(answer.text),
            "abstained": answer.abstained,
            "seconds": answer.timings["total"],
            "refused_because": answer.reason,
            "in_collection": any(metrics.contains(whole, g) for g in quiz.golds),
            "in_evidence": any(metrics.contains(read, g) for g in quiz.golds),
            "marked": [not s.supported for s in answer.sentences],
        }
    except RagError as error:
        row |= {
            "text": "",
            "abstained": False,
            "seconds": 0.0,
            "error": str(error),
            "in_collection": False,
            "in_evidence": False,
            "marked": [],
        }
    row |= scores(row["text"], quiz.golds)
    row["harm"] = float(metrics.harmful(bool(row["contained"]), row["abstained"], row["error"], row["marked"]))
    return row


def scores(prediction: str, golds: Sequence[str]) -> dict[str, float]:
    """EM, F1 and containment of one prediction, as SQuAD defines the first two."""
    return {
        "em": metrics.exact_match(prediction, golds),
        "f1": metrics.token_f1(prediction, golds),
        "contained": metrics.contained(prediction, golds),
    }


def baseline(path: Path, quizzes: Sequence[Quiz]) -> list[dict[str, float]]:
    """Score predictions read from a file (`question_id`, `prediction`) on the same questions; a missing one is wrong."""
    predictions = {
        str(row.get("question_id") or row.get("id")): str(row.get("prediction") or "") for row in read_lines(path)
    }
    return [scores(predictions.get(quiz.id, ""), quiz.golds) for quiz in quizzes]
