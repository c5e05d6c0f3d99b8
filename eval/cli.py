"""`rag eval`: the golden set, comparisons, drafts, public suites."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from eval import attacks, draft, golden, metrics, report, suites
from eval.chart import table
from eval.newsqa import newsqa
from eval.run import RATES, RESULTS, Collections, misses, read_results, run, summarise
from index.build import clean_all
from index.errors import InputError
from index.reading.files import read_folders
from index.store.writer import write
from rag import embedders, models
from rag.assistant import Rag
from rag.config import DEFAULT_EMBEDDER, NO_MODEL, Config, data_home, seeds
from rag.engine.base import LanguageModel
from rag.engine.local import LocalModel
from rag.engine.remote import RemoteModel
from rag.engine.worker import WorkerModel
from rag.progress import bar


def main(args: argparse.Namespace) -> int:
    """Run what the arguments ask for; 1 where a figure is under its floor."""
    if args.action == "compare":
        a, b = (read_results(Path(name) / RESULTS) for name in (args.a, args.b))
        _say(report.compare(a, b))
        return 0
    if args.action == "draft":
        return _draft(args, Path(args.folder))
    limits = parse_limits(args.fail_under, "--fail-under"), parse_limits(args.fail_over, "--fail-over")
    for name in ("sample", "limit"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}.", "Give a number from 1.")
    if args.suite == "attacks":
        return _attacks(args)
    if args.suite == "qags":
        return _qags(args)
    if args.suite in ("realtimeqa", "squad", "newsqa"):
        return _quizzes(args)
    return _golden(args, *limits)


def parse_limits(text: str | None, option: str) -> dict[str, float]:
    """`correctness=0.9,refusal_recall=1.0` as a mapping.

    Raises:
        InputError: an unknown figure, or no number.
    """
    limits: dict[str, float] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, _, value = part.strip().partition("=")
        try:
            limits[name] = float(value)
        except ValueError:
            raise InputError(f"{option} has {part!r}.", "Write it as correctness=0.9,refusal_recall=1.0.") from None
        if name not in RATES:
            raise InputError(f"{option} names {name!r}.", f"Known: {', '.join(RATES)}.")
    return limits


def _golden(args: argparse.Namespace, floors: dict[str, float], ceilings: dict[str, float]) -> int:
    if args.golden and not args.index:
        raise InputError("--golden needs the index its questions are about.", "Add --index DIR.")
    questions = golden.load(Path(args.golden) if args.golden else golden.DEFAULT)
    unreviewed = sum(not q.reviewed for q in questions)
    if unreviewed and not args.include_unreviewed:
        questions = [q for q in questions if q.reviewed]
        _say(f"{unreviewed} questions that no person has reviewed are left out (--include-unreviewed counts them).")
    if args.kind:
        questions = [q for q in questions if q.kind in args.kind]
    if args.sample:
        questions = golden.sample(questions, args.sample)
    if not questions:
        raise InputError("No question is left to ask.", "Check --kind, --sample and the golden set.")
    collections = Collections(args.model, _config(args), Path(args.index) if args.index else None)
    for name in sorted({q.collection for q in questions}):
        articles = {a.id: a for a in collections.get(name).articles}
        _check(questions, name, articles, args)
    out = Path(args.out) if args.out else data_home() / "runs" / time.strftime("%Y%m%d-%H%M%S")
    with bar("asking") as tick:
        rows = run(questions, collections, out, args.resume, tick)
    summary = summarise(rows)
    facts = {"date": date.today().isoformat(), "model": args.model, "machine": machine(), "versions": versions()}
    (out / "summary.json").write_text(json.dumps(summary | {"facts": facts}, indent=2), "utf-8")
    (out / "report.html").write_text(report.page(summary, rows, facts), "utf-8")
    _say(json.dumps(summary, indent=2) if args.json else report.table(summary))
    if not args.json:
        _say(f"\n{out / 'report.html'}")
    failed = misses(summary["overall"], floors, ceilings)
    for line in failed:
        print(f"rag: {line}.", file=sys.stderr)
    return 1 if failed else 0


def _check(
    questions: list[golden.GoldenQuestion], name: str, articles: dict[str, Any], args: argparse.Namespace
) -> None:
    for question in questions:
        if question.collection == name:
            golden.check_quotes(question, articles, f"{args.golden or golden.DEFAULT} {question.id}")


def _draft(args: argparse.Namespace, folder: Path) -> int:
    out = Path(args.out) if args.out else Path("golden-draft.jsonl")
    if out.exists():
        raise InputError(f"{out} exists.", "Name another file with --out.")
    llm = _llm(args)
    if llm is None:
        raise InputError("Drafting needs a language model.", "Leave --model out, or name one.")
    with bar("drafting") as tick:
        questions = draft.propose(folder, llm, args.limit or 40, tick)
    out.write_text("".join(golden.to_line(q) + "\n" for q in questions), "utf-8")
    _say(f'{len(questions)} questions in {out}, none reviewed. Read each one, put it right, set "reviewed": true.')
    return 0


def _quizzes(args: argparse.Namespace) -> int:
    data = _data(args)
    if args.suite == "realtimeqa":
        weeks = args.week or suites.realtimeqa_weeks(data)
        if not weeks:
            raise InputError(f"{data} holds no *_qa.jsonl.", "Name the RealTimeQA folder.")
        loads: list[tuple[str, Callable[[], Any]]] = [(w, lambda w=w: suites.realtimeqa(data, w)) for w in weeks]  # type: ignore[misc]
    elif args.suite == "newsqa":
        archive = newsqa(data)
        _say(f"{len(archive.articles)} articles; {archive.chosen}.")
        loads = [(data.stem, lambda: (archive.quizzes, archive.articles))]
    else:
        loads = [(data.stem, lambda: suites.squad(data))]
    embedder, llm, config = embedders.load(DEFAULT_EMBEDDER), _llm(args), _config(args)
    every: list[dict[str, Any]] = []
    base: dict[str, list[dict[str, float]]] = {name: [] for name in args.baseline or []}
    for name, load in loads:
        quizzes, raws = load()
        quizzes = quizzes[: args.limit]
        with bar(f"{name}: embedding") as embedding, bar(f"{name}: asking") as tick:
            rows = suites.run_quizzes(quizzes, raws, embedder, llm, config, tick, embedding)
        every += rows
        for path in base:
            scored = suites.baseline(Path(path.replace("WEEK", name)), quizzes)
            base[path] += scored
        _say(f"{name}: {_line(rows)}")
    if len(loads) > 1:
        _say(f"all: {_line(every)}")
    seconds = [r["seconds"] for r in every]
    _say(
        f"gold string in the collection {_mean(every, 'in_collection'):.3f}, in the passages read {_mean(every, 'in_evidence'):.3f}; "
        f"refused {_mean(every, 'abstained'):.3f}; {metrics.percentile(seconds, 0.5):.1f} s a question (median)"
    )
    for path, scored in base.items():
        _say(f"{path}: {_line(scored)}")
    if args.out:
        Path(args.out).mkdir(parents=True, exist_ok=True)
        (Path(args.out) / RESULTS).write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in every), "utf-8")
    return 0


def _attacks(args: argparse.Namespace) -> int:
    tried, raws = attacks.load()
    tried = tried[: args.limit]
    with tempfile.TemporaryDirectory() as folder, bar("attacking") as tick:
        articles, _ = clean_all([*read_folders([seeds()])[0], *raws])
        write(Path(folder), articles, embedders.load(DEFAULT_EMBEDDER))
        rag = Rag.open(folder, config=_config(args))
        rows = []
        for row in attacks.run(rag, tried):
            rows.append(row)
            tick(len(rows), len(tried))
        rag.close()
    through = [row for row in rows if attacks.succeeded(row)]
    for row in through:
        _say(f"{row['id']} ({row['kind']}): {row['question']} → {row['text']}")
    _say(table(attacks.summary(rows)))
    if args.out:
        Path(args.out).mkdir(parents=True, exist_ok=True)
        (Path(args.out) / RESULTS).write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return 1 if through else 0


def _qags(args: argparse.Namespace) -> int:
    judged = suites.qags(_data(args))[: args.limit]
    embedder, llm = embedders.load(DEFAULT_EMBEDDER), _llm(args)
    started = time.perf_counter()
    with bar("checking") as tick:
        rows = list(suites.support_signals(judged, embedder, llm, progress=tick))
    seconds = time.perf_counter() - started
    labels = [r["supported"] for r in rows]
    for name in ("words", "cosine", *(["log_odds"] if llm else []), "support"):
        _say(f"AUROC of {name:9} {metrics.auroc([r[name] for r in rows], labels):.3f}")
    _say(
        f"balanced accuracy of support ≥ 0.5: {metrics.balanced_accuracy([r['support'] >= 0.5 for r in rows], labels):.3f}; "
        f"{len(rows)} sentences, {sum(labels)} supported; {1000 * seconds / len(rows):.0f} ms a check"
    )
    if args.out:
        Path(args.out).mkdir(parents=True, exist_ok=True)
        (Path(args.out) / RESULTS).write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    return 0


def machine() -> str:
    """The machine in words."""
    import os

    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def versions() -> str:
    """The versions that shape an answer."""
    return ", ".join(f"{p} {version(p)}" for p in ("llama-cpp-python", "sentence-transformers", "faiss-cpu"))


def _data(args: argparse.Namespace) -> Path:
    if not args.data:
        raise InputError(f"--suite {args.suite} needs its data.", "Add --data PATH.")
    path = Path(args.data).expanduser()
    if not path.exists():
        raise InputError(f"There is nothing at {path}.", "Check --data.")
    return path


def _config(args: argparse.Namespace) -> Config:
    return Config(model=args.model, llm_url=args.llm_url, gpu_layers=args.gpu_layers)


def _llm(args: argparse.Namespace) -> LanguageModel | None:
    if args.model == NO_MODEL:
        return None
    if args.llm_url:
        return RemoteModel(args.llm_url, args.model)
    kind = LocalModel if models.is_known(args.model) else WorkerModel
    return kind(models.locate(args.model, "llm"), args.model, gpu_layers=args.gpu_layers)


def _line(rows: list[Any]) -> str:
    """The figures of a suite; harm first, where the answers are our own."""
    figures = [_with_interval(name, rows) for name in ("harm", "contained") if name in rows[0]]
    return f"{', '.join(figures)}, EM {_mean(rows, 'em'):.3f}, F1 {_mean(rows, 'f1'):.3f}, n={len(rows)}"


def _with_interval(name: str, rows: list[Any]) -> str:
    interval = metrics.bootstrap([float(r[name]) for r in rows])
    assert interval is not None
    return f"{name} {interval.mean:.3f} ({interval.low:.2f} to {interval.high:.2f})"


def _mean(rows: list[Any], key: str) -> float:
    return sum(float(r[key]) for r in rows) / len(rows)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
