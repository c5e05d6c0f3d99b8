"""Whether everything works here: one line a check. The engine is tried in its own process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from index.errors import RagError
from index.store.repair import examine
from index.store.sqlite import Store
from rag import embedders, models
from rag.config import NO_MODEL, data_home

_DECODE = """
import sys
from pathlib import Path
from rag.engine.local import LocalModel
gpu_layers = int(sys.argv[2])
m = LocalModel(Path(sys.argv[1]), context=512, gpu_layers=gpu_layers)
print("".join(m.write(m.chat("You are helpful.", "Say the word blue.\\n", "Then stop."), 4)) or "(nothing)")
import llama_cpp
print("GPU" if gpu_layers and llama_cpp.llama_supports_gpu_offload() else "CPU")
"""


def run(model: str, index: Path, gpu_layers: int = -1) -> Iterator[tuple[str, bool, str]]:
    """Yield (check, whether it passed, what was found or what to do)."""
    yield "Python", sys.version_info >= (3, 11), sys.version.split()[0]
    for package in ("sentence-transformers", "faiss-cpu", "llama-cpp-python", "gradio"):
        try:
            yield package, True, version(package)
        except PackageNotFoundError:
            yield package, False, "not installed; run `rag setup`"
    yield "data folder", True, str(data_home())
    for name, kind in ((embedders.name_for(index), "embedder"), (model, "llm")):
        if name == NO_MODEL:
            continue
        try:
            yield name, True, str(models.locate(name, kind))
        except RagError as error:
            yield name, False, str(error)
    if model != NO_MODEL:
        yield from engine(model, gpu_layers)
    try:
        if wrong := examine(index):
            yield "index", False, " ".join(wrong)
        else:
            meta = Store(index, vectors=False).meta
            yield "index", True, f"{meta['articles']} articles, {meta['chunks']} chunks in {index}, all as written"
    except RagError as error:
        yield "index", False, str(error)


def engine(model: str, gpu_layers: int = -1) -> Iterator[tuple[str, bool, str]]:
    """The check of the engine alone: does it read and write with this model?"""
    try:
        yield ("engine", *try_engine(models.locate(model, "llm"), gpu_layers=gpu_layers))
    except RagError as error:
        yield "engine", False, str(error)


def speed(name: str, gpu_layers: int = -1) -> tuple[float, float]:
    """Tokens read and tokens written a second by a model here: medians of three runs.

    Written without drafting ahead, so that it is the model's own speed; reading 256 tokens.
    """
    from statistics import median

    from rag.engine import local

    model = local.LocalModel(models.locate_known(name), name, context=1024, gpu_layers=gpu_layers)
    reading, writing = [], []
    for n in range(3):
        prompt = model.chat("You are helpful.", "", f"Run {n}. " + "The quick brown fox jumps over the lazy dog. " * 25)
        before = model.usage.prompt
        started = time.perf_counter()
        model.score([prompt])
        reading.append((model.usage.prompt - before) / (time.perf_counter() - started))
        started, count = time.perf_counter(), 0
        for _ in model.write(model.chat("You are helpful.", "", f"Count from {n} upwards in words."), 24, draft=0):
            count, started = count + 1, started if count else time.perf_counter()
        writing.append((count - 1) / (time.perf_counter() - started))
    model.close()
    return median(reading), median(writing)


def try_engine(path: Path, seconds: int = 120, gpu_layers: int = -1) -> tuple[bool, str]:
    """Read and write a few tokens in a process of its own, so that a crash is a sentence."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _DECODE, str(path.absolute()), str(gpu_layers)],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            cwd=Path(__file__).parent.parent,
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {seconds} s; the machine may be too slow or out of memory"
    if done.returncode < 0:
        return False, (
            f"the engine died with signal {-done.returncode} while reading a prompt: this build does not suit this CPU. "
            "Install clang (Debian: apt-get install clang libomp-dev), then run `rag setup`."
        )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        return False, lines[-1] if lines else f"exit code {done.returncode}"
    lines = done.stdout.split()
    return True, f"reads and writes, on {lines[-1] if lines else '?'}"
