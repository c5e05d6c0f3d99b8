"""The engine in a process of its own: the same answers, and a crash that ends neither the program nor the question."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import EngineDied, InputError, ModelError, ModelMissing
from rag import models
from rag.assistant import Rag
from rag.config import Config
from rag.engine.local import LocalModel
from rag.engine.worker import WorkerModel
from rag.prefetch import read_ahead

SMALL = "smollm2-135m"


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerModel]:
    made = WorkerModel(models.locate(SMALL, "llm"), SMALL)
    yield made
    made.close()


@pytest.fixture(scope="module")
def in_its_own_process(seeds_index: Path) -> Iterator[Rag]:
    rag = Rag.open(seeds_index, SMALL, Config(worker=True))
    yield rag
    rag.close()


@pytest.mark.main
def test_it_gives_what_the_engine_gives(worker: WorkerModel) -> None:
    here = LocalModel(models.locate(SMALL, "llm"), SMALL)
    prompts = [here.chat("You check.", f"The ship {n} sailed on Monday.\n", "Did it sail?") for n in range(3)]
    assert [worker.chat("You check.", f"The ship {n} sailed on Monday.\n", "Did it sail?") for n in range(3)] == prompts
    assert worker.score(prompts) == here.score(prompts)
    assert worker.likely(prompts) == here.likely(prompts)
    sure: tuple[list[float], list[float]] = ([], [])
    assert list(worker.write(prompts[0], 30, sure=sure[0])) == list(here.write(prompts[0], 30, sure=sure[1]))
    assert sure[0] == sure[1]
    assert worker.count("Peace talks: день 3") == here.count("Peace talks: день 3")
    assert (worker.usage.prompt, worker.usage.generated) == (here.usage.prompt, here.usage.generated)
    here.close()


def test_a_sentence_that_is_stopped_frees_it(worker: WorkerModel) -> None:
    prompt = worker.chat("You are helpful.", "", "Count from one to a hundred in words.")
    writing = worker.write(prompt, 400)
    first = next(writing)
    writing.close()  # type: ignore[attr-defined]
    assert next(worker.write(prompt, 400)) == first
    assert worker.usage.generated < 200


def test_its_errors_arrive_as_they_are(worker: WorkerModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has room for"):
        worker.score([worker.chat("You check.", "word " * 9_000, "Yes?")])
    assert worker.score([worker.chat("You check.", "A word.", "Yes?")])
    with pytest.raises(ModelMissing):
        WorkerModel(tmp_path / "none.gguf")
    (tmp_path / "false.gguf").write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelError, match="is damaged, or not a usable GGUF"):
        WorkerModel(tmp_path / "false.gguf")


def test_one_that_died_is_started_again(worker: WorkerModel) -> None:
    prompt = worker.chat("You check.", "The ship sailed.", "Did it sail?")
    before = worker.score([prompt])
    for when in ("between", "while it writes"):
        assert worker.pid
        if when == "between":
            os.kill(worker.pid, signal.SIGSEGV)
            with pytest.raises(EngineDied, match="signal 11"):
                list(worker.write(prompt, 50))
        else:
            writing = worker.write(prompt, 50)
            next(writing)
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(EngineDied, match="signal 9"):
                list(writing)
        assert worker.score([prompt]) == before


def test_a_question_survives_a_crash_of_the_engine(in_its_own_process: Rag, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(in_its_own_process.llm, WorkerModel)
    question = "How long did the talks in Istanbul last?"
    right = in_its_own_process.answer(question)
    deaths: list[int] = []
    score = WorkerModel.score

    def dying(self: WorkerModel, prompts: object) -> list[float]:
        if not deaths:
            deaths.append(1)
            assert self.pid
            os.kill(self.pid, signal.SIGSEGV)
        return score(self, prompts)  # type: ignore[arg-type]

    monkeypatch.setattr(WorkerModel, "score", dying)
    events = list(in_its_own_process.stream(question))
    assert deaths and any(e.kind == "restart" and "started again" in e.text for e in events)
    assert events[-1].answer and events[-1].answer.text == right.text

    # Twice is told, as an error and not as a refusal.
    monkeypatch.setattr(WorkerModel, "score", lambda self, prompts: (os.kill(self.pid, 11), score(self, prompts))[1])
    with pytest.raises(EngineDied, match="signal 11"):
        in_its_own_process.answer(question)
    monkeypatch.undo()
    assert in_its_own_process.answer(question).text == right.text


def test_what_is_read_ahead_is_not_read_again(seeds_index: Path, tmp_path: Path) -> None:
    opened = Rag.open(seeds_index, "none")
    model = LocalModel(models.locate(SMALL, "llm"), SMALL, cache=tmp_path / "kv_cache")
    rag = Rag(opened.store, opened.embedder, model, Config(model=SMALL))
    newest = rag.store.articles()[-1]
    assert list(read_ahead(rag, 3)) == [True] * 3
    read = model.usage.prompt
    assert list(read_ahead(rag, 3)) == [False] * 3 and model.usage.prompt == read
    assert sum(read_ahead(rag)) == int(rag.store.meta["chunks"]) - 3
    question = f"What does the article of {newest.source} report?"
    warm = rag.answer(question)
    fresh = LocalModel(models.locate(SMALL, "llm"), SMALL)
    cold = Rag(opened.store, opened.embedder, fresh, Config(model=SMALL)).answer(question)
    assert cold.text == warm.text and cold.tokens["prompt"] > 2 * warm.tokens["prompt"]
    fresh.close()
    model.close()
