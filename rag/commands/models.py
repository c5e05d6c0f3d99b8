"""`rag models`: what is on this machine, and fetching what is not."""

from __future__ import annotations

import argparse

from rag.commands import common
from rag.progress import bar
from rag.terminal import FAINT, GOOD, STRONG, say

ABOUT = "list the models, or fetch some"
DEFAULT_ACTION = "list"


def options(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `rag models`."""
    action = common.actions(parser)
    action("list", "list the known models, and which are here (the default)")
    sub = action("fetch", "fetch models and verify them")
    sub.add_argument("name", nargs="+", metavar="NAME", help="a name from `rag models`")


def run(args: argparse.Namespace) -> int:
    """Do one of the actions."""
    return fetch(args.name) if args.action == "fetch" else _list()


def _list() -> int:
    from rag import models

    for m in models.registry().values():
        state = ("here        ", GOOD) if m.present else ("not fetched ", FAINT)
        say((f"{m.name:22}", STRONG), f" {m.kind:9} {m.bytes / 1e6:7.0f} MB  {m.licence:11} ", state, f" {m.about}")
    return 0


def fetch(names: list[str]) -> int:
    """Fetch and verify these models, with progress; those that are here are only named."""
    from rag import models

    for name in names:
        known = models.registry().get(name)
        if known and known.present:
            say((name, STRONG), ": already here, verified.")
            continue
        with bar(name) as tick:
            path = models.fetch(name, lambda stage, done, total, tick=tick: tick(done, total, stage))  # type: ignore[misc]
        say((name, STRONG), f": {path}")
    return 0
