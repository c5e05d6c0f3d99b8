"""`rag password`: a line for the file of those who may enter the chat."""

from __future__ import annotations

import argparse
import sys

ABOUT = "print the line that lets somebody into a chat with --auth"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag password` takes; the password is asked for, never an argument."""
    parser.add_argument("name", help="the name to log in with")


def run(args: argparse.Namespace) -> int:
    """Ask for a password and print the line, which holds only its hash."""
    from getpass import getpass

    from ui.security.auth import entry

    given = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    sys.stdout.write(entry(args.name, given) + "\n")
    return 0
