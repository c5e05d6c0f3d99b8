"""The options of `rag eval` and `rag bench`: light, because `rag --help` reads them too."""

from __future__ import annotations

import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag eval` takes."""
    parser.add_argument(
        "action", nargs="*", metavar="ACTION", help="compare A B | draft FOLDER; nothing: run the golden set"
    )
    parser.add_argument("--golden", metavar="FILE", help="a golden set of your own (with --index)")
    parser.add_argument("--sample", type=int, metavar="N", help="N questions, stratified by kind, always the same ones")
    parser.add_argument("--kind", action="append", help="only questions of this kind (may be repeated)")
    parser.add_argument("--out", metavar="DIR", help="where results.jsonl and report.html go")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--fail-under", metavar="METRIC=VALUE,…", help="exit with 1 where a figure is lower")
    parser.add_argument("--include-unreviewed", action="store_true", help="count drafts that no person has reviewed")
    parser.add_argument("--suite", choices=["golden", "attacks", "realtimeqa", "squad", "qags"], default="golden")
    parser.add_argument("--data", metavar="PATH", help="the suite's data: a folder or a file")
    parser.add_argument("--week", action="append", help="realtimeqa: only this week (may be repeated)")
    parser.add_argument(
        "--baseline", metavar="FILE", action="append", help="predictions to score beside, as JSON lines"
    )
    parser.add_argument("--limit", type=int, help="attacks, squad, qags: only so many")


def add_bench_options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag bench` takes."""
    parser.add_argument("what", choices=["answer", "index", "scale", "serve"])
    parser.add_argument("--sample", type=int, default=30, metavar="N", help="answer: golden questions to ask")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="index: how often")
    parser.add_argument("--folder", metavar="DIR", help="index: articles to index; scale: where there is room")
    parser.add_argument("--chunks", type=int, action="append", metavar="N", help="scale: size (may be repeated)")
    parser.add_argument("--chart", metavar="FILE", help="scale: draw the table as an SVG")
    parser.add_argument("--people", type=int, default=50, metavar="N", help="serve: who ask at once")
    parser.add_argument("--minutes", type=float, default=5.0, metavar="N", help="serve: for how long")
    parser.add_argument("--out", metavar="FILE", help="keep the figures as JSON")
