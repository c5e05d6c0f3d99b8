"""`rag collections`: what collections there are, and what is in them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rag import collection
from rag.terminal import ACCENT, BAD, FAINT, STRONG, as_json, counted, say

if TYPE_CHECKING:
    from rag.collection import CollectionInfo

ABOUT = "list the collections: their folders, sources, days and size"
_SOURCES = 5  # named on a line


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag collections` takes."""
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the collections."""
    found = collection.collections()
    if args.json:
        as_json([as_dict(info) for info in found])
        return 0
    for info in found:
        _show(info)
    if not found:
        say("There is no collection. Make one: rag index FOLDER --collection NAME")
    return 0


def as_dict(info: CollectionInfo) -> dict[str, object]:
    """A collection as JSON has it."""
    sources = [
        {"name": s.name, "articles": s.articles, "first": _iso(s.first), "last": _iso(s.last)} for s in info.sources
    ]
    return {
        "name": info.name, "index": str(info.index), "articles": info.articles, "chunks": info.chunks,
        "folders": [str(folder) for folder in info.folders], "sources": sources, "first": _iso(info.first),
        "last": _iso(info.last), "size": info.size, "embedder": info.embedder, "error": info.error,
    }  # fmt: skip


def _iso(day: object) -> str | None:
    return str(day) if day else None


def _show(info: CollectionInfo) -> None:
    say((info.name, ACCENT), f"  {info.size / 1e6:,.1f} MB")
    if info.error:
        say("    ", (info.error, BAD))
        return
    span = f"{info.first} to {info.last}" if info.first else "undated"
    say(
        (f"    {counted(info.articles, 'article')}", STRONG),
        f", {counted(info.chunks, 'chunk')}, {span}; embedded with {info.embedder}",
    )
    named = [f"{s.name} ({s.articles})" for s in info.sources[:_SOURCES]]
    more = [f"{len(info.sources) - _SOURCES} more"] if len(info.sources) > _SOURCES else []
    if named:
        say("    sources: ", ", ".join(named + more))
    for folder in info.folders:
        say((f"    {folder}" + ("" if folder.exists() else " (not there now)"), FAINT))
