"""A folder with one article in each format that README names is indexed as its makers meant it, and shown so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fakes import Words
from kept import ALL, PAGE, SAVED, Kept, make

from index.build import build
from index.reading.files import KINDS
from index.store.sqlite import Store
from index.text.chunks import chunk
from index.types import IndexReport
from rag.cli import main

_SAME = {".markdown": ".md", ".htm": ".html", ".mht": ".mhtml"}  # other names of a format
_Made = tuple[Path, IndexReport]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> _Made:
    base = tmp_path_factory.mktemp("kept")
    make(base / "in")
    return base, build(base / "ix", [base / "in"], Words())


def test_there_is_one_of_each_format(made: _Made) -> None:
    names = [path.name for path in (made[0] / "in").iterdir()]
    for kind in KINDS:
        assert any(name.endswith(_SAME.get(kind, kind)) for name in names), kind


def test_each_has_its_title_source_day_and_whole_paragraphs(made: _Made) -> None:
    base, report = made
    assert report.skipped == () and report.articles == len(ALL)
    store = Store(base / "ix", Words())
    for kept in ALL:
        article = store.article(kept.id)
        found = (article.title, article.source, article.published, article.published_how)
        assert found == (kept.title, kept.source, kept.day, kept.how), kept.id
        assert article.text[article.after_title :].strip().split("\n\n") == list(kept.shown), kept.id
        pieces = "\n\n".join(piece.text for piece in chunk(article))
        assert all(paragraph in pieces for paragraph in kept.shown), kept.id
    store.close()


@pytest.mark.parametrize("kept", ALL, ids=[kept.id for kept in ALL])
def test_each_is_shown_rightly(made: _Made, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["articles", "show", kept.id, "--index", str(made[0] / "ix")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{kept.title}\n{kept.source}, {kept.day} ({kept.how})\n")
    body = re.split(r"\n\n", shown.strip())[-len(kept.paragraphs) - 1 :]
    assert body[1:] == list(kept.shown) and kept.title not in "".join(body[1:])


def test_what_a_browser_saves_beside_a_page_is_none(made: _Made) -> None:
    frame = made[0] / "in" / f"{SAVED.id}_files" / "saved_resource.html"
    assert PAGE.paragraphs[1] in frame.read_text("utf-8")
    store = Store(made[0] / "ix", Words())
    assert "saved_resource" not in store.ids() and not any("Advertised" in a.text for a in store.articles())
    store.close()
