"""`rag bench`: see `eval.bench`."""

from __future__ import annotations

import argparse

from eval.options import add_benchmarks as options

__all__ = ["ABOUT", "options", "run"]

ABOUT = "measure what answers, indexing and growth cost on this machine"


def run(args: argparse.Namespace) -> int:
    """Run one of the benchmarks."""
    from eval.bench import main

    return main(args)
