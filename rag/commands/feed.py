"""`rag feed`: follow feeds, and fetch what is new in them when asked."""

from __future__ import annotations

import argparse

from rag.commands import common
from rag.progress import bar
from rag.terminal import ACCENT, STRONG, counted, say

ABOUT = "follow RSS and Atom feeds: add, update, list, remove; only add and update make a connection"
DEFAULT_ACTION = "list"


def options(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `rag feed`."""
    action = common.actions(parser, common.index_option)
    action("list", "list the feeds of a collection (the default)")
    sub = action("add", "follow a feed from now on, and fetch its newest articles")
    sub.add_argument("url", metavar="URL")
    common.private_option(sub)
    action("update", "fetch the feeds, and the pages of entries that are new")
    sub = action("remove", "stop following a feed; its articles stay")
    sub.add_argument("url", metavar="URL")


def run(args: argparse.Namespace) -> int:
    """Do one of the actions."""
    from index import pages
    from rag import embedders

    target = common.opened_index(args)
    if args.action == "list":
        for feed in pages.read_feeds(target):
            say((feed.url, ACCENT), f"  {feed.title}")
        return 0
    if args.action == "remove":
        pages.remove_feed(target, args.url)
        return 0
    if args.action == "add":
        feed = pages.add_feed(target, args.url, args.private)
        say("Followed: ", (feed.title or feed.url, STRONG))
    with bar("embedding") as tick:
        report = pages.update_feeds(target, embedders.for_index(target), tick)
    say((f"{report.added} added", STRONG), f"; {counted(report.articles, 'article')} now.")
    common.say_skipped(report.skipped)
    return 0
