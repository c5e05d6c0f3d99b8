"""Options and steps that several commands share."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import IndexMissing, InputError
from rag import collection
from rag.config import DEFAULT_MODEL, NO_MODEL, default_index, folder_index
from rag.progress import bar
from rag.terminal import FAINT, counted, note, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from index.types import Skipped

ALL_LAYERS = -1  # of a model, on a GPU where there is one

# ---- options -------------------------------------------------------------------


def actions(
    parser: argparse.ArgumentParser, shared: Callable[[argparse.ArgumentParser], None] | None = None
) -> Callable[[str, str], argparse.ArgumentParser]:
    """Give a command actions, as `rag feed add`: a function that adds one by its name and its line in the help.

    Args:
        shared: adds the options that all of them take.
    """
    made = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, about: str) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = made.add_parser(name, help=about, description=about)
        if shared:
            shared(sub)
        return sub

    return action


def index_option(parser: argparse._ActionsContainer) -> None:
    """Add `--index` and `--collection`."""
    parser.add_argument("--index", metavar="DIR", help="the index's folder (default: the default index)")
    parser.add_argument("--collection", metavar="NAME", help="a collection by its name (`rag collections` lists them)")


def private_option(parser: argparse.ArgumentParser) -> None:
    """Add `--private`."""
    parser.add_argument(
        "--private", action="store_true", help="the named host may be on this machine or a private network"
    )


def uri_option(parser: argparse.ArgumentParser) -> None:
    """Add `--uri`."""
    parser.add_argument(
        "--uri", metavar="URI", help="an index in Milvus instead: a path that ends in .db, or http://HOST:19530"
    )


def model_options(parser: argparse.ArgumentParser, server: bool = True) -> None:
    """Add `--model` and `--gpu-layers`, and `--llm-url` where a server may run the model."""
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a name from `rag models`, a GGUF file, or none")
    parser.add_argument(
        "--gpu-layers",
        type=int,
        default=ALL_LAYERS,
        metavar="N",
        help="layers on a GPU (default: all, where there is one)",
    )
    if server:
        parser.add_argument(
            "--llm-url", metavar="URL", help="a server that runs the model (OpenAI-compatible; its key in RAG_LLM_KEY)"
        )


def caution_options(parser: argparse.ArgumentParser) -> None:
    """Add `--strict` and `--lenient`: how likely to be right an answer must be to be given."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--strict", dest="caution", action="store_const", const="strict", default="normal",
        help="give only answers that are very likely right, and refuse more often",
    )  # fmt: skip
    either.add_argument(
        "--lenient",
        dest="caution",
        action="store_const",
        const="lenient",
        help="refuse less often, and mark more answers as unsure",
    )


def filter_options(parser: argparse.ArgumentParser) -> None:
    """Add what limits a search."""
    parser.add_argument("--source", help="only articles of this source")
    parser.add_argument("--after", metavar="DAY", help="only articles published on or after this day")
    parser.add_argument("--before", metavar="DAY", help="only articles published on or before this day")


# ---- steps ---------------------------------------------------------------------


def check_model_options(args: argparse.Namespace) -> None:
    """Check that no option is given that the model which is named would not use.

    Raises:
        InputError: one is.
    """
    server = getattr(args, "llm_url", None)
    if args.model == NO_MODEL:
        caution, read = getattr(args, "caution", "normal"), getattr(args, "read", None)
        given = {"--llm-url": server, "--strict or --lenient": caution != "normal", "--read": read is not None}
        if unused := next((name for name, is_given in given.items() if is_given), ""):
            raise InputError(
                f"Without a language model {unused} would change nothing.", "Leave it out, or leave out --model none."
            )
    if args.gpu_layers != ALL_LAYERS and (args.model == NO_MODEL or server):
        raise InputError("--gpu-layers is for a language model that runs here.", "Leave it out.")


def day(text: str | None, option: str) -> date | None:
    """The day that an option names."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} is {text!r}, not a day.", "Write it as 2022-03-31.") from None


def days(args: argparse.Namespace) -> tuple[date | None, date | None]:
    """The days of `--after` and `--before`."""
    from index.store.names import check_days

    after, before = day(args.after, "--after"), day(args.before, "--before")
    check_days(after, before)
    return after, before


def existing_index(args: argparse.Namespace) -> Path:
    """The folder of the index that is meant; if it is named, it must exist."""
    target = named_index(args)
    if args.collection:
        return collection.existing(args.collection)
    if args.index and not target.exists():
        raise IndexMissing(f"There is no index in {target}.", f"Build one: rag index FOLDER --index {target}")
    return target


def opened_index(args: argparse.Namespace) -> Path:
    """The folder of an index that exists and can be read.

    Raises:
        IndexMissing, IndexDamaged: it does not exist, or cannot be read.
    """
    from index.store.sqlite import Store

    target = existing_index(args)
    Store(target, vectors=False).close()
    return target


def named_index(args: argparse.Namespace) -> Path:
    """The folder of the index that is meant, whether it exists or not."""
    named = [option for option in ("index", "collection", "uri") if getattr(args, option, None)]
    if len(named) > 1:
        raise InputError(f"--{named[0]} and --{named[1]} name two different indexes.", "Leave one of them out.")
    if args.collection is not None:
        return collection.index_of(args.collection)
    return Path(args.index).expanduser() if args.index else default_index()


def index_to_open(args: argparse.Namespace, folder: str | None) -> Path:
    """The index to ask: that of a folder, brought up to date first, or the one that is named.

    Raises:
        InputError: a folder is given, and an index too.
    """
    if folder is None:
        return existing_index(args)
    if args.index or args.collection or getattr(args, "uri", None):
        raise InputError(
            "A folder and an index are given.", "Leave the folder out, or --index, --collection and --uri."
        )
    if not Path(folder).expanduser().is_dir():
        raise InputError(f"There is no folder {folder}.", "Check the path.")
    if args.model != NO_MODEL and not args.llm_url:
        from rag.models import locate

        locate(args.model, "llm")  # before minutes are spent on indexing
    return _up_to_date(Path(folder).expanduser())


def _up_to_date(folder: Path) -> Path:
    from index.build import build
    from rag.embedders import for_index

    target = folder_index(folder)
    with bar("embedding") as tick:
        report = build(target, [folder], for_index(target), progress=tick)
    if report.added or report.updated or report.dropped:
        changes = f"{report.added} new, {report.updated} changed, {report.dropped} dropped"
        note((f"Indexed {folder}: {counted(report.articles, 'article')} ({changes}).", FAINT))
        say_skipped(report.skipped, note)
    return target


def say_skipped(skipped: Iterable[Skipped], tell: Callable[..., None] = say) -> None:
    """Name what is not an article, with why; `tell` is `rag.terminal.say` or `note`."""
    for item in skipped:
        tell((f"  skipped {item.path}: {item.why}", FAINT))
