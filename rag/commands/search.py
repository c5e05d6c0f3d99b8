"""`rag search`: the best passages, without a language model."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rag.commands import common
from rag.terminal import ACCENT, FAINT, STRONG, as_json, say

if TYPE_CHECKING:
    from index.types import Hit

ABOUT = "search without a language model"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag search` takes."""
    parser.add_argument("query")
    parser.add_argument("--k", type=int, default=10, metavar="N", help="results to show (default: 10)")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    common.index_option(parser)
    common.uri_option(parser)
    common.filter_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print the best chunks for a query."""
    from rag.assistant import Rag
    from rag.config import NO_MODEL, Config

    after, before = common.days(args)
    rag = Rag.open(common.existing_index(args), config=Config(model=NO_MODEL, milvus=args.uri))
    hits = rag.search(args.query, args.k, source=args.source, after=after, before=before)
    if args.json:
        as_json([_as_dict(hit) for hit in hits])
        return 0
    for hit in hits:
        _show(hit)
    if not hits:
        say("Nothing found.")
    return 0


def _show(hit: Hit) -> None:
    copies = f"  (also in {', '.join(a.id for _, a in hit.copies)})" if hit.copies else ""
    copies += f"  (earlier: {', '.join(a.id for a in hit.earlier)})" if hit.earlier else ""
    where = f"{hit.article.source or '?'}, {hit.article.published or 'undated'}"
    say((f"{hit.rank:2}.", STRONG), (f" {hit.score:.2f}", FAINT), "  ", (hit.chunk.id, ACCENT), f"  {where}{copies}")
    say("      " + " ".join(hit.chunk.text.split())[:200])


def _as_dict(hit: Hit) -> dict[str, Any]:
    return {
        "chunk_id": hit.chunk.id,
        "article_id": hit.article.id,
        "title": hit.article.title,
        "source": hit.article.source,
        "date": hit.article.published and hit.article.published.isoformat(),
        "start": hit.chunk.start,
        "end": hit.chunk.end,
        "text": hit.chunk.text,
        "score": hit.score,
        "cosine": hit.cosine,
        "bm25": hit.bm25,
        "also_in": [a.id for _, a in hit.copies],
        "earlier": [a.id for a in hit.earlier],
    }
