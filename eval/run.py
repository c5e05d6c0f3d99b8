"""Ask every golden question and record everything; an error is a result, never a gap."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval import metrics
from eval.golden import ARCHIVE, HOSTILE, GoldenQuestion, plain
from eval.record import Progress, Record, Row
from index.build import build
from index.errors import RagError
from index.text.words import overlap
from rag import embedders
from rag.assistant import Rag
from rag.claims.attribution import split_draft
from rag.claims.support import score
from rag.config import DEFAULT_EMBEDDER, NO_MODEL, Config, data_home, seeds
from rag.markers import without_markers
from rag.types import Answer, Turn


class Collections:
    """The collections that questions are asked over, each indexed once and opened once."""

    def __init__(self, model: str, config: Config, index: Path | None = None) -> None:
        self._model, self._config, self._index = model, config, index
        self._open: dict[str, Rag] = {}

    def get(self, name: str) -> Rag:
        """The opened collection: the given index, or one of those that golden questions name."""
        if name not in self._open:
            shared = next(iter(self._open.values()), None)
            rag = Rag.open(self._index or self._built(name), NO_MODEL if shared else self._model, self._config)
            if shared:
                rag = Rag(rag.store, shared.embedder, shared.llm, shared.config)
            self._open[name] = rag
        return self._open[name]

    def _built(self, name: str) -> Path:
        folder = data_home() / "eval" / name
        embedder = embedders.load(self._config.embedder or DEFAULT_EMBEDDER)
        folders = {"seeds": [seeds()], "hostile": [seeds(), HOSTILE], "archive": [ARCHIVE]}
        build(folder, folders[name], embedder)
        return folder


def run(
    questions: Sequence[GoldenQuestion],
    collections: Collections,
    out: Path,
    resume: bool = False,
    progress: Progress | None = None,
) -> list[Row]:
    """Ask the questions in order; each row is on disk before the next question is asked.

    Raises:
        InputError: the folder holds results of another run and `resume` was not asked for.
    """
    return Record(out, resume).fill(questions, lambda question: ask(question, collections), progress)


def ask(question: GoldenQuestion, collections: Collections) -> Row:
    """Ask one question; everything about its answer as plain data."""
    history: list[Turn] = [{"role": m.role, "content": m.content} for m in question.history]
    base: Row = {
        "id": question.id,
        "kind": question.kind,
        "question": question.question,
        "refuse": question.refuse,
        "history": history,
        "as_of": question.as_of.isoformat() if question.as_of else None,
        "why": question.why,
        "facts": [list(f) for f in question.facts],
        "dates": [d.isoformat() for d in question.dates],
        "gold": [[q.article, q.text] for q in question.quotes],
    }
    started = time.perf_counter()
    first: float | None = None
    try:
        rag = collections.get(question.collection)
        answer: Answer | None = None
        for event in rag.stream(question.question, history, as_of=question.as_of):
            if event.kind in ("evidence", "answer") and first is None:
                first = time.perf_counter() - started
            answer = event.answer or answer
        assert answer is not None
        return base | judge(question, answer, rag) | {"first_evidence": first, "error": None}
    except RagError as error:
        return base | failed(f"{type(error).__name__}: {error}", time.perf_counter() - started)


def failed(error: str, seconds: float) -> Row:
    """The row of a question that ended in an error: wrong in everything that applies."""
    return {
        "error": error,
        "correct": False,
        "abstained": False,
        "text": "",
        "missing": [],
        "forbidden": [],
        "sentences": [],
        "citations": [],
        "passages": [],
        "timings": {"total": seconds},
        "tokens": {},
        "first_evidence": seconds,
        "gold_precision": 0.0,
        "gold_recall": 0.0,
        "checker_precision": 0.0,
        "checker_recall": 0.0,
        "supported": 0.0,
        "verbatim": 0.0,
        "dates_named": 0.0,
        "relevant": [],
        "standalone": "",
        "dropped": [],
    }


def judge(question: GoldenQuestion, answer: Answer, rag: Rag) -> Row:
    """Score an answer against its golden question."""
    texts = {c.article_id: rag.store.article(c.article_id).text for c in answer.citations}
    quotes = [(c.article_id, c.quote) for c in answer.citations]
    verbatim = [texts[c.article_id][c.start : c.end] == c.quote for c in answer.citations]
    bare = without_markers(answer.text)
    precision, recall = checker_citations(answer, rag)
    hits = rag.search(answer.standalone_question, 10, as_of=answer.as_of)
    relevant = [
        any(g.article == h.article.id and plain(g.text) in plain(h.chunk.text) for g in question.quotes) for h in hits
    ]
    answered = not answer.abstained
    return {
        "correct": metrics.correct(question, answer.text, answer.abstained),
        "abstained": answer.abstained,
        "text": answer.text,
        "reason": answer.reason,
        "lacking": answer.lacking,
        "standalone": answer.standalone_question,
        "missing": metrics.missing_facts(question, bare) if answered else [],
        "forbidden": [f for f in question.forbidden if metrics.contains(bare, f)] if answered else [],
        "sentences": [asdict(s) for s in answer.sentences],
        "dropped": [asdict(s) for s in answer.dropped],
        "citations": answer.as_dict()["citations"],
        "passages": answer.as_dict()["passages"],
        "timings": answer.timings,
        "tokens": answer.tokens,
        "gold_precision": metrics.gold_citation_precision(question, quotes),
        "gold_recall": metrics.gold_citation_recall(question, quotes) if answered else None,
        "checker_precision": precision,
        "checker_recall": recall,
        "supported": sum(s.supported for s in answer.sentences) / len(answer.sentences) if answer.sentences else None,
        "verbatim": sum(verbatim) / len(verbatim) if verbatim else None,
        "dates_named": float(all(metrics.names_day(bare, d) for d in question.dates)) if question.dates else None,
        "relevant": relevant if question.quotes else [],
    }


def checker_citations(answer: Answer, rag: Rag) -> tuple[float | None, float | None]:
    """Citation precision and recall as ALCE defines them, with this project's checker as judge.

    Gao et al., "Enabling Large Language Models to Generate Text with Citations", 2023,
    section 3.3. Recall: share of sentences that all their citations together support.
    Precision: share of citations that are not irrelevant, where one is irrelevant when it
    does not support the sentence alone and the others support it without it.
    """
    by_marker = {c.marker: c.quote for c in answer.citations}

    def supports(sentence: str, markers: Sequence[int]) -> bool:
        if not markers:
            return False
        texts = [by_marker[m] for m in markers]
        vectors = rag.embedder.passages([sentence, *texts])
        cosine = max(float(v @ vectors[0]) for v in vectors[1:])
        return score(overlap(sentence, texts), cosine, None) >= 0.5

    recalls: list[bool] = []
    precisions: list[bool] = []
    for sentence in answer.sentences:
        text = " ".join(split_draft(sentence.text))
        whole = supports(text, sentence.markers)
        recalls.append(whole)
        for marker in sentence.markers:
            others = [m for m in sentence.markers if m != marker]
            precisions.append(whole and (supports(text, [marker]) or not supports(text, others)))
    return (
        sum(precisions) / len(precisions) if precisions else None,
        sum(recalls) / len(recalls) if recalls else None,
    )


def _first(rows: Sequence[Row]) -> list[float]:
    """Seconds until something was shown; rows of older runs have none."""
    return [row["first_evidence"] for row in rows if row.get("first_evidence") is not None]


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Every figure of a run, overall and by kind, with bootstrap intervals on the rates."""
    kinds = sorted({row["kind"] for row in rows})
    return {
        "questions": len(rows),
        "errors": sum(row["error"] is not None for row in rows),
        "overall": _rates(rows),
        "kinds": {kind: _rates([r for r in rows if r["kind"] == kind]) for kind in kinds},
        "latency": {
            "p50": metrics.percentile([r["timings"]["total"] for r in rows], 0.5),
            "p95": metrics.percentile([r["timings"]["total"] for r in rows], 0.95),
            "first_evidence_p50": metrics.percentile(_first(rows), 0.5),
            "first_evidence_p95": metrics.percentile(_first(rows), 0.95),
        },
        "tokens": {
            name: metrics.percentile([r["tokens"].get(name, 0) for r in rows], 0.5) for name in ("prompt", "generated")
        },
    }


def harm(row: Row) -> bool:
    """Whether a row's answer is wrong and nothing in it says so; works on rows of older runs too."""
    marked = [not sentence["supported"] for sentence in row["sentences"]] + [bool(row.get("lacking"))]
    return metrics.harmful(row["correct"], row["abstained"], row["error"], marked)


# Each rate: how it is read off a row (None: does not apply to that row).
RATES: Mapping[str, Callable[[Row], float | None]] = {
    "harm": lambda r: float(harm(r)),
    "correctness": lambda r: float(r["correct"]),
    "refusal_precision": lambda r: float(r["refuse"] != "never") if r["abstained"] else None,
    "refusal_recall": lambda r: float(r["abstained"]) if r["refuse"] == "must" else None,
    "citation_precision": lambda r: r["gold_precision"],
    "citation_recall": lambda r: r["gold_recall"],
    "checker_precision": lambda r: r["checker_precision"],
    "checker_recall": lambda r: r["checker_recall"],
    "sentences_supported": lambda r: r["supported"],
    "quotes_verbatim": lambda r: r["verbatim"],
    "date_accuracy": lambda r: r["dates_named"],
    "recall@1": lambda r: metrics.recall_at(r["relevant"], 1) if r["relevant"] else None,
    "recall@5": lambda r: metrics.recall_at(r["relevant"], 5) if r["relevant"] else None,
    "recall@10": lambda r: metrics.recall_at(r["relevant"], 10) if r["relevant"] else None,
    "mrr": lambda r: metrics.reciprocal_rank(r["relevant"]) if r["relevant"] else None,
}


def _rates(rows: Sequence[Row]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, read in RATES.items():
        interval = metrics.bootstrap([value for value in map(read, rows) if value is not None])
        out[name] = asdict(interval) if interval else None
    return out


def misses(overall: Mapping[str, Any], floors: Mapping[str, float], ceilings: Mapping[str, float]) -> list[str]:
    """The figures below their floor or above their ceiling; a figure that applies to no question misses both."""
    mean = {name: value["mean"] if value else None for name, value in overall.items()}
    found = []
    for limits, word, sign in ((floors, "under", -1), (ceilings, "over", 1)):
        for name, limit in limits.items():
            value = mean[name]
            if value is None:
                found.append(f"{name} could not be measured on these questions")
            elif sign * (value - limit) > 0:
                found.append(f"{name} is {value:.3f}, {word} {limit:g}")
    return found
