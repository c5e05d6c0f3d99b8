"""Many people at once over loopback against a running chat: who is answered, how long it takes, what it costs.

Most ask, some leave before they are answered, some send nonsense. Each answer must be that of
its own question.
"""

from __future__ import annotations

import json
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

import httpx

from eval import golden, metrics
from index.errors import RagError

_LEAVE, _NONSENSE = 0.15, 0.1  # shares of those who leave at once, and who send what is no question
_FINE = ("answered", "refused to answer", "cancelled", "gone", "nonsense refused", "nonsense answered")
_FAULTS = ("wrong conversation", "untyped error", "lost")
_FAIR, _FLAT = 3.0, 0.02  # the longest wait by the median one; growth of memory after half-way
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
            else:
                raise RagError("The chat did not answer within two minutes.", "Run `rag doctor`.")
            yield url, server.pid
        finally:
            server.terminate()
            server.wait(20)


def load(url: str, pid: int, people: int, seconds: float) -> dict[str, Any]:
    """Have a number of people ask at once for some minutes, each again as soon as they are answered."""
    crowd = Crowd(url, [q for q in golden.load(golden.DEFAULT) if q.collection == "seeds"])
    crowd.ask_until(time.monotonic(), random.Random(0))  # the models are loaded
    crowd.counts.clear()
    crowd.waits.clear()
    before = memory(pid)
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=crowd.ask_until, args=(end, random.Random(n))) for n in range(people)]
    for thread in threads:
        thread.start()
    halfway = 0.0
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)
            if not halfway and time.monotonic() > end - seconds / 2:
                halfway = memory(pid)
    took, after, waits = seconds + max(0.0, time.monotonic() - end), memory(pid), crowd.waits or [0.0]
    return {
        "people": people,
        "seconds": round(took),
        **{name: crowd.counts[name] for name in (*_FINE, *_FAULTS)},
        "answers a minute": round(60 * crowd.counts["answered"] / took, 1),
        "wait s, median": round(median(waits), 1),
        "p95": round(metrics.percentile(waits, 0.95), 1),
        "longest": round(max(waits), 1),
        "longest / median": round(max(waits) / (median(waits) or 1.0), 2),
        "memory MB, before": round(before),
        "half-way": round(halfway),
        "after": round(after),
        "growth after half-way": round(after / halfway - 1, 4) if halfway else None,
    }


def held(row: dict[str, Any]) -> bool:
    """Whether the chat held: no answer lost or mixed up, the queue fair, memory flat where it is reported."""
    growth = row["growth after half-way"]
    return (
        row["answered"] > 0
        and not any(row[fault] for fault in _FAULTS)
        and row["longest / median"] < _FAIR
        and (growth is None or growth < _FLAT)
    )


class Crowd:
    """What the simulated people share: the right answers, the same for everybody who holds the same conversation."""

    def __init__(self, url: str, questions: Sequence[golden.GoldenQuestion]) -> None:
        self.url, self.questions = url, questions
        self.counts: Counter[str] = Counter()
        self.waits: list[float] = []
        self._answers: dict[tuple[str, str], str] = {}

    def ask_until(self, end: float, rng: random.Random) -> None:
        """One person, who asks, leaves or sends nonsense, at least once."""
        from gradio_client import Client

        try:
            client = Client(self.url, verbose=False, analytics_enabled=False)
        except Exception as error:  # noqa: BLE001 - who cannot even enter is counted
            self._lost(error)
            return
        while True:
            kind = rng.random()
            if kind < _NONSENSE:
                self._nonsense(client, rng.choice(_NO_QUESTIONS))
            elif kind < _NONSENSE + _LEAVE:
                self._leave(client, rng)
            else:
                self._ask(client, rng.choice(self.questions))
            if time.monotonic() >= end:
                return

    def _ask(self, client: Any, asked: golden.GoldenQuestion) -> None:
        started = time.monotonic()
        history = [turn.model_dump() for turn in asked.history]
        try:
            answer = client.submit(asked.question, history=history, api_name="/ask").result(timeout=600)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted as lost, and told
            self._lost(error)
            return
        self.waits.append(time.monotonic() - started)
        conversation = (asked.question, json.dumps(history))
        same = self._answers.setdefault(conversation, answer["text"]) == answer["text"]
        self.counts["wrong conversation"] += not same or answer["question"] != " ".join(asked.question.split())
        self.counts["answered"] += 1
        self.counts["refused to answer"] += bool(answer["abstained"])

    def _leave(self, client: Any, rng: random.Random) -> None:
        question = rng.choice(self.questions).question
        if rng.random() < 0.5:
            job = client.submit(question, api_name="/ask")
            time.sleep(rng.random())
            job.cancel()
            self.counts["cancelled"] += 1
            return
        call = f"{self.url}gradio_api/call/ask"
        try:  # as a machine that is shut: nothing is told
            event = httpx.post(call, json={"data": [question, "", "", "", "", []]}, timeout=60).json()["event_id"]
            with httpx.stream("GET", f"{call}/{event}", timeout=60):
                time.sleep(rng.random())
            self.counts["gone"] += 1
        except (httpx.HTTPError, KeyError, ValueError) as error:
            self._lost(error)

    def _nonsense(self, client: Any, sent: Any) -> None:
        from gradio_client.exceptions import AppError

        try:
            answer = client.predict(sent, api_name="/ask")
            asked = " ".join(str(sent).replace("\0", " ").split())
            self.counts["nonsense answered" if answer["question"] == asked else "wrong conversation"] += 1
        except AppError as error:
            # Every error that a person can meet names the question or what is wrong with it.
            self.counts["nonsense refused" if "question" in str(error).casefold() else "untyped error"] += 1
        except Exception as error:  # noqa: BLE001 - see above
            self._lost(error)

    def _lost(self, error: Exception) -> None:
        self.counts["lost"] += 1
        print(f"lost: {error!r}", file=sys.stderr)


def memory(pid: int) -> float:
    """The private memory of a process and those it started, in MB, as Linux reports it; 0 elsewhere.

    The model's file, which is only mapped, is not counted: the system decides how much of it is in memory.
    """
    status = Path(f"/proc/{pid}/status")
    try:
        lines = status.read_text().splitlines()
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:  # gone meanwhile, or no Linux
        return 0.0
    own = next((int(line.split()[1]) / 1000 for line in lines if line.startswith("RssAnon:")), 0.0)
    return own + sum(memory(int(child)) for child in children)
