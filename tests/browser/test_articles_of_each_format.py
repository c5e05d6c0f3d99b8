"""An article of each format that README names, as the chat shows it: in the list of articles, and opened beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import LONG, Opener
from conftest import served
from kept import make
from playwright.sync_api import expect

from index.build import build
from index.embedder import SentenceTransformerEmbedder
from ui.words import date_how, day_words

pytestmark = pytest.mark.browser


def test_each_shows_its_title_source_date_and_paragraphs(
    tmp_path: Path, embedder: SentenceTransformerEmbedder, opened: Opener
) -> None:
    every = make(tmp_path / "in")
    build(tmp_path / "ix", [tmp_path / "in"], embedder)
    with served("--model", "none", "--index", str(tmp_path / "ix")) as url:
        page = opened(url)
        page.locator("#rail [data-page-go=articles]").click()
        expect(page.locator("#articles-head")).to_contain_text(f"{len(every)} articles, ")
        expect(page.locator("#listing .rows > li")).to_have_count(len(every))
        for kept in every:
            row = page.locator("#listing .rows > li").filter(has_text=kept.title)
            for said in (kept.source, f"{kept.day.day} {kept.day:%b}", str(kept.day.year), date_how(kept.how)):
                expect(row).to_contain_text(said)
            expect(row.locator(".lede")).to_contain_text(kept.shown[0][:60])
            row.locator(".open").click()
            drawer = page.locator("#drawer")
            expect(drawer.locator("h2")).to_have_text(kept.title, timeout=LONG)
            expect(drawer.locator(".where")).to_contain_text(f"{kept.source}, {day_words(kept.day)}")
            expect(drawer.locator(".facts")).to_contain_text(date_how(kept.how))
            paragraphs = [text.strip() for text in drawer.locator(".text p").all_inner_texts() if text.strip()]
            assert paragraphs == list(kept.shown), kept.id
            page.keyboard.press("Escape")
            expect(drawer).to_be_hidden()
