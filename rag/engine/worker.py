"""The engine in a process of its own, so that its crash ends an answer and not the program.

The two exchange lines of JSON: one job at a time goes to the worker's standard input, and its results come back on a
separate file descriptor, ended by a line that says "done". When the process that started it is gone, so is the worker.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from index import errors
from index.errors import EngineDied, ModelError, RagError
from rag.engine.base import Piece, Prompt, Usage, in_template

_LIMIT = 120  # seconds that loading a model may take
Message = dict[str, Any]


class WorkerModel:
    """A GGUF model in a process of its own; one call at a time, others wait.

    A worker that died is started again by the next call.

    Raises:
        ModelMissing, ModelError: see `rag.engine.local.LocalModel`; also if the worker dies while loading the model.
    """

    def __init__(
        self,
        path: Path,
        name: str = "",
        context: int = 4096,
        threads: int | None = None,
        gpu_layers: int = -1,
        cache: Path | None = None,
        lookahead: int = 6,
    ) -> None:
        self.name = name or path.stem
        self.usage = Usage()
        self._settings = {
            "path": str(path), "name": name, "context": context, "threads": threads, "gpu_layers": gpu_layers,
            "cache": str(cache) if cache else None, "lookahead": lookahead,
        }  # fmt: skip
        # No RLock: a writing generator may be closed by another thread than the one that began it.
        self._lock = threading.Lock()
        self._jobs = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._template = ("", "", "")
        self._label = self.name
        with self._lock:
            try:
                self._start()
            except EngineDied as error:
                self._stop()
                raise ModelError(
                    f"{path} could not be loaded. {error.what}",
                    "The file may be damaged: fetch it again, or name a model from `rag models`.",
                ) from error

    @property
    def label(self) -> str:
        """Its name, and whether the GPU runs it."""
        return self._label

    @property
    def pid(self) -> int | None:
        """The worker's process."""
        return self._process.pid if self._process else None

    def for_question(self) -> WorkerModel:
        """Itself: it answers one question at a time."""
        return self

    def chat(self, system: str, passage: str, question: str) -> Prompt:
        """A one-turn chat in the model's own template: `passage` then `question` as the user."""
        return in_template(self._template, system, passage, question)

    def count(self, text: str) -> int:
        """Tokens in a text."""
        return int(self._result({"do": "count", "text": text})["count"])

    def score(self, prompts: Sequence[Prompt]) -> list[float]:
        """For each prompt, log P(yes) - log P(no) of the next token.

        Raises:
            EngineCrashed: the engine could not read the batch; EngineDied: it took its process with it.
        """
        return list(self._result({"do": "score", "prompts": [asdict(p) for p in prompts]})["scores"])

    def likely(self, prompts: Sequence[Prompt]) -> list[float]:
        """For each prompt, the mean log-probability of its tail's text; see `rag.engine.local.LocalModel.likely`."""
        return list(self._result({"do": "likely", "prompts": [asdict(p) for p in prompts]})["likely"])

    def keep(self, prompt: Prompt) -> bool:
        """Read a prompt's head and kept part ahead of any question; False where that is kept already."""
        return bool(self._result({"do": "keep", "prompts": [asdict(prompt)]})["kept"])

    def write(self, prompt: Prompt, limit: int = 160, *, sure: list[float] | None = None) -> Iterator[str]:
        """The model's continuation, piece by piece; see `rag.engine.local.LocalModel.write`."""
        with closing(self._ask({"do": "write", "prompts": [asdict(prompt)], "limit": limit})) as messages:
            for message in messages:
                if sure is not None:
                    sure += message.get("sure", [])
                if piece := message.get("piece"):
                    yield piece

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._stop()

    # ---- inside ----------------------------------------------------------------

    def _result(self, job: Message) -> Message:
        result: Message = {}
        for message in self._ask(job):
            result |= message
        return result

    def _ask(self, job: Message) -> Generator[Message, None, None]:
        """The results of a job, including the line that ends it; closing it stops the job."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            self._jobs += 1
            number = self._jobs
            self._send(job | {"job": number})
            message: Message = {}
            try:
                while "done" not in message:
                    message = self._receive()
                    if "done" not in message:
                        yield message
            finally:
                if "done" not in message:
                    self._abandon(number)
            self._count(message)
            if error := message.get("error"):
                raise _error(*error)
            yield message

    def _abandon(self, number: int) -> None:
        """Tell the worker to stop a job, and wait until it has."""
        with suppress(EngineDied):  # the next call starts it again
            self._send({"stop": number})
            message: Message = {}
            while "done" not in message:
                message = self._receive()
            self._count(message)

    def _count(self, message: Message) -> None:
        self.usage.prompt += message["usage"][0]
        self.usage.generated += message["usage"][1]
        self.usage.seconds += message["usage"][2]

    def _start(self) -> None:
        self._stop()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rag.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        late = threading.Timer(_LIMIT, self._process.kill)
        late.start()
        try:
            self._send(self._settings)
            hello = self._receive()
        finally:
            late.cancel()
        if error := hello.get("error"):
            self._stop()
            raise _error(*error)
        before, between, after = hello["template"]
        self._template = (before, between, after)
        self._label = str(hello["label"])

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        process.wait()

    def _send(self, message: Message) -> None:
        assert self._process and self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._died() from error

    def _receive(self) -> Message:
        assert self._process and self._process.stdout
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._died()
        message: Message = json.loads(line)
        return message

    def _died(self) -> EngineDied:
        assert self._process
        code = self._process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return EngineDied(
            f"The engine stopped with {how} while it was at work.", "Ask again; if it happens again, run `rag doctor`."
        )


def _error(kind: str, what: str, fix: str) -> RagError:
    made: RagError = getattr(errors, kind)(what, fix)
    return made


def main() -> None:
    """Load the model that the first line names, then do the jobs on the lines after it."""
    # The engine may print; what it prints must not stand among the messages.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(message: Message) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    settings = json.loads(sys.stdin.readline())
    jobs: queue.SimpleQueue[Message] = queue.SimpleQueue()
    stopped: set[int] = set()
    threading.Thread(target=_listen, args=(jobs, stopped), daemon=True).start()
    from rag.engine.local import LocalModel

    try:
        model = LocalModel(
            Path(settings["path"]), settings["name"], settings["context"], settings["threads"], settings["gpu_layers"],
            Path(settings["cache"]) if settings["cache"] else None, settings["lookahead"],
        )  # fmt: skip
    except RagError as error:
        send({"error": (type(error).__name__, error.what, error.fix)})
        return
    send({"template": model.template, "label": model.label})
    while True:
        job = jobs.get()
        before = (model.usage.prompt, model.usage.generated, model.usage.seconds)
        end: Message = {"done": job["job"]}
        try:
            prompts = [_prompt(p) for p in job.get("prompts", [])]
            if job["do"] == "count":
                end["count"] = model.count(job["text"])
            elif job["do"] == "score":
                end["scores"] = model.score(prompts)
            elif job["do"] == "likely":
                end["likely"] = model.likely(prompts)
            elif job["do"] == "keep":
                end["kept"] = model.keep(prompts[0])
            else:
                sure: list[float] = []
                with closing(model.write(prompts[0], job["limit"], sure=sure)) as pieces:
                    for piece in pieces:
                        if job["job"] in stopped:
                            break
                        send({"piece": piece})
                end["sure"] = sure
        except RagError as error:
            end["error"] = (type(error).__name__, error.what, error.fix)
        stopped.discard(job["job"])
        after = (model.usage.prompt, model.usage.generated, model.usage.seconds)
        end["usage"] = [b - a for a, b in zip(before, after, strict=True)]
        send(end)


def _listen(jobs: queue.SimpleQueue[Message], stopped: set[int]) -> None:
    """Receive jobs and orders to stop one; end the worker with the process that started it."""
    for line in sys.stdin:
        message = json.loads(line)
        if "stop" in message:
            stopped.add(message["stop"])
        else:
            jobs.put(message)
    os._exit(0)


def _prompt(parts: dict[str, list[tuple[str, bool]]]) -> Prompt:
    head, kept, tail = (tuple(Piece(*piece) for piece in parts[name]) for name in ("head", "kept", "tail"))
    return Prompt(head, kept, tail)


if __name__ == "__main__":
    main()
