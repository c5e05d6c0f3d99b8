"""`rag articles`: list them, show one, add files, remove what was added, set a title, source or day."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index.types import Skipped
from rag.commands import common
from rag.progress import bar
from rag.terminal import ACCENT, FAINT, STRONG, counted, say

if TYPE_CHECKING:
    from index.embedder import Embedder
    from index.store.sqlite import Store
    from index.types import Article

ABOUT = "list the articles, show one, add files, remove one that was added, set a title, source or date"
DEFAULT_ACTION = "list"


def options(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `rag articles`."""
    action = common.actions(parser, common.index_option)
    action("list", "list the articles, oldest first (the default)")
    sub = action("show", "show the text of an article")
    sub.add_argument("id", metavar="ID", help="its id, or any beginning or end of it that no other id has")
    sub.add_argument("--removed", action="store_true", help="show what was removed from it as boilerplate instead")
    sub = action("add", "add the articles of files or of pages (https://…), beside the indexed folders")
    sub.add_argument(
        "file", nargs="+", metavar="FILE", help="or the address of a page, which is fetched now and kept as a file"
    )
    common.private_option(sub)
    sub = action("remove", "remove articles that were added")
    sub.add_argument("id", nargs="+", metavar="ID", help="as in `rag articles show`")
    sub = action("set", "set a title, source or date that is missing or wrong; `rag index` keeps it")
    sub.add_argument("id", metavar="ID", help="as in `rag articles show`")
    for name, example in (("title", ""), ("source", ""), ("date", " (2022-03-31)")):
        sub.add_argument(f"--{name}", help=f"its {name}{example}; '' puts back what was read from its file")


def run(args: argparse.Namespace) -> int:
    """Do one of the actions."""
    return {"list": _list, "show": _show, "add": _add, "remove": _remove, "set": _set}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from index.store.sqlite import Store

    store = Store(common.existing_index(args), vectors=False)
    for a in store.articles():
        day = a.published.isoformat() if a.published else "undated"
        say((f"{day:10}", FAINT), "  ", (a.id, ACCENT), f"  {a.source or 'source not known'}: ", (a.label, STRONG))
    for s in json.loads(store.meta["skipped"]):
        say((f"  skipped {s['path']}: {s['why']}", FAINT))
    return 0


def _show(args: argparse.Namespace) -> int:
    from index import edits
    from index.store.sqlite import Store

    store = Store(common.existing_index(args), vectors=False)
    article = store.article(_id(store, args.id))
    if args.removed:
        for r in article.removed:
            say((f"{r.line:4}  ", FAINT), f"{r.why:42}  {r.text}")
        say(f"{counted(len(article.removed), 'line')} removed.")
        return 0
    say((article.label, STRONG))
    found = article.published_how or "no date found"
    say(f"{article.source or 'source not known'}, {article.published or 'undated'} ({found})")
    edit = edits.read(store.folder).get(article.id)
    if edit and edit.is_of(article):
        say((f"{edits.BY_YOU}: {', '.join(edit.told)}", FAINT))
    if article.url:
        say((article.url, FAINT))
    say(f"\n{article.text[article.after_title :].lstrip()}")
    return 0


def _add(args: argparse.Namespace) -> int:
    from index import additions, pages
    from rag import embedders

    target = common.opened_index(args)
    before = _articles(target)
    urls = [name for name in args.file if name.lower().startswith(("http://", "https://"))]
    files = [Path(name) for name in args.file if name not in urls]
    embedder, added, skipped = embedders.for_index(target), 0, list[Skipped]()
    with bar("embedding") as tick:
        for report in (
            *([pages.add(target, urls, embedder, args.private, tick)] if urls else ()),
            *([additions.add(target, files, embedder, tick)] if files else ()),
        ):
            added, skipped, now = added + report.added, [*skipped, *report.skipped], report.articles
    say((f"{added} added", STRONG), f"; {counted(now, 'article')} now.")
    common.say_skipped(skipped)
    _complete(target, [a for name, a in _articles(target).items() if name not in before], embedder)
    return 0 if added else 1


def _articles(target: Path) -> dict[str, Article]:
    """What an index holds, by id."""
    from index.store.sqlite import Store

    store = Store(target, vectors=False)
    try:
        return {article.id: article for article in store.articles()}
    finally:
        store.close()


def _complete(target: Path, new: Sequence[Article], embedder: Embedder) -> None:
    """Ask for the source and the date of articles that do not say them; where nobody is there to ask, say how to set them."""
    from index import edits
    from index.text.dates import parse_day

    for article in new:
        lacks = [name for name, known in (("source", article.source), ("date", article.published)) if not known]
        if not lacks:
            continue
        if not sys.stdin.isatty():
            how = " ".join(f"--{name} …" for name in lacks)
            say((article.id, ACCENT), f"  {' and '.join(lacks)} not known: rag articles set {article.id} {how}")
            continue
        say((article.label, STRONG))
        try:
            source = input("  Its source (Enter: not known): ").strip() if "source" in lacks else ""
            said = input("  Its date (Enter: not known): ").strip() if "date" in lacks else ""
            while said and not parse_day(said):
                said = input(f"  {said!r} is not a date. Write it as 2022-03-31 (Enter: not known): ").strip()
        except EOFError:
            return
        if source or said:
            edits.set_fields(target, article.id, embedder, source=source or None, published=parse_day(said))


def _remove(args: argparse.Namespace) -> int:
    from index import additions
    from index.store.sqlite import Store
    from rag import embedders

    target = common.existing_index(args)
    store = Store(target, vectors=False)
    names = [_id(store, given) for given in args.id]  # all of them, before the first is gone
    store.close()
    embedder = embedders.for_index(target)
    for name in dict.fromkeys(names):
        report = additions.remove(target, name, embedder)
        say((f"{name} removed", STRONG), f"; {counted(report.articles, 'article')} left.")
    return 0


def _set(args: argparse.Namespace) -> int:
    from index import edits
    from index.store.sqlite import Store
    from rag import embedders

    target = common.existing_index(args)
    said = {name: getattr(args, name) for name in edits.FIELDS if getattr(args, name) is not None}
    day = common.day(said.get("date") or None, "--date")
    store = Store(target, vectors=False)
    name = _id(store, args.id)
    store.close()
    article = edits.set_fields(
        target, name, embedders.for_index(target),
        title=said.get("title") or None, source=said.get("source") or None, published=day,
        restore=[field for field, value in said.items() if not value],
    )  # fmt: skip
    found = article.published_how or "no date found"
    say((name, ACCENT), f"  {article.source or 'source not known'}, {article.published or 'undated'} ({found}): ",
        (article.label, STRONG))  # fmt: skip
    return 0


def _id(store: Store, given: str) -> str:
    from index.reading.metadata import encodable
    from index.store.names import article_id

    return article_id(encodable(given), store.ids())
