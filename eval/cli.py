"""`rag eval`: run a suite, compare two runs, draft questions."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from eval import arguments, confidence, draft, golden, report, suites
from eval.golden import GoldenQuestion
from eval.machine import machine, versions
from eval.options import check_suite
from eval.record import RESULTS, read_results
from eval.run import Collections, misses, run, summarise
from index.errors import InputError
from rag.config import data_home
from rag.progress import bar
from rag.terminal import complain, note, say


def main(args: argparse.Namespace) -> int:
    """Do the action that the arguments name; 1 where a figure misses its limit or an attack succeeds."""
    return {"run": _run, "compare": _compare, "draft": _draft}[args.action](args)


def _run(args: argparse.Namespace) -> int:
    check_suite(args)
    arguments.check_counts(args, "sample", "limit")
    suite: Callable[[argparse.Namespace], int] = {
        "golden": _golden,
        "archive": _golden,
        "attacks": suites.attack_suite,
        "realtimeqa": suites.quiz_suite,
        "squad": suites.quiz_suite,
        "newsqa": suites.quiz_suite,
        "qags": suites.qags_suite,
    }[args.suite]
    return suite(args)


def _compare(args: argparse.Namespace) -> int:
    a, b = (read_results(Path(name) / RESULTS) for name in (args.a, args.b))
    say(report.compare(a, b))
    return 0


def _draft(args: argparse.Namespace) -> int:
    arguments.check_counts(args, "limit")
    out = Path(args.out) if args.out else Path("golden-draft.jsonl")
    if out.exists():
        raise InputError(f"{out} exists.", "Name another file with --out.")
    llm = arguments.language_model(args)
    if llm is None:
        raise InputError("Drafting needs a language model.", "Leave --model out, or name one.")
    with bar("drafting") as tick:
        questions = draft.propose(Path(args.folder), llm, args.limit or 40, tick)
    out.write_text("".join(golden.to_line(q) + "\n" for q in questions), "utf-8")
    say(f'{len(questions)} questions in {out}, none reviewed. Read each one, put it right, set "reviewed": true.')
    return 0


def _golden(args: argparse.Namespace) -> int:
    floors = arguments.limits(args.fail_under, "--fail-under")
    ceilings = arguments.limits(args.fail_over, "--fail-over")
    if args.golden and not (args.index or args.collection):
        raise InputError("--golden needs the index its questions are about.", "Add --index DIR or --collection NAME.")
    if args.resume and not args.out:
        raise InputError("--resume needs the folder of the run.", "Add --out DIR.")
    file = _file(args)
    questions = _questions(args, file)
    collections = Collections(args.model, arguments.settings(args), arguments.index(args))
    _check_quotes(questions, collections, str(file))
    out = arguments.folder(args.out) or data_home() / "runs" / time.strftime("%Y%m%d-%H%M%S")
    with bar("asking") as tick:
        rows = run(questions, collections, out, args.resume, tick)
    summary = summarise(rows)
    told = confidence.auroc(rows)
    summary["auroc_shown"] = None if math.isnan(told) else told  # JSON has no NaN
    facts = {"date": date.today().isoformat(), "model": args.model, "machine": machine(), "versions": versions()}
    (out / "summary.json").write_text(json.dumps(summary | {"facts": facts}, indent=2), "utf-8")
    (out / "report.html").write_text(report.page(summary, rows, facts), "utf-8")
    say(json.dumps(summary, indent=2) if args.json else f"{report.table(summary)}\n\n{out / 'report.html'}")
    failed = misses(summary["overall"], floors, ceilings)
    for line in failed:
        complain(f"{line}.")
    return 1 if failed else 0


def _file(args: argparse.Namespace) -> Path:
    """The file of the golden questions that the arguments name."""
    return arguments.folder(args.golden) or (golden.QUESTIONS["archive" if args.suite == "archive" else "seeds"])


def _questions(args: argparse.Namespace, file: Path) -> list[GoldenQuestion]:
    """The questions of a golden set that the arguments ask for."""
    questions = golden.load(file)
    unreviewed = sum(not q.reviewed for q in questions)
    if unreviewed and not args.include_unreviewed:
        questions = [q for q in questions if q.reviewed]
        note(f"{unreviewed} questions that no person has reviewed are left out (--include-unreviewed counts them).")
    if args.kind:
        questions = [q for q in questions if q.kind in args.kind]
    if args.sample:
        questions = golden.sample(questions, args.sample)
    if not questions:
        raise InputError("No question is left to ask.", "Check --kind, --sample and the golden set.")
    return questions


def _check_quotes(questions: list[GoldenQuestion], collections: Collections, file: str) -> None:
    """Check that every quote is in the collection over which its question is asked."""
    for name in sorted({q.collection for q in questions}):
        articles = {a.id: a for a in collections.get(name).articles}
        for question in questions:
            if question.collection == name:
                golden.check_quotes(question, articles, f"{file} {question.id}")
