"""`rag setup`: all that `rag` needs beyond its Python packages: the models, and an engine that runs on this CPU."""

from __future__ import annotations

import argparse

from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, NO_MODEL
from rag.terminal import GOOD, STRONG, say

ABOUT = "fetch the models and build the engine that runs them; running it again checks that everything is there"


def options(parser: argparse.ArgumentParser) -> None:
    """Add what `rag setup` takes."""
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"the language model, a name from `rag models` (default: {DEFAULT_MODEL}); `{NO_MODEL}`: no model, no engine",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Fetch and verify the models, install the engine, and have it write a few tokens in a process of its own."""
    from rag import embedders, models
    from rag.commands.models import fetch
    from rag.doctor import try_engine
    from rag.engine import install

    wanted = [DEFAULT_EMBEDDER] + ([args.model] if args.model != NO_MODEL else [])
    fetch([name for name in wanted if name in models.registry()])
    if embedders.load(DEFAULT_EMBEDDER).prepare():
        say((DEFAULT_EMBEDDER, STRONG), ": prepared for a quick start.")
    if args.model == NO_MODEL:
        say(("Ready", GOOD), ", without a language model: `rag ask --model none` quotes the best supporting sentences.")
        return 0
    # The models come first: an engine that loads may still crash at its first prompt, so a build counts
    # only once it has read and written with the model.
    model = models.locate(args.model, "llm")
    found = install.install(lambda: try_engine(model), say)
    say((install.ENGINE, STRONG), f" {install.VERSION}: {found}.")
    say(("Ready", GOOD), ": the models and the engine are here and work. Next: `rag chat FOLDER`, or `rag chat`.")
    return 0
