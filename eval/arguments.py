"""The arguments of `rag eval`, checked: the model, the data, how many questions, the limits of a figure."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from eval.run import RATES
from index.errors import InputError
from rag.commands.common import check_model_options, existing_index
from rag.config import NO_MODEL, Caution, Config
from rag.engine.base import LanguageModel
from rag.engine.opening import open_model
from rag.engine.remote import RemoteModel

Item = TypeVar("Item")


def settings(args: argparse.Namespace) -> Config:
    """The settings that the arguments ask for."""
    check_model_options(args)
    caution: Caution = getattr(args, "caution", "normal")
    return Config(model=args.model, llm_url=args.llm_url, gpu_layers=args.gpu_layers, caution=caution)


def language_model(args: argparse.Namespace) -> LanguageModel | None:
    """The language model that the arguments name, or None."""
    if args.model == NO_MODEL:
        return None
    if args.llm_url:
        return RemoteModel(args.llm_url, args.model)
    return open_model(args.model, gpu_layers=args.gpu_layers)


def folder(text: str | None) -> Path | None:
    """The path that is named, or None."""
    return Path(text).expanduser() if text else None


def index(args: argparse.Namespace) -> Path | None:
    """The folder of the index that is named, or None.

    Raises:
        InputError, IndexMissing: two are named, or it does not exist.
    """
    return existing_index(args) if args.index or args.collection else None


def data(args: argparse.Namespace) -> Path:
    """The folder or file of a suite's data.

    Raises:
        InputError: none is named, or it does not exist.
    """
    path = folder(args.data)
    if path is None:
        raise InputError(f"--suite {args.suite} needs its data.", "Add --data PATH.")
    if not path.exists():
        raise InputError(f"There is nothing at {path}.", "Check --data.")
    return path


def check_counts(args: argparse.Namespace, *names: str) -> None:
    """Check that every count that is given is at least 1.

    Raises:
        InputError: one is not.
    """
    for name in names:
        count = getattr(args, name)
        if count is not None and count < 1:
            raise InputError(f"--{name} is {count}.", "Give a number from 1.")


def chosen(items: Sequence[Item], args: argparse.Namespace) -> list[Item]:
    """The first `--limit` items, and of those `--sample`, spread evenly from the first on."""
    first = list(items[: args.limit])
    if args.sample is None or args.sample >= len(first):
        return first
    return [first[n * len(first) // args.sample] for n in range(args.sample)]


def limits(text: str | None, option: str) -> dict[str, float]:
    """`correctness=0.9,refusal_recall=1.0` as a mapping.

    Raises:
        InputError: an unknown figure, or no number.
    """
    found: dict[str, float] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, _, value = part.strip().partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise InputError(f"{option} has {part!r}.", "Write it as correctness=0.9,refusal_recall=1.0.") from None
        if name not in RATES:
            raise InputError(f"{option} names {name!r}.", f"Known: {', '.join(RATES)}.")
    return found
