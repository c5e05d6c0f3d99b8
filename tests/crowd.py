"""One process of the crowd of `test_concurrency.py`: `python tests/crowd.py read|write INDEX SECONDS SEED`; prints JSON."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from eval.scale import Mixed
from index.errors import IndexBusy, RagError
from index.search import search
from index.store.sqlite import Store
from index.store.writer import write
from index.types import Article
from rag.assistant import Rag
from rag.config import Config

ARTICLES = 24
QUESTION = "Who opened the harbour?"


def embedder() -> Mixed:
    """Made-up vectors, the same in every process and near to each other: what is tried here is the index."""
    made = Mixed(np.full((1, 64), 0.125, np.float32))
    made.asked[QUESTION] = np.full(64, 0.125, np.float32)
    return made


def articles(version: int) -> list[Article]:
    """All articles of one version, and one or two more in some."""
    return [
        Article(f"a{n:02}", "Harbour", "Paper", date(2024, 3, 1), "", None, (),
                f"The mayor opened the harbour number {n} in version {version} of the plan.")
        for n in range(ARTICLES + version % 3)
    ]  # fmt: skip


def version(text: str) -> int:
    """The version that a text is of."""
    return int(text.split("version ")[1].split()[0])


def read(index: Path, end: float) -> Counter[str]:
    """Read and ask until the end; everything that one look shows must be of one version."""
    asked, done = embedder(), Counter[str]()
    store = Store(index, asked)
    rag = Rag(store, asked, None, Config())
    seen = 0
    while time.monotonic() < end:
        with store.snapshot():
            there = store.articles()
            hits = search(store, asked, QUESTION, 10)
            versions = {version(a.text) for a in there} | {version(h.chunk.text) for h in hits}
        assert len(versions) == 1, f"mixed: {versions}"
        now = versions.pop()
        assert len(there) == ARTICLES + now % 3, f"{len(there)} articles in version {now}"
        assert now >= seen, f"back from {seen} to {now}"
        done["states"] += now != seen
        seen = now
        answer = rag.answer(QUESTION)
        assert not answer.abstained, answer.text
        assert len({version(c.quote) for c in answer.citations}) == 1, answer.text
        done["reads"] += 1
    return done


def change(index: Path, end: float, rng: random.Random) -> Counter[str]:
    """Write the next version again and again; wait where another writes."""
    asked, done = embedder(), Counter[str]()
    while time.monotonic() < end:
        try:
            # Which is next is settled while nobody else writes.
            from index.store.writer import writing

            with writing(index):
                store = Store(index, asked, vectors=False)
                now = version(store.articles()[0].text)
                store.close()
                write(index, articles(now + 1), asked)
            done["writes"] += 1
        except IndexBusy:
            done["busy"] += 1
        time.sleep(rng.uniform(0, 0.05))
    return done


def main() -> None:
    """Play one part."""
    part, index, seconds, seed = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    end = time.monotonic() + seconds
    try:
        done = read(index, end) if part == "read" else change(index, end, random.Random(seed))
    except (AssertionError, RagError) as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        return
    print(json.dumps(done))


if __name__ == "__main__":
    main()
