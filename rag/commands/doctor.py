"""`rag doctor`: whether everything that is needed works on this machine."""

from __future__ import annotations

import argparse

from index.errors import InputError
from rag.commands import common
from rag.terminal import BAD, GOOD, STRONG, say

ABOUT = "check that everything works on this machine"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag doctor` takes."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--engine", action="store_true", help="check the engine alone")
    what.add_argument("--speed", action="store_true", help="measure the model: tokens read and written a second")
    what.add_argument("--tune", action="store_true", help="find the fastest thread and batch settings, and keep them")
    common.model_options(parser, server=False)
    common.index_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line a check; the engine is tried in a process of its own."""
    from rag import doctor as checks

    if (args.engine or args.speed or args.tune) and (args.index or args.collection):
        raise InputError("--engine, --speed and --tune look at no index.", "Leave --index and --collection out.")
    if args.speed:
        read, written = checks.speed(args.model, args.gpu_layers)
        say((args.model, STRONG), f": reads {read:.0f} tokens a second, writes {written:.1f}")
        return 0
    if args.tune:
        from rag import models
        from rag.engine.benchmark import tune

        chosen = tune(models.locate_known(args.model), args.model, say, args.gpu_layers)
        say(f"Remembered for {args.model}: {chosen}")
        return 0
    failed = 0
    if args.engine:
        found = checks.engine(args.model, args.gpu_layers)
    else:
        found = checks.run(args.model, common.existing_index(args), args.gpu_layers)
    for name, ok, says in found:
        say(("ok  ", GOOD) if ok else ("FAIL", BAD), "  ", (name, STRONG), f": {says}")
        failed += not ok
    return 1 if failed else 0
