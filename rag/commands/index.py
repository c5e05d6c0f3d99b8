"""`rag index`: make an index hold the articles of folders."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import IndexMissing, InputError, RagError
from rag import collection
from rag.commands import common
from rag.config import DEFAULT_EMBEDDER, seeds
from rag.progress import bar
from rag.terminal import FAINT, STRONG, complain, counted, say

if TYPE_CHECKING:
    from index.types import IndexReport

ABOUT = "index the articles of folders (default: those indexed before, or the examples)"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag index` takes."""
    parser.add_argument("folder", nargs="*", help="the folders whose articles it holds, and no others")
    parser.add_argument(
        "--add", action="store_true", help="add to the folders that were indexed before, instead of replacing them"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--rebuild", action="store_true", help="start from scratch, even over a damaged index")
    how.add_argument("--repair", action="store_true", help="repair a damaged index from what is still good in it")
    how.add_argument("--if-missing", action="store_true", help="do nothing where there is an index")
    how.add_argument("--watch", action="store_true", help="keep the index up to date as files change, until Ctrl+C")
    common.index_option(parser)
    common.uri_option(parser)
    parser.add_argument(
        "--embedder", metavar="MODEL",
        help=f"the embedding model of a new index, by name or folder (default: {DEFAULT_EMBEDDER})",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Make the index hold the articles of the folders."""
    from index.store.database import is_there

    target = common.named_index(args)
    if args.uri:
        if args.rebuild or args.if_missing or args.repair or args.watch or args.add:
            raise InputError(
                "--rebuild, --repair, --if-missing, --watch and --add are for an index in a folder.", "Leave them out."
            )
        return _in_milvus(args)
    if args.repair and args.add:
        raise InputError("--repair adds no folders.", "Repair first, then run rag index --add FOLDER.")
    if args.repair:
        return _repair(args, target)
    if args.if_missing and is_there(target):
        return 0
    return _build(args, target)


def _build(args: argparse.Namespace, target: Path) -> int:
    from index.build import build
    from rag import embedders

    folders = _folders(args, target)
    embedder = embedders.for_index(target, asked=args.embedder)

    def once() -> IndexReport:
        with bar("embedding") as tick:
            return build(target, folders, embedder, args.rebuild, tick)

    if args.watch:
        return _watch(once, folders, target)
    _say(once(), folders)
    _say_missing(target)
    return 0


def _say_missing(target: Path) -> None:
    """How many articles have no source or no date, and how to set them."""
    from index.store.sqlite import Store

    store = Store(target, vectors=False)
    dated, unnamed = sum(store.by_day().values()), store.by_source().get(None, 0)
    lacks = {"source": unnamed, "date": int(store.meta["articles"]) - dated}
    store.close()
    told = " and ".join(f"{counted(count, 'article')} without a {name}" for name, count in lacks.items() if count)
    if told:
        say((f"  {told}. Set what is missing with `rag articles set` or in the chat.", FAINT))


def _watch(once: Callable[[], IndexReport], folders: Sequence[Path], target: Path) -> int:
    """Bring the index up to date now and after each change, until Ctrl+C; an error is printed and tried again."""
    from index.watch import changes

    looks = 0
    with suppress(KeyboardInterrupt):
        for _ in changes(folders, target):
            looks += 1
            try:
                report = once()
            except RagError as error:
                if looks == 1:
                    raise
                complain(f"{error} The index stays as it was until the next change.")
                continue
            if looks == 1 or report.added or report.updated or report.dropped:
                _say(report, folders)
            if looks == 1:
                say("Watching for changes (stop with Ctrl+C).")
    return 0


def _folders(args: argparse.Namespace, target: Path) -> list[Path]:
    """The folders that are named, those that were indexed before, or both; the examples for a new default index."""
    named = [Path(folder).expanduser() for folder in args.folder]
    before: list[Path] = []
    if not named or args.add:
        try:
            before = collection.remembered(target)
        except RagError as error:
            if not args.rebuild:
                raise
            raise InputError(error.what, "Name the folders to make it anew from: rag index --rebuild FOLDER") from error
    if args.collection and not named and not before:
        collection.existing(args.collection)  # which says that there is none, or that its first build was interrupted
        raise InputError(f"No folder is known of the collection {args.collection!r}.", "Name its folders.")
    known = {folder.resolve() for folder in before}
    return [*before, *(folder for folder in named if folder.resolve() not in known)] or [seeds()]


def _repair(args: argparse.Namespace, target: Path) -> int:
    from index.store.database import is_there
    from index.store.repair import repair
    from rag import embedders

    if not is_there(target):
        raise IndexMissing(f"There is no index in {target}.", "Build one: rag index FOLDER")
    with bar("embedding") as tick:
        embedder = embedders.for_index(target, asked=args.embedder)
        done = repair(target, embedder, [Path(folder) for folder in args.folder], tick)
    say(
        (counted(done.articles, "article"), STRONG),
        f": {done.kept} were undamaged, {done.articles - done.kept} were reread from their files; "
        f"{counted(done.embedded, 'chunk')} embedded.",
    )
    return 0


def _in_milvus(args: argparse.Namespace) -> int:
    from index.build import gather
    from index.store.milvus import MilvusStore
    from rag import embedders

    store = MilvusStore(args.uri, embedders.for_index(None, args.uri, args.embedder), create=True)
    folders = [Path(folder) for folder in args.folder] or [Path(f) for f in json.loads(store.meta.get("folders", "[]"))]
    folders = folders or [seeds()]
    articles, skipped = gather(folders)
    with bar("embedding") as tick:
        report = store.write(articles, skipped, [str(f.resolve()) for f in folders], tick)
    _say(report, folders)
    store.close()
    return 0


def _say(report: IndexReport, folders: Sequence[Path]) -> None:
    names = ", ".join(str(folder) for folder in folders)
    say(
        (f"{counted(report.articles, 'article')}, {counted(report.chunks, 'chunk')}", STRONG),
        f" from {names}: {report.added} new, {report.updated} changed, {report.unchanged} unchanged, "
        f"{report.dropped} dropped; {counted(report.embedded, 'chunk')} embedded.",
    )
    common.say_skipped(report.skipped)
