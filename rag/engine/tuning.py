"""The thread and batch settings of a model on this machine, as `rag.engine.benchmark` measured them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from rag.config import data_home

FILE = "tuned.json"


@dataclass(frozen=True)
class Tuning:
    """Settings of the engine.

    Attributes:
        reading, writing: threads.
        batch: tokens that are computed together.
    """

    reading: int
    writing: int
    batch: int = 512


def usual() -> Tuning:
    """The settings used if nothing was measured: every core."""
    cores = os.cpu_count() or 1
    return Tuning(cores, cores)


def remembered(model: str) -> Tuning:
    """What was measured for a model with this number of cores; the usual settings if nothing was."""
    try:
        kept = json.loads((data_home() / FILE).read_text("utf-8"))[_key(model)]
        return Tuning(int(kept["reading"]), int(kept["writing"]), int(kept["batch"]))
    except (OSError, ValueError, KeyError, TypeError):
        return usual()


def remember(model: str, chosen: Tuning) -> None:
    """Store what was measured for a model; `remembered` returns it later."""
    file = data_home() / FILE
    try:
        kept = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        kept = {}
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps({**kept, _key(model): asdict(chosen)}, indent=1), "utf-8")
    part.replace(file)


def _key(model: str) -> str:
    return f"{model} on {os.cpu_count()} cores"
