"""Output for people: coloured and bold on a terminal, plain text in a pipe, a file or with NO_COLOR."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

Part = str | tuple[str, str]  # words, or words and a rich style

STRONG, FAINT, ACCENT, GOOD, BAD, WARNING = "bold", "dim", "cyan", "green", "bold red", "yellow"

# An article must not be able to move the cursor or rename the window of whoever reads it.
_UNSEEN = {n: None for n in (*range(32), 127, *range(128, 160)) if chr(n) not in "\n\t"}


def say(*parts: Part) -> None:
    """Print one line on standard output."""
    _print(sys.stdout, parts)


def note(*parts: Part) -> None:
    """Print one line that is not the command's result on standard error."""
    _print(sys.stderr, parts)


def complain(message: str) -> None:
    """Print why a command failed."""
    note(("rag: ", BAD), message)


def counted(number: int | str, noun: str) -> str:
    """ "1 article", "2 articles"."""
    return f"{number} {noun}{'' if int(number) == 1 else 's'}"


def as_json(data: Any) -> None:
    """Print a result for programs."""
    print(json.dumps(data, ensure_ascii=False, indent=2))


def styled(stream: TextIO) -> bool:
    """Whether output there may be coloured and bold."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print(stream: TextIO, parts: tuple[Part, ...]) -> None:
    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    pairs = [(words.translate(_UNSEEN), style) for words, style in pairs]
    if not styled(stream):
        print("".join(words for words, _ in pairs), file=stream)
        return
    from rich.console import Console
    from rich.text import Text

    # Wrapped by the terminal itself, so that what is copied from it has no line breaks of ours.
    Console(file=stream, highlight=False).print(Text.assemble(*pairs), soft_wrap=True)
