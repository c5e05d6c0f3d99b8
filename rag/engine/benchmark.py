"""Which thread and batch settings are fastest for a model on this machine: tried one by one, then remembered."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from statistics import median

from rag.engine.local import LocalModel
from rag.engine.tuning import Tuning, remember

_ROUNDS = 3
_PASSAGE = "The mayor of the harbour town said on Tuesday that the ferry would sail again by the end of the week. " * 5


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
    remember(name, chosen)
    return chosen


def _speed(path: Path, name: str, tuning: Tuning, gpu_layers: int) -> tuple[float, float]:
    """Tokens read and tokens written a second."""
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
