"""The options of `rag eval` and `rag bench`: light, because `rag --help` reads them too."""

from __future__ import annotations

import argparse

from index.errors import InputError
from rag.commands.common import actions, caution_options, index_option, model_options


def add_eval_actions(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `rag eval`, each with its options."""
    action = actions(parser)
    _run_options(action("run", "ask the golden questions, or those of --suite, and report the figures (the default)"))
    sub = action("compare", "compare two runs question by question")
    sub.add_argument("a", metavar="A", help="the folder of a run")
    sub.add_argument("b", metavar="B", help="the folder of another")
    sub = action("draft", "draft golden questions from the articles of a folder, for a person to review")
    sub.add_argument("folder", metavar="FOLDER")
    sub.add_argument("--out", metavar="FILE", help="where they go (default: golden-draft.jsonl)")
    sub.add_argument("--limit", type=int, metavar="N", help="questions, at most (default: 40)")
    model_options(sub)


# Which of the options of `rag eval run` each suite uses, besides those of the model and --out, --sample and --resume.
_GOLDEN = ("golden", "index", "collection", "kind", "include_unreviewed", "json", "fail_under", "fail_over", "caution")
_USES: dict[str, tuple[str, ...]] = {
    "golden": _GOLDEN,
    "archive": ("kind", "json", "fail_under", "fail_over", "caution"),
    "attacks": ("limit", "caution"),
    "realtimeqa": ("data", "limit", "baseline", "week", "caution"),
    "squad": ("data", "limit", "baseline", "caution"),
    "newsqa": ("data", "limit", "baseline", "caution"),
    "qags": ("data", "limit"),
}


def check_suite(args: argparse.Namespace) -> None:
    """Check that the suite uses every option that is given.

    Raises:
        InputError: it does not; the message names the suites that do.
    """
    for name in sorted({option for used in _USES.values() for option in used} - set(_USES[args.suite])):
        given = getattr(args, name)
        if given not in (None, False, "normal"):
            option = given if name == "caution" else name.replace("_", "-")
            *others, last = (suite for suite, used in _USES.items() if name in used)
            uses = f"{', '.join(others)} and {last}" if others else last
            raise InputError(f"--suite {args.suite} does not use --{option}.", f"Leave it out; it is for {uses}.")


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suite", choices=list(_USES), default="golden", help="what is asked (default: golden)")
    parser.add_argument("--sample", type=int, metavar="N", help="N evenly spread questions, always the same ones")
    parser.add_argument("--out", metavar="DIR", help="where results.jsonl goes, and the report of golden questions")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    model_options(parser)
    caution_options(parser)
    group = parser.add_argument_group("the golden set and the archive")
    index_option(group)
    group.add_argument("--golden", metavar="FILE", help="a golden set of your own (with --index)")
    group.add_argument("--kind", action="append", help="only questions of this kind (may be repeated)")
    group.add_argument("--include-unreviewed", action="store_true", help="count drafts that no person has reviewed")
    group.add_argument("--json", action="store_true", help="print the figures as JSON")
    group.add_argument("--fail-under", metavar="METRIC=VALUE,…", help="exit with 1 where a figure is lower")
    group.add_argument("--fail-over", metavar="METRIC=VALUE,…", help="exit with 1 where a figure is higher (harm)")
    group = parser.add_argument_group("the other suites")
    group.add_argument(
        "--data", metavar="PATH", help="the suite's data: a folder or a file (for all suites but attacks)"
    )
    group.add_argument("--limit", type=int, metavar="N", help="only the first N questions, of each week of realtimeqa")
    group.add_argument("--week", action="append", help="realtimeqa: only this week (may be repeated)")
    group.add_argument(
        "--baseline",
        metavar="FILE",
        action="append",
        help="realtimeqa, squad, newsqa: predictions to score for comparison, as JSON lines; WEEK in the name stands for each",
    )


def add_benchmarks(parser: argparse.ArgumentParser) -> None:
    """Add the benchmarks of `rag bench`, each with its options."""
    benchmarks = parser.add_subparsers(dest="what", required=True, metavar="BENCHMARK")

    def benchmark(name: str, about: str) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = benchmarks.add_parser(name, help=about, description=about)
        sub.add_argument("--out", metavar="FILE", help="keep the figures as JSON")
        return sub

    sub = benchmark("answer", "where the wait for an answer comes from, compared with the bare engine")
    sub.add_argument("--sample", type=int, default=30, metavar="N", help="golden questions to ask (default: 30)")
    sub.add_argument("--golden", metavar="FILE", help="a golden set of your own, asked over the index that is named")
    index_option(sub)
    model_options(sub, server=False)
    sub = benchmark("index", "how long each stage of indexing takes, and the processor time of reading each format")
    sub.add_argument("--runs", type=int, default=3, metavar="N", help="number of runs (default: 3)")
    sub.add_argument("--folder", metavar="DIR", help="articles to index (default: the examples)")
    sub.add_argument(
        "--articles", type=int, default=20, metavar="N", help="made-up articles in each format (default: 20)"
    )
    sub = benchmark("scale", "what search and additions cost in large indexes of made-up chunks")
    sub.add_argument("--folder", metavar="DIR", help="a folder on a disk with room for them")
    sub.add_argument("--chunks", type=int, action="append", metavar="N", help="a size (may be repeated)")
    sub.add_argument("--chart", metavar="FILE", help="draw the table as an SVG")
    sub = benchmark("serve", "a chat with many people asking at once")
    sub.add_argument(
        "--people", type=int, default=50, metavar="N", help="people who ask at the same time (default: 50)"
    )
    sub.add_argument("--minutes", type=float, default=5.0, metavar="N", help="for how long (default: 5)")
    model_options(sub, server=False)
