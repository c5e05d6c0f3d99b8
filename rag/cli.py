"""The command line: it parses, calls a command of `rag.commands`, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from index.errors import RagError
from rag.terminal import complain

COMMANDS = (
    "setup", "ask", "chat", "index", "collections", "search", "people", "quotes", "articles", "feed", "models", "password", "doctor",
    "eval", "bench",
)  # fmt: skip
_MESSAGE = 700  # characters of a message


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when done, 1 when it could not be, 2 for wrong arguments, 130 when stopped."""
    args = parse(sys.argv[1:] if argv is None else argv)
    try:
        return int(args.run(args) or 0)
    except RagError as error:
        complain(_short(str(error)))
        return 1
    except KeyboardInterrupt:
        complain("stopped.")
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        where = f": {_short(str(error.filename))}" if error.filename else ""
        complain(f"{error.strerror or error}{where}. Check the path, its permissions and the free disk space.")
        return 1


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """What a command line asks for; `run` in it is the command's function.

    Raises:
        SystemExit: help or the version was asked for (0), or the arguments are wrong (2).
    """
    return parser().parse_args(_with_action(argv))


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    made = argparse.ArgumentParser(
        prog="rag", description="Ask a folder of articles; every sentence cites the words that support it."
    )
    made.add_argument("--version", action="version", version=_version())
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in filter(_is_there, COMMANDS):
        command = import_module(f"rag.commands.{name}")
        sub = commands.add_parser(name, help=command.ABOUT, description=command.ABOUT)
        sub.set_defaults(run=command.run)
        command.options(sub)
    return made


def _is_there(name: str) -> bool:
    return find_spec(f"rag.commands.{name}") is not None


def _with_action(argv: Sequence[str]) -> list[str]:
    """The same arguments, with a command's usual action where none is named: `eval --sample 9` is `eval run --sample 9`."""
    given = list(argv)
    if given and given[0] in COMMANDS and _is_there(given[0]):
        action = getattr(import_module(f"rag.commands.{given[0]}"), "DEFAULT_ACTION", None)
        named = len(given) > 1 and (not given[1].startswith("-") or given[1] in ("-h", "--help"))
        if action and not named:
            given.insert(1, action)
    return given


def _short(text: str) -> str:
    """A sentence that a terminal can show, whatever was put into it."""
    return text if len(text) <= _MESSAGE else f"{text[: _MESSAGE // 2]} … {text[-_MESSAGE // 2 :]}"


def _version() -> str:
    try:
        return f"rag {version('rag-articles')}"
    except PackageNotFoundError:
        return "rag (a checkout that is not installed)"


if __name__ == "__main__":
    sys.exit(main())
