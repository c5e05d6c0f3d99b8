"""What can be set while the chat is open: collection, model, reading ahead; and who may not. No model is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import ScriptedModel, Words, news

from index.build import build
from rag.assistant import Rag
from rag.collection import index_of
from rag.config import NO_MODEL
from ui.loading import Loader
from ui.settings import Settings

FERRY = [("ferry", "Reuters", "2024-03-04", "The ferry Aurora sank off Turku.")]
SNOW = [("snow", "BBC", "2024-05-06", "Snow closed the pass.")]
ONE: Any = SimpleNamespace(username=None)
MANY: Any = SimpleNamespace(username="liisa")


def event(what: str, value: str) -> Any:
    return SimpleNamespace(_data={"what": what, "value": value})


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loaded: list[str]) -> Iterator[Loader]:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("rag.models.locate", lambda name, kind: Path(name))

    def with_model(rag: Rag, model: str) -> Rag:
        llm: Any = ScriptedModel() if model != NO_MODEL else None
        return Rag(rag.store, rag.embedder, llm, replace(rag.config, model=model))

    monkeypatch.setattr(Rag, "with_model", with_model)
    for name, told in (("ferries", FERRY), ("winter", SNOW)):
        build(index_of(name), [news(tmp_path / name, told)], Words())
    made = Loader(index_of("ferries"), "scripted", prefetch=2)
    made.start()
    made.rag()
    yield made
    made.close()


def test_another_collection_is_asked_listed_and_named(loader: Loader) -> None:
    page = Settings(loader).html(True)
    assert 'aria-checked="true" data-use="collection" data-value="ferries"' in page
    assert "1 article, 6 May 2024" in page and "data-reload" not in page
    told = Settings(loader).change(event("collection", "winter"), ONE)
    assert "data-reload" in told and 'aria-checked="true" data-use="collection" data-value="winter"' in told
    assert loader.store.ids() == ["snow"] and loader.index == index_of("winter")
    rag = loader.rag_now()
    assert rag.llm is not None and [h.article.id for h in rag.search("snow", 3)] == ["snow"]
    told = Settings(loader).change(event("collection", "nowhere"), ONE)
    assert "There is no collection &#x27;nowhere&#x27;" in told and loader.index == index_of("winter")


def test_another_model_is_used_and_the_one_before_let_go_of(loader: Loader) -> None:
    before: Any = loader.rag().llm
    page = Settings(loader).html(True)
    assert 'aria-checked="true" data-use="model" data-value="scripted"' in page
    before.usage.prompt, before.usage.seconds = 400, 3.0
    assert re.search(r"reads \d+ words a second on this computer", Settings(loader).html(True))
    assert "There is no model &#x27;made-up&#x27; here" in Settings(loader).change(event("model", "made-up"), ONE)
    assert 'data-value="none"' in Settings(loader).change(event("model", NO_MODEL), ONE)
    assert loader.rag().llm is None and loader.model == NO_MODEL and before.closed
    assert not loader.can_read_ahead and loader.usage("scripted")[0] >= 400


def test_reading_ahead_can_be_switched_off(loader: Loader) -> None:
    assert loader.prefetch == 2 and 'aria-checked="true" data-use="read-ahead" data-value="on"' in Settings(
        loader
    ).html(True)
    told = Settings(loader).change(event("read-ahead", "off"), ONE)
    assert loader.prefetch == 0 and 'aria-checked="true" data-use="read-ahead" data-value="off"' in told


def test_who_shares_a_chat_sees_what_runs_where_and_changes_nothing(loader: Loader) -> None:
    page = Settings(loader).shown(MANY)
    assert "What runs where" in page and "data-use" not in page
    told = Settings(loader).change(event("collection", "winter"), MANY)
    assert "used by others, too" in told and loader.index == index_of("ferries")
