"""`rag ask`: one question, or a conversation."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from index.errors import InputError
from rag.commands import common
from rag.language import TOLD as FOREIGN
from rag.language import is_foreign
from rag.terminal import ACCENT, FAINT, STRONG, WARNING, as_json, complain, counted, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.types import Answer, Turn

ABOUT = "ask a question; without one, hold a conversation"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag ask` takes."""
    parser.add_argument("question", nargs="?", help="in quotes; leave it out to hold a conversation")
    parser.add_argument("folder", nargs="?", help="a folder of articles to ask: indexed if it is new or has changed")
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    parser.add_argument("--as-of", metavar="DAY", help="the day it is asked on; nothing later is used")
    parser.add_argument(
        "--read", type=int, metavar="N",
        help="passages the model reads (default: 8; fewer where the first give a sure answer, half as many again where none does)",
    )  # fmt: skip
    common.caution_options(parser)
    common.model_options(parser)
    common.index_option(parser)
    common.uri_option(parser)
    common.filter_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print an answer and its sources; without a question, hold a conversation."""
    from rag.assistant import Rag
    from rag.config import Config
    from rag.engine.remote import check_url
    from rag.question.check import check_question

    if args.read is not None and args.read < 1:
        raise InputError(f"--read is {args.read}.", "Give a number from 1.")
    common.check_model_options(args)
    question, folder = args.question, args.folder
    if question and folder is None and os.path.isdir(os.path.expanduser(question)):
        question, folder = None, question
    after, before = common.days(args)
    as_of = common.day(args.as_of, "--as-of")
    if question is not None:
        check_question(question)
    elif args.json:
        raise InputError("--json needs a question.", 'Run rag ask --json "…".')
    if args.llm_url:
        check_url(args.llm_url)  # before anything is opened or indexed
    config = Config(
        model=args.model, gpu_layers=args.gpu_layers, llm_url=args.llm_url, milvus=args.uri, caution=args.caution
    )
    if args.read is not None:
        config = replace(config, read=args.read)
    rag = Rag.open(common.index_to_open(args, folder), config=config)
    answer = partial(rag.answer, as_of=as_of, source=args.source, after=after, before=before)
    if question is None:
        say(f"{counted(rag.store.meta['articles'], 'article')}. Ask a question; an empty line ends.")
        _converse(answer)
    elif args.json:
        as_json(answer(question).as_dict())
    else:
        _show(answer(question))
    return 0


def _converse(ask: Callable[[str, Sequence[Turn]], Answer]) -> None:
    history: list[Turn] = []
    while True:
        try:
            question = input("\n> ").strip()
        except EOFError:
            return
        if not question:
            return
        try:
            answer = ask(question, history)
        except InputError as error:
            complain(str(error))
            continue
        _show(answer)
        history += [{"role": "user", "content": question}, {"role": "assistant", "content": answer.text}]


def _show(answer: Answer) -> None:
    if is_foreign(answer.question):
        say((FOREIGN, WARNING))
    say((answer.text, FAINT if answer.abstained else STRONG))
    if any(not sentence.supported for sentence in answer.sentences):
        say(("(Not sure: compare the quoted words.)", WARNING))
    for c in answer.citations:
        day = c.date.isoformat() if c.date else "undated"
        title = f": {c.title}" if c.title else ""
        say("\n  ", (f"[{c.marker}]", ACCENT), f" {c.source or 'source not known'}, {day} ({c.article_id}){title}")
        say("      ", (f"“{' '.join(c.quote.split())}”", "italic"))
        if c.corrected:
            say("      ", (c.corrected, WARNING))
