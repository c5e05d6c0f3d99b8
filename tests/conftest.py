"""Real parts: the real embedding model, a real index, and where marked the real language model; and `asking` of fakes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import Rule, ScriptedModel, Words, news
from invented import NEWS, SHORTEST, Asking

from eval.serve import chat
from index.build import build
from index.embedder import SentenceTransformerEmbedder
from index.store.sqlite import Store
from rag.assistant import Rag
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, NO_MODEL, Config, seeds
from rag.models import locate

SOAK = bool(os.environ.get("RAG_SOAK"))  # `make soak`: the same tests, hundreds of times
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(locate(DEFAULT_EMBEDDER, "embedder"), DEFAULT_EMBEDDER, 384)


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder) -> Path:
    folder = tmp_path_factory.mktemp("seeds-index")
    build(folder, [seeds()], embedder)
    return folder


@pytest.fixture
def store(seeds_index: Path, embedder: SentenceTransformerEmbedder) -> Iterator[Store]:
    opened = Store(seeds_index, embedder)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def quick(seeds_index: Path) -> Iterator[Rag]:
    """The seeds without a language model."""
    rag = Rag.open(seeds_index, model=NO_MODEL)
    yield rag
    rag.close()


@pytest.fixture(scope="session")
def rag(seeds_index: Path) -> Iterator[Rag]:
    """The seeds with the real default model."""
    opened = Rag.open(seeds_index, DEFAULT_MODEL)
    yield opened
    opened.close()


@pytest.fixture
def words() -> Words:
    """An embedder by words: what most tests of an index need of one."""
    return Words()


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of invented news, by words: made without a model."""
    base = tmp_path_factory.mktemp("invented")
    build(base / "ix", [news(base / "in", NEWS)], Words())
    return base / "ix"


@pytest.fixture
def asking(invented: Path) -> Iterator[Asking]:
    """Opens the invented news, or another index by words, with a model that follows the rules given."""
    opened: list[Rag] = []

    def open_(*rules: Rule, index: Path = invented, **settings: object) -> Rag:
        embedder = Words()
        config = replace(Config(model="scripted", embedder=embedder.name), **settings)  # type: ignore[arg-type]
        opened.append(
            Rag(Store(index, embedder), embedder, ScriptedModel(*rules, Rule(SHORTEST, "not stated")), config)
        )
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


def write(folder: Path, **files: str) -> Path:
    """A folder of text files, by stem."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return folder


@contextmanager
def served(*options: str) -> Iterator[str]:
    """A chat of its own process on a free port; its address once it answers."""
    with chat(*options) as (url, _):
        yield url


def preload(source: str, folder: Path) -> Path:
    """One of the C files here, built for LD_PRELOAD."""
    compiler = next(c for c in ("cc", "gcc", "clang", "clang-16", "g++", "clang++-16") if shutil.which(c))
    library = (folder / source).with_suffix(".so")
    code = ["-x", "c", str(ROOT / "tests" / source)]
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), *code, "-ldl"], check=True)
    return library
