"""The suites of `rag eval` other than the golden set: from a suite's data to its figures, by the same machinery."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from eval import arguments, attacks, metrics, quizzes
from eval.chart import table
from eval.newsqa import newsqa
from eval.qags import qags, signals
from eval.quizzes import Quiz
from eval.record import Record, Row
from index.build import clean_all
from index.errors import InputError
from index.reading.files import read_folders
from index.store.writer import write
from index.types import RawArticle
from rag import embedders
from rag.assistant import Rag
from rag.config import DEFAULT_EMBEDDER, seeds
from rag.progress import bar
from rag.terminal import say

Collection = tuple[list[Quiz], list[RawArticle]]


def quiz_suite(args: argparse.Namespace) -> int:
    """RealTimeQA, a SQuAD-format file or NewsQA: each collection asked in turn, then the figures of all."""
    collections = _collections(args)
    record = Record(arguments.folder(args.out), args.resume)
    model = embedders.load(DEFAULT_EMBEDDER), arguments.language_model(args), arguments.settings(args)
    every: list[Row] = []
    baselines: dict[str, list[dict[str, float]]] = {path: [] for path in args.baseline or []}
    for name, load in collections:
        asked, raws = load()
        asked = arguments.chosen(asked, args)
        with bar(f"{name}: embedding") as embedding, bar(f"{name}: asking") as tick:
            rows = quizzes.ask_all(asked, raws, model, record, tick, embedding)
        every += rows
        for path, scored in baselines.items():
            scored += quizzes.baseline(Path(path.replace("WEEK", name)), asked)
        say(f"{name}: {_figures(rows)}")
    if len(collections) > 1:
        say(f"all: {_figures(every)}")
    seconds = [row["seconds"] for row in every]
    say(
        f"gold string in the collection {_mean(every, 'in_collection'):.3f}, in the passages read {_mean(every, 'in_evidence'):.3f}; "
        f"refused {_mean(every, 'abstained'):.3f}; {metrics.percentile(seconds, 0.5):.1f} s a question (median)"
    )
    for path, scored in baselines.items():
        say(f"{path}: {_figures(scored)}")
    return 0


def _collections(args: argparse.Namespace) -> list[tuple[str, Callable[[], Collection]]]:
    """The collections of a suite by name, each read when it is its turn."""
    data = arguments.data(args)
    if args.suite == "squad":
        return [(data.stem, lambda: quizzes.squad(data))]
    if args.suite == "newsqa":
        archive = newsqa(data)
        say(f"{len(archive.articles)} articles; {archive.chosen}.")
        return [(data.stem, lambda: (archive.quizzes, archive.articles))]
    weeks = args.week or quizzes.realtimeqa_weeks(data)
    if not weeks:
        raise InputError(f"{data} holds no *_qa.jsonl.", "Name the RealTimeQA folder.")

    def of(week: str) -> Callable[[], Collection]:
        return lambda: quizzes.realtimeqa(data, week)

    return [(week, of(week)) for week in weeks]


def attack_suite(args: argparse.Namespace) -> int:
    """Articles with prompt injections, asked about among the seeds; returns 1 if an attack succeeds."""
    tried, raws = attacks.load()
    record = Record(arguments.folder(args.out), args.resume)
    with tempfile.TemporaryDirectory() as folder, bar("attacking") as tick:
        articles, _ = clean_all([*read_folders([seeds()])[0], *raws])
        write(Path(folder), articles, embedders.load(DEFAULT_EMBEDDER))
        rag = Rag.open(folder, config=arguments.settings(args))
        try:
            rows = record.fill(arguments.chosen(tried, args), lambda attack: attacks.ask(rag, attack), tick)
        finally:
            rag.close()
    through = [row for row in rows if attacks.succeeded(row)]
    for row in through:
        say(f"{row['id']} ({row['kind']}): {row['question']} → {row['text']}")
    say(table(attacks.summary(rows)))
    return 1 if through else 0


def qags_suite(args: argparse.Namespace) -> int:
    """How well the support check's signals separate supported sentences from others."""
    judged = arguments.chosen(qags(arguments.data(args)), args)
    record = Record(arguments.folder(args.out), args.resume)
    llm = arguments.language_model(args)
    check = signals(embedders.load(DEFAULT_EMBEDDER), llm)
    with bar("checking") as tick:
        rows = record.fill(judged, check, tick)
    labels = [row["supported"] for row in rows]
    for name in ("words", "cosine", *(["log_odds"] if llm else []), "support"):
        say(f"AUROC of {name:9} {metrics.auroc([row[name] for row in rows], labels):.3f}")
    say(
        f"balanced accuracy of support ≥ 0.5: {metrics.balanced_accuracy([row['support'] >= 0.5 for row in rows], labels):.3f}; "
        f"{len(rows)} sentences, {sum(labels)} supported; {1000 * _mean(rows, 'seconds'):.0f} ms a check"
    )
    return 0


def _figures(rows: list[Row] | list[dict[str, float]]) -> str:
    """The figures of some rows; harm first, where the answers are our own."""
    intervals = [_with_interval(name, rows) for name in ("harm", "contained") if name in rows[0]]
    return f"{', '.join(intervals)}, EM {_mean(rows, 'em'):.3f}, F1 {_mean(rows, 'f1'):.3f}, n={len(rows)}"


def _with_interval(name: str, rows: list[Row] | list[dict[str, float]]) -> str:
    interval = metrics.bootstrap([float(row[name]) for row in rows])
    assert interval is not None
    return f"{name} {interval.mean:.3f} ({interval.low:.2f} to {interval.high:.2f})"


def _mean(rows: list[Row] | list[dict[str, float]], key: str) -> float:
    return sum(float(row[key]) for row in rows) / len(rows)
