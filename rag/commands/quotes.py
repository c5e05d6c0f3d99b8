"""`rag quotes NAME`: what a person is reported to have said."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rag.commands import common
from rag.terminal import ACCENT, as_json, say

if TYPE_CHECKING:
    from rag.quotes import Quote

ABOUT = "list what a person is reported to have said"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag quotes` takes."""
    parser.add_argument("name", help="first and last name, as the articles give it")
    parser.add_argument("--json", action="store_true", help="print the quotes as JSON")
    common.index_option(parser)
    common.uri_option(parser)
    common.filter_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print a person's quotes, oldest first, each with its source and day."""
    from rag.assistant import Rag
    from rag.config import NO_MODEL, Config

    after, before = common.days(args)
    with Rag.open(common.existing_index(args), config=Config(model=NO_MODEL, milvus=args.uri)) as rag:
        found = rag.quotes(args.name, after=after, before=before, source=args.source)
    if args.json:
        as_json([_as_dict(quote) for quote in found])
        return 0
    for quote in found:
        where = f"{quote.article.published or 'undated'}  {quote.article.source or '?'}  "
        say(where, (quote.article.id, ACCENT))
        say("    " + " ".join(quote.text.split()))
    if not found:
        say(f"The articles do not quote {' '.join(args.name.split())}. `rag people` lists whom they quote.")
    return 0


def _as_dict(quote: Quote) -> dict[str, Any]:
    return {
        "article_id": quote.article.id,
        "title": quote.article.title,
        "source": quote.article.source,
        "date": quote.article.published and quote.article.published.isoformat(),
        "start": quote.start,
        "end": quote.end,
        "text": quote.text,
        "direct": quote.direct,
    }
