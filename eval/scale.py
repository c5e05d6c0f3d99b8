"""What an index of N made-up chunks costs: to build, to keep, to search, to change.

Vectors are mixtures of real chunks' vectors with some noise, so that neighbours are as unevenly spread as in news; a
grammar writes the texts, with words as unevenly used.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from eval import metrics
from index import additions
from index.embedder import Embedder, Progress
from index.late_interaction import Tokens, tokens_of
from index.search import search
from index.store.database import matrix
from index.store.sqlite import Store
from index.store.writer import write
from index.types import Article

_MIXED = 3  # real vectors mixed in one
_NOISE = 0.5  # length of the noise beside that of the mixture
CHUNKS = 10  # an article
_QUERIES = 200
_NEAR = 0.6  # length of the noise that makes a query of a chunk's vector


class Mixed:
    """An embedder of made-up vectors: the same text has the same vector, and no model is asked."""

    name = "mixed"

    def __init__(self, real: np.ndarray) -> None:
        self._real = real
        self.asked: dict[str, np.ndarray] = {}

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return int(self._real.shape[1])

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Float32 vectors of shape (len(texts), dim), each of length 1."""
        made = np.empty((len(texts), self.dim), np.float32)
        for n, text in enumerate(texts):
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
            rng = np.random.default_rng(seed)
            mixture = rng.dirichlet(np.ones(_MIXED)) @ self._real[rng.integers(len(self._real), size=_MIXED)]
            made[n] = _unit(_unit(mixture) + _NOISE * _unit(rng.standard_normal(self.dim)))
        return made

    def query(self, text: str) -> np.ndarray:
        """The vector that was set for a query."""
        return self.asked[text]

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """One token a text."""
        return [tokens_of(np.zeros(1, int), vector[None]) for vector in self.passages(texts)]


def made_up(count: int) -> Iterator[Article]:
    """Articles of about `count` chunks in all, over ten years, from a grammar."""
    rng = np.random.default_rng(7)
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    syllables = rng.integers(0, [len(consonants), len(vowels)] * 3, size=(40_000, 6)).reshape(-1, 3, 2).tolist()
    names = ["".join(consonants[c] + vowels[v] for c, v in name) for name in syllables]
    acts = "said told wrote warned denied promised opened closed sold bought visited left praised blamed sent moved".split()
    things = "talks bridge harbour budget school factory election storm ferry strike vote road museum loan match fire".split()
    for n in range(max(1, count // CHUNKS)):
        # Zipf: few names are in the news every day, most hardly ever.
        who = [names[min(int(i), len(names)) - 1].title() for i in rng.zipf(1.2, size=CHUNKS * 12)]
        drawn = iter(rng.integers(0, 240, size=CHUNKS * 17).tolist())
        paragraphs = []
        for c in range(CHUNKS):
            w = iter(who[c * 12 : (c + 1) * 12])
            sentences = [
                f"{next(w)} {acts[next(drawn) % 16]} the {things[next(drawn) % 16]} of {next(w)} "
                f"and {acts[next(drawn) % 16]} {next(w)} on day {1 + next(drawn) % 30}."
                for _ in range(4)
            ]
            paragraphs.append(
                " ".join(sentences) + f" It was report {n * CHUNKS + c} of the {things[next(drawn) % 16]}."
            )
        day = date(2014, 1, 1) + timedelta(days=int(rng.integers(0, 3650)))
        yield Article(
            f"a{n}",
            f"{who[0]} and the {things[n % 16]}",
            f"Paper {n % 50}",
            day,
            "made up",
            None,
            (),
            "\n\n".join(paragraphs),
        )


def measure(count: int, folder: Path, real: np.ndarray, progress: Progress | None = None) -> dict[str, Any]:
    """Build an index of about `count` chunks in a folder and measure it.

    Returns:
        seconds to build, bytes on disk, and what `probe` measures in a process of its own.
    """
    embedder = Mixed(real)
    started = time.perf_counter()
    report = write(folder, list(made_up(count)), embedder, progress=progress)
    built = time.perf_counter() - started
    np.save(folder / "real.npy", real)
    done = subprocess.run(
        [sys.executable, "-m", "eval.scale", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file() and f.name != "real.npy")
    return {"chunks": report.chunks, "build_s": round(built, 1), "disk_mb": round(size / 1e6, 1), **found}


def probe(folder: Path) -> dict[str, Any]:
    """Open an index and search it, in this process: times in milliseconds, memory in MB."""
    embedder = Mixed(np.load(folder / "real.npy"))
    _drop_cache(folder)
    before = memory("VmRSS")
    started = time.perf_counter()
    store = Store(folder)
    opened = time.perf_counter() - started
    queries = _queries(store, embedder)
    _drop_cache(folder)
    cold = _search_times(store, embedder, queries[: _QUERIES // 2])
    warm = _search_times(store, embedder, queries[_QUERIES // 2 :])  # others, with what the first have brought in
    limited = _search_times(store, embedder, queries[: _QUERIES // 4], "Paper 7")
    peak = memory("VmHWM")
    recall = _recall(store, embedder, queries)
    text = next(itertools.islice(made_up(10), 1)).text + "\n\nNobody has written this before."
    started = time.perf_counter()
    additions.add_text(folder, text, embedder, title="New", source="Paper", published=date(2024, 1, 1))
    added = time.perf_counter() - started
    seen = time.perf_counter()
    search(store, embedder, next(iter(queries)), 10)
    seen = time.perf_counter() - seen
    started = time.perf_counter()
    additions.remove(folder, "new", embedder)
    deleted = time.perf_counter() - started
    return {
        "kind": store.meta["kind"],
        "open_ms": _ms(opened),
        "cold_p50": _ms(metrics.percentile(cold, 0.5)),
        "cold_p95": _ms(metrics.percentile(cold, 0.95)),
        "warm_p50": _ms(metrics.percentile(warm, 0.5)),
        "warm_p95": _ms(metrics.percentile(warm, 0.95)),
        "limited_p95": _ms(metrics.percentile(limited, 0.95)),
        "recall@10": round(recall, 3),
        "add_ms": _ms(added),
        "first_search_after_ms": _ms(seen),
        "delete_ms": _ms(deleted),
        "memory_mb": round(peak),
        "memory_before_mb": round(before),
    }


def _drop_cache(folder: Path) -> None:
    """Ask the system to drop the index's files from its page cache, as far as it obeys."""
    for path in folder.iterdir():
        if path.is_file() and hasattr(os, "posix_fadvise"):
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _queries(store: Store, embedder: Mixed) -> list[str]:
    """Queries of a few words of a chunk, with vectors near that chunk's."""
    rng = np.random.default_rng(11)
    with store.snapshot() as db:
        last = db.execute("SELECT max(row) FROM chunks").fetchone()[0]
        while len(embedder.asked) < _QUERIES:
            row = int(rng.integers(1, last + 1))
            vector = np.frombuffer(
                db.execute(
                    "SELECT vector FROM vectors WHERE hash = (SELECT hash FROM chunks WHERE row = ?)", (row,)
                ).fetchone()[0],
                np.float32,
            )
            words = store.chunk(row).text.split()
            at = int(rng.integers(0, len(words) - 8))
            text = f"what did {' '.join(words[at : at + 8])}"
            embedder.asked[text] = _unit(vector + _NEAR * _unit(rng.standard_normal(len(vector)))).astype(np.float32)
    return list(embedder.asked)


def _search_times(store: Store, embedder: Embedder, queries: Sequence[str], source: str | None = None) -> list[float]:
    taken = []
    for query in queries:
        started = time.perf_counter()
        search(store, embedder, query, 10, source=source)
        taken.append(time.perf_counter() - started)
    return taken


def _recall(store: Store, embedder: Mixed, queries: Sequence[str], k: int = 10) -> float:
    """Share of the k nearest vectors, by comparing all, that the index finds."""
    asked = np.stack([embedder.asked[q] for q in queries])
    best = np.full((len(queries), k), -2.0, np.float32)
    rows = np.zeros((len(queries), k), np.int64)
    with store.snapshot() as db:
        cursor = db.execute("SELECT c.row, v.vector FROM chunks c JOIN vectors v ON v.hash = c.hash")
        while found := cursor.fetchmany(20_000):
            scores = np.concatenate([best, asked @ matrix([v for _, v in found], embedder.dim).T], axis=1)
            ids = np.concatenate(
                [rows, np.tile(np.asarray([r for r, _ in found], np.int64), (len(queries), 1))], axis=1
            )
            top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            best, rows = np.take_along_axis(scores, top, 1), np.take_along_axis(ids, top, 1)
        hits = [
            len({r for r, _ in store.nearest(v, k)} & set(map(int, row))) for v, row in zip(asked, rows, strict=True)
        ]
    return sum(hits) / (k * len(queries))


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector))


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def memory(what: str) -> float:
    """This process's memory in MB, as Linux reports it; 0 elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return next(int(line.split()[1]) / 1000 for line in status.read_text().splitlines() if line.startswith(what + ":"))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe(Path(sys.argv[1]))) + "\n")
