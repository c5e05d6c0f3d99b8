"""`rag people`: who is quoted in the articles."""

from __future__ import annotations

import argparse

from rag.commands import common
from rag.terminal import FAINT, STRONG, as_json, say

ABOUT = "list the people whom the newest articles quote"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag people` takes."""
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="people to list (default: 20)")
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    common.index_option(parser)
    common.uri_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the people quoted by most articles."""
    from rag.assistant import Rag
    from rag.config import NO_MODEL, Config

    with Rag.open(common.existing_index(args), config=Config(model=NO_MODEL, milvus=args.uri)) as rag:
        found = rag.people(args.limit)
    if args.json:
        as_json([{"name": person.name, "articles": person.articles} for person in found])
        return 0
    for person in found:
        say((person.name, STRONG), (f"  in {person.articles} article{'s'[: person.articles != 1]}", FAINT))
    if not found:
        say("Nobody is quoted by first and last name.")
    return 0
