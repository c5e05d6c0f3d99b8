"""`rag eval`: see `eval.cli`."""

from __future__ import annotations

import argparse

from eval.options import add_eval_actions as options

__all__ = ["ABOUT", "DEFAULT_ACTION", "options", "run"]

ABOUT = "measure answers against golden questions"
DEFAULT_ACTION = "run"


def run(args: argparse.Namespace) -> int:
    """Do one of the actions."""
    from eval.cli import main

    return main(args)
