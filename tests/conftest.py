"""Real parts: the real embedding model, a real index, and where marked the real language model; and `asking` of fakes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes import Rule, ScriptedModel, Words, news
from invented import BRIEFLY, NEWS, OUTLETS, SHORTEST, Asking

from eval.serve import chat
from index.build import build
from index.embedder import SentenceTransformerEmbedder
from index.store.sqlite import Store
from rag import embedders
from rag.assistant import Rag
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, NO_MODEL, Config, seeds
from rag.models import locate

if TYPE_CHECKING:  # none of it is loaded where no browser is used
    from browsing import Opener
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

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
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the embedding models that were loaded, each of them a `Words`."""
    names: list[str] = []

    def load(name: str) -> Words:
        names.append(name)
        return Words(name)

    monkeypatch.setattr(embedders, "load", load)
    return names


@pytest.fixture
def ix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loaded: list[str]) -> Path:
    """An index made with an embedder that is not the default."""
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    build(tmp_path / "ix", [news(tmp_path / "in", OUTLETS)], Words("odd"))
    return tmp_path / "ix"


@pytest.fixture
def asking(invented: Path) -> Iterator[Asking]:
    """Opens the invented news, or another index by words, with a model that follows the rules given."""
    opened: list[Rag] = []

    def open_(*rules: Rule, index: Path = invented, **settings: object) -> Rag:
        embedder = Words()
        config = replace(Config(model="scripted", embedder=embedder.name, reader=False), **settings)  # type: ignore[arg-type]
        opened.append(
            Rag(
                Store(index, embedder),
                embedder,
                ScriptedModel(*rules, Rule(SHORTEST, "not stated"), Rule(BRIEFLY, "not stated")),
                config,
            )
        )
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; closed after each file, because no other test can have an event loop while it is open."""
    from browsing import CHROMIUM, QUIET, SHOTS
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="session")
def markup_index(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder) -> Path:
    """The seeds and an article full of markup."""
    folder = tmp_path_factory.mktemp("chat-index")
    build(folder, [seeds(), ROOT / "tests/fixtures/page"], embedder)
    return folder


@pytest.fixture(scope="session")
def quick_chat(markup_index: Path) -> Iterator[str]:
    """The address of a chat without a language model."""
    with served("--model", "none", "--index", str(markup_index)) as url:
        yield url


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opener]:
    """Opens pages, each in a browser of its own; all they ask for is kept in `page.asked`."""
    from browsing import LONG, foreign
    from playwright.sync_api import expect

    contexts: list[BrowserContext] = []
    pages: list[tuple[Page, str]] = []
    dialogs: list[str] = []

    def said(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    def open_page(url: str, width: int = 1280, height: int = 860, dark: bool = False) -> Page:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.asked = []  # type: ignore[attr-defined]
        page.on("request", lambda request: page.asked.append(request.url))  # type: ignore[attr-defined]
        page.on("dialog", said)
        pages.append((page, url))
        page.goto(url)
        expect(page.get_by_role("textbox", name="Question")).to_be_visible(timeout=LONG)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # Here, as what fails in a handler is lost.
    assert dialogs == [], "a script ran"
    assert [asked for page, url in pages for asked in foreign(page, url)] == [], "no request leaves the machine"


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
