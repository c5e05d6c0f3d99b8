"""`rag bench`: what answers, indexing and growth cost. Commands, because tests should not be timed."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import Any

from eval import arguments, formats, golden, metrics
from eval import serve as people
from eval.chart import svg, table
from eval.machine import machine, versions
from index.build import clean_all
from index.embedder import SentenceTransformerEmbedder
from index.errors import InputError, RagError
from index.reading.files import read_folders
from index.store.sqlite import Store
from index.store.writer import write
from rag import embedders, models, prompt
from rag.assistant import Rag
from rag.config import DEFAULT_EMBEDDER, NO_MODEL, Config, seeds
from rag.engine.local import LocalModel
from rag.engine.tuning import remembered
from rag.prefetch import read_ahead
from rag.progress import bar

Row = dict[str, Any]
_RUNS = 3  # of `rag ask` as a program
# What waits for a process is told the memory of whoever started it, too, if that was more: so it says itself what it took.
_PROGRAM = """
import sys
from rag.cli import main
code = main(sys.argv[1:])
from eval.scale import memory
print(f"{memory('VmHWM'):.0f}")
sys.exit(code)
"""


def main(args: argparse.Namespace) -> int:
    """Run one benchmark; print its table and keep its figures where --out says.

    Raises:
        InputError: a number that nothing can be measured with.
    """
    for name in ("sample", "runs", "articles", "people", "minutes"):
        if getattr(args, name, 1) <= 0:
            raise InputError(f"--{name} is {getattr(args, name)}.", "Give a number above 0.")
    rows = {"answer": answer, "index": index, "scale": scale, "serve": serve}[args.what](args)
    facts = {"date": date.today().isoformat(), "machine": machine(), "versions": versions()}
    if "model" in args:
        facts["model"] = args.model
    same = groupby(rows, key=tuple)  # rows with the same columns make a table
    sys.stdout.write("\n\n".join(table(list(those)) for _, those in same) + "\n")
    sys.stdout.write(", ".join(f"{k} {v}" for k, v in facts.items()) + "\n")
    if args.out:
        Path(args.out).write_text(json.dumps({"facts": facts, "rows": rows}, indent=2) + "\n", "utf-8")
    return 0 if args.what != "serve" or all(map(people.held, rows)) else 1


def answer(args: argparse.Namespace) -> list[Row]:
    """Ask golden questions with nothing read before and, over the seeds, with everything read ahead, and without one lever each.

    For comparison the bare engine (`llama_cpp.Llama`, same file, same threads) runs right after each answer, so that
    both meet the same load: for the first word it reads as many tokens as were read before the answer's first word, for
    the whole answer as many as were read and written in all. Then `rag ask` itself, as a program.

    Raises:
        InputError: no language model, or a golden set without an index or the other way round.
    """
    if args.model == NO_MODEL:
        raise InputError("rag bench answer times a language model.", "Name one with --model.")
    if bool(args.golden) != bool(args.index or args.collection):
        raise InputError("--golden and an index go together.", "Name both, or neither to ask about the examples.")
    path = models.locate_known(args.model)
    asked = golden.load(Path(args.golden) if args.golden else golden.DEFAULT)
    of_its_own = [q for q in asked if not q.history and (args.golden or q.collection == "seeds")]
    questions = golden.sample(of_its_own, args.sample)
    with tempfile.TemporaryDirectory() as folder:
        index = arguments.index(args)
        if index is None:
            index = Path(folder) / "index"
            write(index, clean_all(read_folders([seeds()])[0])[0], _embedder())
        cache = None if args.golden else Path(folder) / "cache"
        return [*_levers(args, path, index, questions, cache), _program(questions[0].question, index, args.model)]


def _levers(
    args: argparse.Namespace, path: Path, index: Path, questions: Sequence[golden.GoldenQuestion], cache: Path | None
) -> list[Row]:
    """What each way of asking takes; reading ahead where there is a folder for what was read."""
    bare = _Bare(path, args.model, args.gpu_layers)
    embedder = embedders.for_index(index)
    store = Store(index, embedder)
    prefetched = dict[str, tuple[LocalModel, Config]]()
    if cache:
        read = LocalModel(path, args.model, gpu_layers=args.gpu_layers, cache=cache)
        reading = time.perf_counter()
        kept = sum(read_ahead(Rag(store, embedder, read, Config())))
        sys.stdout.write(f"{kept} passages read ahead in {time.perf_counter() - reading:.0f} s\n")
        unaided = LocalModel(path, args.model, gpu_layers=args.gpu_layers, cache=cache, lookahead=0)
        prefetched = {
            "read ahead": (read, Config()),
            "the same, always eight read": (read, Config(stop_early=False)),
            "the same, no words guessed ahead": (unaided, Config()),
        }
    measured: list[dict[str, Row]] = []
    with bar("asking") as tick:
        for n, question in enumerate(questions, 1):
            fresh = LocalModel(path, args.model, gpu_layers=args.gpu_layers)
            row = {"new": _asked(Rag(store, embedder, fresh, Config()), question)}
            fresh.close()
            for name, (llm, config) in prefetched.items():
                row[name] = _asked(Rag(store, embedder, llm, config), question)
            first = bare.takes(max(row["new"]["read first"], 1), 1)
            whole = bare.takes(max(row["new"]["read"], 1), max(row["new"]["written"], 1))
            row["bare engine"] = whole | {"first": first["first"]}
            measured.append(row)
            tick(n, len(questions))
    store.close()
    for llm, _ in prefetched.values():
        llm.close()
    bares = [row["bare engine"] for row in measured]
    return [_summary(name, [row[name] for row in measured], bares) for name in ("new", *prefetched, "bare engine")]


def _program(question: str, index: Path, model: str) -> Row:
    """`rag ask` as a process of its own: how long before it begins to answer, and the most memory that it takes."""
    asks = ["ask", question, "--json", "--index", str(index), "--model", model]
    starts, peaks = list[float](), list[float]()
    for _ in range(_RUNS):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", _PROGRAM, *asks], stdout=subprocess.PIPE, text=True, check=False)
        whole = time.perf_counter() - began
        if done.returncode:
            raise RagError(f"`rag ask` ended with {done.returncode}.", "Run it yourself to see why.")
        answered, _, peak = done.stdout.rstrip().rpartition("\n")
        starts.append(whole - json.loads(answered)["timings"]["total"])
        peaks.append(float(peak))
    return {"program": "rag ask", "runs": _RUNS, "start s": round(median(starts), 2), "memory MB": round(max(peaks))}


class _Bare:
    """The engine as llama-cpp-python's own `Llama` runs it."""

    def __init__(self, path: Path, name: str, gpu_layers: int = -1) -> None:
        import llama_cpp

        tuned = remembered(name)
        self._llm = llama_cpp.Llama(
            str(path), n_ctx=4096, n_batch=1024, n_ubatch=tuned.batch, n_threads=tuned.writing,
            n_threads_batch=tuned.reading, n_gpu_layers=gpu_layers, verbose=False,
        )  # fmt: skip
        text = " ".join(p.read_text("utf-8") for p in sorted(seeds().glob("*.txt")))
        self._tokens = self._llm.tokenize(text.encode())

    def takes(self, read: int, write: int) -> Row:
        """Seconds to the first token and to the last, with nothing cached."""
        self._llm.reset()
        tokens = (self._tokens * (1 + read // len(self._tokens)))[:read]
        started = time.perf_counter()
        first = 0.0
        for n, _ in enumerate(self._llm.generate(tokens, temp=0.0, reset=True), 1):
            first = first or time.perf_counter() - started
            if n >= write:
                break
        whole = time.perf_counter() - started
        return {"first": first, "whole": whole, "read": read, "written": write, "other": 0.0}


def _asked(rag: Rag, question: golden.GoldenQuestion) -> Row:
    assert rag.llm is not None
    usage = rag.llm.usage
    before, started = (usage.prompt, usage.generated, usage.seconds), time.perf_counter()
    first, read_first = 0.0, 0
    for event in rag.stream(question.question, as_of=question.as_of):
        # The first word that the model writes; a person sees none before it is checked.
        if (event.text == prompt.WRITING or event.answer) and not first:
            first, read_first = time.perf_counter() - started, usage.prompt - before[0]
    whole = time.perf_counter() - started
    return {
        "first": first,
        "whole": whole,
        "read first": read_first,
        "read": usage.prompt - before[0],
        "written": usage.generated - before[1],
        "other": max(0.0, whole - (usage.seconds - before[2])) / whole,
    }


def _summary(name: str, rows: Sequence[Row], bare: Sequence[Row]) -> Row:
    def middle(key: str, of: Sequence[Row] = rows) -> float:
        return median(float(row[key]) for row in of)

    return {
        "passages": name,
        "questions": len(rows),
        "first word s": round(middle("first"), 2),
        "p95": round(metrics.percentile([row["first"] for row in rows], 0.95), 2),
        "answer s": round(middle("whole"), 2),
        "p95 ": round(metrics.percentile([row["whole"] for row in rows], 0.95), 2),
        "tokens read": round(middle("read")),
        "p95  ": round(metrics.percentile([row["read"] for row in rows], 0.95)),
        "written": round(middle("written")),
        "first / bare": round(median(a["first"] / b["first"] for a, b in zip(rows, bare, strict=True)), 2),
        "answer / bare": round(median(a["whole"] / b["whole"] for a, b in zip(rows, bare, strict=True)), 2),
        "outside the engine": f"{middle('other'):.1%}",
    }


def index(args: argparse.Namespace) -> list[Row]:
    """Index a folder from nothing, several times: each stage's share. Then what reading costs in each format."""
    folder = Path(args.folder) if args.folder else seeds()
    runs: list[Row] = []
    for _ in range(args.runs):
        embedder = _embedder()  # a new one: it remembers what it has embedded
        embedder.query("loaded before the clock starts")
        with tempfile.TemporaryDirectory() as target:
            clock = [time.perf_counter()]
            raws, _ = read_folders([folder])
            clock.append(time.perf_counter())
            articles, _ = clean_all(raws)
            clock.append(time.perf_counter())
            report = write(Path(target), articles, embedder)
            clock.append(time.perf_counter())
        took = [b - a for a, b in pairwise(clock)]
        runs.append({"articles": report.articles, "chunks": report.chunks, "took": took})
    row: Row = {"articles": runs[0]["articles"], "chunks": runs[0]["chunks"], "runs": len(runs)}
    for n, name in enumerate(("read s", "clean s", "chunk, embed, write s")):
        times = [r["took"][n] for r in runs]
        row[name] = f"{median(times):.2f} ({min(times):.2f} to {max(times):.2f})"
    row["chunks a second"] = round(median(r["chunks"] / r["took"][-1] for r in runs), 1)
    with tempfile.TemporaryDirectory() as target, bar("formats") as tick:
        return [row, *formats.measure(args.articles, Path(target), args.runs, tick)]


def _embedder() -> SentenceTransformerEmbedder:
    return embedders.load(DEFAULT_EMBEDDER)


def scale(args: argparse.Namespace) -> list[Row]:
    """Indexes of made-up chunks, see `eval.scale`."""
    from eval import scale as made_up
    from index.text.chunks import chunk

    embedder = _embedder()
    real = embedder.passages([c.text for a in clean_all(read_folders([seeds()])[0])[0] for c in chunk(a)])
    rows = []
    for count in args.chunks or [1_000, 10_000, 100_000]:
        if count < 100:
            raise InputError(f"--chunks is {count}.", "Give a number from 100.")
        with tempfile.TemporaryDirectory(dir=args.folder) as folder, bar(f"{count:,} chunks") as tick:
            rows.append(made_up.measure(count, Path(folder), real, tick))
    if args.chart:
        lines = {"warm_p50": "search p50, ms", "warm_p95": "search p95, ms", "add_ms": "add an article, ms"}
        lines |= {"memory_mb": "memory, MB"}
        Path(args.chart).write_text(svg(rows, "chunks", lines, "Hybrid search on two cores"), "utf-8")
    return rows


def serve(args: argparse.Namespace) -> list[Row]:
    """Many people at once against a chat of its own, see `eval.serve`."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "index", clean_all(read_folders([seeds()])[0])[0], _embedder())
        options = ["--index", str(Path(folder) / "index"), "--model", args.model, "--gpu-layers", str(args.gpu_layers)]
        with people.chat(*options) as (url, pid):
            return [people.load(url, pid, args.people, 60 * args.minutes)]
