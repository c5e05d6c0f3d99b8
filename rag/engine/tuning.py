"""Which thread and batch settings are fastest for a model on this machine; measured once and remembered."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rag.config import data_home

FILE = "tuned.json"
_ROUNDS = 3
_PASSAGE = "The mayor of the harbour town said on Tuesday that the ferry would sail again by the end of the week. " * 5


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
    """What is used where nothing was measured: every core."""
    cores = os.cpu_count() or 1
    return Tuning(cores, cores)


def remembered(model: str) -> Tuning:
    """What was measured for a model on a machine of as many cores; the usual settings where nothing was."""
    try:
        kept = json.loads((data_home() / FILE).read_text("utf-8"))[_key(model)]
        return Tuning(int(kept["reading"]), int(kept["writing"]), int(kept["batch"]))
    except (OSError, ValueError, KeyError, TypeError):
        return usual()


def tune(path: Path, name: str, say: Callable[[str], None] = lambda line: None, gpu_layers: int = -1) -> Tuning:
    """Measure, remember and return the fastest settings for a model.

    Each setting is tried in a context of its own; medians of three rounds. It takes about a
    minute with the default model on two cores.
    """
    cores = os.cpu_count() or 1
    counts = sorted({1, max(1, cores // 2), cores, max(1, cores - 1)})

    def best(options: Iterable[Tuning], kind: int, unit: str) -> Tuning:
        speeds = {}
        for option in dict.fromkeys(options):
            speeds[option] = _speed(path, name, option, gpu_layers)[kind]
            say(f"{asdict(option)}: {speeds[option]:.1f} {unit} tokens a second")
        return max(speeds, key=lambda option: speeds[option])

    read = best((Tuning(n, cores) for n in counts), 0, "read")
    batch = best((Tuning(read.reading, cores, size) for size in (128, 256, 512)), 0, "read")
    chosen = best((Tuning(read.reading, n, batch.batch) for n in counts), 1, "written")
    file = data_home() / FILE
    try:
        kept = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        kept = {}
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps({**kept, _key(name): asdict(chosen)}, indent=1), "utf-8")
    part.replace(file)
    return chosen


def _key(model: str) -> str:
    return f"{model} on {os.cpu_count()} cores"


def _speed(path: Path, name: str, tuning: Tuning, gpu_layers: int) -> tuple[float, float]:
    """Tokens read and tokens written a second."""
    from rag.engine.local import LocalModel

    model = LocalModel(path, name, context=2048, gpu_layers=gpu_layers, tuning=tuning)
    reading, writing = [], []
    for n in range(_ROUNDS):
        prompts = [model.chat("You check passages.", f"{n} {i} {_PASSAGE}", "Is it about a ferry?") for i in range(4)]
        before, started = model.usage.prompt, time.perf_counter()
        model.score(prompts)
        reading.append((model.usage.prompt - before) / (time.perf_counter() - started))
        pieces = model.write(model.chat("You are helpful.", "", f"Count from {n} upwards in words."), 20, draft=0)
        next(pieces)
        started = time.perf_counter()
        writing.append(sum(1 for _ in pieces) / (time.perf_counter() - started))
    model.close()
    return median(reading), median(writing)
