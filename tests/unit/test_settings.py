"""What is asked for reaches the engine and the search, from the command line and from Python; and the id of the settings."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fakes import Words
from invented import SOURCES

from index.errors import InputError, ModelMissing, RagError
from index.search import search
from index.store.sqlite import Store
from rag import cli
from rag.assistant import Rag
from rag.config import Config


class Stop(RagError):
    def __init__(self) -> None:
        super().__init__("Far enough.", "This is a test.")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The settings that collections were opened with."""
    configs: list[Config] = []

    def open_(index: Any = None, model: str | None = None, config: Config | None = None) -> Rag:
        assert config
        configs.append(replace(config, model=model or config.model))
        raise Stop

    monkeypatch.setattr(Rag, "open", open_)
    return configs


def test_ask_and_eval_pass_on_what_the_engine_is_told(ix: Path, opened: list[Config]) -> None:
    for command in (["ask", "Who?"], ["eval"], ["eval", "--suite", "attacks"]):
        on = [] if "attacks" in command else ["--index", str(ix)]
        assert cli.main([*command, *on, "--gpu-layers", "7", "--model", "small.gguf"]) == 1
    assert [(c.gpu_layers, c.model) for c in opened] == [(7, "small.gguf")] * 3


def test_chat_passes_on_what_the_engine_is_told(
    ix: Path, opened: list[Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui import serving
    from ui.loading import Loader

    loaders: list[Loader] = []

    def loader(*args: Any) -> Loader:
        loaders.append(Loader(*args))
        raise Stop

    monkeypatch.setattr("rag.models.locate", lambda name, kind: Path(name))
    monkeypatch.setattr(serving, "Loader", loader)
    assert cli.main(["chat", "--index", str(ix), "--gpu-layers", "7", "--model", "small.gguf"]) == 1
    loaders[0]._load()
    assert opened[0].gpu_layers == 7 and opened[0].worker


def test_doctor_and_bench_pass_on_what_the_engine_is_told(monkeypatch: pytest.MonkeyPatch, loaded: list[str]) -> None:
    from eval import bench
    from rag.engine import benchmark, local

    told: list[int] = []

    def engine(*args: Any, gpu_layers: int = -1, **others: Any) -> None:
        told.append(gpu_layers)
        raise Stop

    def process(command: list[str], **others: Any) -> None:
        told.append(int(command[-1]))
        raise Stop

    def chat(*options: str) -> None:
        told.append(int(options[options.index("--gpu-layers") + 1]))
        raise Stop

    monkeypatch.setattr("rag.models.locate", lambda name, kind: Path(name))
    monkeypatch.setattr(local, "LocalModel", engine)
    monkeypatch.setattr(benchmark, "LocalModel", engine)
    monkeypatch.setattr("rag.doctor.subprocess.run", process)
    monkeypatch.setattr(bench.people, "chat", chat)
    monkeypatch.setattr(bench, "LocalModel", engine)
    monkeypatch.setattr(bench, "_Bare", lambda path, name, gpu_layers: told.append(gpu_layers))
    for command in (["doctor", "--engine"], ["doctor", "--speed"], ["doctor", "--tune"], ["bench", "serve"]):
        cli.main([*command, "--gpu-layers", "7"])
    assert told == [7] * 4
    cli.main(["bench", "answer", "--sample", "1", "--gpu-layers", "7"])
    assert told == [7] * 6, "the bare engine and this one"


def test_the_model_of_the_config_is_used(ix: Path, loaded: list[str]) -> None:
    rag = Rag.open(ix, config=Config(model="none"))
    assert rag.llm is None and (rag.config.model, rag.config.embedder) == ("none", "odd")
    with pytest.raises(ModelMissing, match=r"there\.gguf"):
        Rag.open(ix, config=Config(model="not/there.gguf"))
    assert Rag.open(ix, "none", Config(model="not/there.gguf")).llm is None, "the argument goes first"


def test_a_source_and_a_range_are_checked(ix: Path, loaded: list[str]) -> None:
    rag = Rag.open(ix, "none")
    for source in ("cnn.com", "WWW.CNN.COM"):
        found = rag.search("bridge ferry hall school snow", 10, source=source)
        assert {hit.article.id for hit in found} == {"001_bridge", "002_bridge", "004_cnn", "005_cnn"}
    with pytest.raises(InputError, match=re.escape(SOURCES)):
        rag.answer("Which bridge?", source="bbc")
    with pytest.raises(InputError, match="later than before"):
        rag.answer("Which bridge?", after=date(2024, 5, 2), before=date(2024, 5, 1))
    assert search(Store(ix), Words(), "bridge", after=date(2030, 1, 1), source="cnn.com") == []


def test_the_fingerprint_of_the_settings_is_of_what_shapes_an_answer() -> None:
    same = {"threads": 3, "gpu_layers": 0, "milvus": "a.db", "worker": True, "llm_url": "http://a", "lookahead": 0}
    for name, value in same.items():
        assert replace(Config(), **{name: value}).id == Config().id, name
    others = {
        "model": "m", "embedder": "e", "candidates": 3, "read": 3, "stop_early": False, "prompt_tokens": 3, "tries": 3,
        "answer_tokens": 9, "context": 512, "caution": "strict", "reader": False,
    }  # fmt: skip
    assert set(same) | set(others) == set(Config.__dataclass_fields__), "a new setting is one or the other"
    ids = {replace(Config(), **{name: value}).id for name, value in others.items()}
    assert len(ids) == len(others) and Config().id not in ids
