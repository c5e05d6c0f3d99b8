"""Many people at once over loopback against a running chat: who is answered, how long it takes, what it costs.

Most ask, some leave before they are answered, some send nonsense. Each answer must be that of
its own question.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from eval import golden, metrics
from index.errors import RagError

_LEAVE, _NONSENSE = 0.15, 0.1  # shares of those who leave at once, and who send what is no question
_NO_QUESTIONS: Sequence[Any] = ("", " ", "\0", "x" * 5_000, "?" * 300, "<script>alert(1)</script>")


@contextmanager
def chat(*options: str) -> Iterator[tuple[str, int]]:
    """A chat in a process of its own: its address and process id.

    Raises:
        RagError: it ended before it answered.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "rag.cli", "chat", *options, "--port", str(port)]
    url = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryFile("w+") as said:
        server = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, cwd=Path(__file__).parent.parent)
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(url, timeout=2).close()
                    break
                except OSError:
                    if server.poll() is not None:
                        said.seek(0)
                        raise RagError(f"The chat ended: {said.read()[-500:]}", "Run `rag doctor`.") from None
                    time.sleep(0.5)
            yield url, server.pid
        finally:
            server.terminate()
            server.wait(20)


def load(url: str, pid: int, people: int, seconds: float) -> dict[str, Any]:
    """So many people ask at once, each again as soon as they are answered, for so long."""
    questions = [q.question for q in golden.load(golden.DEFAULT) if q.collection == "seeds" and not q.history]
    counts: Counter[str] = Counter()
    waits: list[float] = []
    answers: dict[str, str] = {}  # the same question has the same answer, whoever asks
    _person(url, questions, random.Random(0), time.monotonic(), counts, waits, answers)  # the models are loaded
    counts.clear()
    waits.clear()
    before = _memory(pid)
    end = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_person, args=(url, questions, random.Random(n), end, counts, waits, answers))
        for n in range(people)
    ]
    for thread in threads:
        thread.start()
    halfway = 0.0
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)
            if not halfway and time.monotonic() > end - seconds / 2:
                halfway = _memory(pid)
    took = seconds + max(0.0, time.monotonic() - end)
    return {
        "people": people,
        "seconds": round(took),
        **{
            name: counts[name]
            for name in (
                "answered",
                "refused to answer",
                "left",
                "nonsense refused",
                "nonsense answered",
                "wrong answer",
                "lost",
            )
        },
        "answers a minute": round(60 * counts["answered"] / took, 1),
        "wait s, median": round(median(waits), 1) if waits else "",
        "p95": round(metrics.percentile(waits, 0.95), 1) if waits else "",
        "longest": round(max(waits), 1) if waits else "",
        "longest / median": round(max(waits) / median(waits), 2) if waits else "",
        "memory MB, before": round(before),
        "half-way": round(halfway),
        "after": round(after := _memory(pid)),
        "growth after half-way": f"{after / halfway - 1:.1%}" if halfway else "",
    }


def _person(
    url: str,
    questions: Sequence[str],
    rng: random.Random,
    end: float,
    counts: Counter[str],
    waits: list[float],
    answers: dict[str, str],
) -> None:
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    try:
        client = Client(url, verbose=False, analytics_enabled=False)
    except Exception as error:  # noqa: BLE001 - who cannot even enter is counted
        counts["lost"] += 1
        print(f"lost: {error!r}", file=sys.stderr)
        return
    while True:
        kind = rng.random()
        nonsense, leaves = kind < _NONSENSE, _NONSENSE <= kind < _NONSENSE + _LEAVE
        question = rng.choice(_NO_QUESTIONS) if nonsense else rng.choice(questions)
        started = time.monotonic()
        try:
            job = client.submit(question, api_name="/ask")
            if leaves:
                time.sleep(rng.random())
                job.cancel()
                counts["left"] += 1
            else:
                answer = job.result(timeout=600)
                asked = " ".join(str(question).replace("\0", " ").split())
                if answer["question"] != asked or (
                    not nonsense and answers.setdefault(asked, answer["text"]) != answer["text"]
                ):
                    counts["wrong answer"] += 1
                elif nonsense:
                    counts["nonsense answered"] += 1
                else:
                    counts["answered"] += 1
                    counts["refused to answer"] += bool(answer["abstained"])
                    waits.append(time.monotonic() - started)
        except AppError:
            counts["nonsense refused" if nonsense else "lost"] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted as lost, and told
            counts["lost"] += 1
            waits.append(time.monotonic() - started)
            print(f"lost: {error!r}", file=sys.stderr)
        if time.monotonic() >= end:
            return


def _memory(pid: int) -> float:
    """The memory of a process and of those it started, in MB, as Linux tells it; 0 elsewhere."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0.0
    own = next(int(line.split()[1]) / 1000 for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    children = [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return own + sum(_memory(int(child)) for child in children)
