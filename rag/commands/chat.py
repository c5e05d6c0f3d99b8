"""`rag chat`: the page in the browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from index.errors import InputError
from rag.commands import common

ABOUT = "open the chat in the browser"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag chat` takes."""
    parser.add_argument("folder", nargs="?", help="a folder of articles to ask: indexed if it is new or has changed")
    parser.add_argument("--host", default="127.0.0.1", help="the address it listens at (default: this machine alone)")
    parser.add_argument("--port", type=int, default=7860, help="default: 7860; 0 takes any that is free")
    parser.add_argument(
        "--auth",
        metavar="FILE",
        help="who may enter: lines that `rag password` prints (needed beyond this machine)",
    )
    parser.add_argument(
        "--mcp", action="store_true", help="also offer its calls to programs as MCP tools: ask, search, article …"
    )
    parser.add_argument(
        "--read-ahead", type=int, default=300, metavar="N",
        help="passages of the newest articles that the model reads while nobody asks (default: 300; 0 for none)",
    )  # fmt: skip
    common.model_options(parser)
    common.index_option(parser)


def run(args: argparse.Namespace) -> int:
    """Open the chat and serve it until it is stopped."""
    from rag.engine.remote import check_url
    from ui.serving import ChatOptions, serve

    common.check_model_options(args)
    auth = Path(args.auth) if args.auth else None
    if not 0 <= args.port < 65536:
        raise InputError(f"--port is {args.port}.", "Give a number from 1024 to 65535; 0 takes any that is free.")
    if args.llm_url:
        check_url(args.llm_url)
    if args.read_ahead < 0:
        raise InputError(f"--read-ahead is {args.read_ahead}.", "Give a number of passages; 0 for none.")
    options = ChatOptions(
        model=args.model, host=args.host, port=args.port, mcp=args.mcp, auth=auth, llm_url=args.llm_url,
        prefetch=args.read_ahead, gpu_layers=args.gpu_layers,
    )  # fmt: skip
    return serve(common.index_to_open(args, args.folder), options)
