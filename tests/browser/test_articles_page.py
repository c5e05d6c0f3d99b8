"""The page of articles in the browser: listing, searching, setting a title, source and date, and adding after a look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browsing import LONG, SHOTS, Opener, accessible, ask, no_overflow
from conftest import served
from playwright.sync_api import Page, expect

from index.build import build
from index.embedder import SentenceTransformerEmbedder
from rag.config import seeds

pytestmark = pytest.mark.browser


def to_articles(page: Page, narrow: bool = False) -> None:
    if narrow:
        page.get_by_role("button", name="Chats and pages").click()
    page.locator("#rail [data-page-go=articles]").click()


def test_the_list_is_narrowed_by_source_date_and_what_is_missing(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    to_articles(page)
    expect(page.locator("#articles-head")).to_contain_text("6 articles, ")
    rows = page.locator("#listing .rows > li")
    expect(rows).to_have_count(6)
    page.get_by_role("button", name="Newsweek 1").click()
    expect(rows).to_have_count(1)
    expect(page.get_by_role("button", name="Newsweek 1")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="All 6").click()
    page.get_by_label("Published from").fill("2022-03-22")
    page.get_by_label("Published to").fill("2022-03-28")
    expect(rows).to_have_count(2)
    page.get_by_label("Published from").fill("")
    page.get_by_label("Published to").fill("")
    expect(rows).to_have_count(6)
    page.get_by_role("button", name=re.compile("^No source or no date")).click()
    expect(rows.first.get_by_role("button", name=re.compile("^Add a source"))).to_be_visible()


def test_a_search_lights_the_words_and_keeps_to_the_filters(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    to_articles(page)
    box = page.get_by_role("textbox", name="Search the articles")
    box.fill("significant progress")
    box.press("Enter")
    expect(page.locator("#found .label").first).to_have_text(
        re.compile(r"^\d+ passages in \d+ articles have these words$"), timeout=LONG
    )
    lit = page.locator("#found .hits").first.locator("li").first.locator("mark")
    assert {text.lower() for text in lit.all_inner_texts()} == {"significant", "progress"}
    expect(page.locator("#listing .rows")).to_be_hidden()
    accessible(page)
    page.get_by_role("button", name="Newsweek 1").click()
    expect(page.locator("#found .hits > li")).to_have_count(1)
    page.locator("#found .open").first.click()
    expect(page.locator("mark.current").first).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="All articles").click()
    expect(page.locator("#listing .rows")).to_be_visible()
    expect(page.locator("#found .hits")).to_have_count(0)


@pytest.fixture
def own_chat(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> Path:
    """An index of the seeds that a test may change."""
    build(tmp_path / "ix", [seeds()], embedder)
    return tmp_path / "ix"


def test_title_source_and_date_are_set_and_are_again_as_they_were_read(own_chat: Path, opened: Opener) -> None:
    with served("--model", "none", "--index", str(own_chat)) as url:
        page = opened(url)
        to_articles(page)
        page.get_by_role("button", name=re.compile("^Add a source to Kremlin: 'No significant progress")).click()
        source = page.get_by_role("textbox", name="Source")
        expect(source).to_be_focused()
        source.fill("The Kyiv Wire")
        page.locator("form.edit").get_by_label("Date").fill("2022-03-20")
        page.keyboard.press("Enter")
        expect(page.locator("#report")).to_contain_text("Saved.", timeout=LONG)
        expect(page.locator("#listing")).to_contain_text("The Kyiv Wire")
        expect(page.get_by_role("button", name="The Kyiv Wire 1")).to_be_visible()
        page.get_by_role("button", name="The Kyiv Wire 1").click()
        row = page.locator("#listing .rows > li").first
        expect(row).to_contain_text("20 Mar")
        expect(row).to_contain_text("Date set by you")
        row.get_by_role("button", name=re.compile("^Edit title, source and date")).click()
        page.locator("form.edit").get_by_label("Title").fill("")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#report")).to_contain_text("The title is empty.", timeout=LONG)
        page.get_by_role("button", name="As it was read").click()
        expect(page.locator("#report")).to_contain_text("Saved.", timeout=LONG)
        page.reload()
        to_articles(page)
        expect(page.locator("#listing")).to_contain_text("21 Mar")
        expect(page.locator("#listing")).not_to_contain_text("The Kyiv Wire")


def test_what_was_understood_is_corrected_before_anything_is_stored(
    own_chat: Path, tmp_path: Path, opened: Opener
) -> None:
    (tmp_path / "ferry.txt").write_text("The ferry Aurora sank off Turku on 3 May 2023, Liisa Virtanen said.", "utf-8")
    (tmp_path / "empty.txt").write_text(" ", "utf-8")
    with served("--model", "none", "--index", str(own_chat)) as url:
        page = opened(url)
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".nosay")).to_be_visible()
        page.locator(".top").get_by_role("button", name="Add articles").click()
        page.locator("input[type=file]").set_input_files([tmp_path / "ferry.txt", tmp_path / "empty.txt"])
        expect(page.get_by_role("heading", name="1 article ready. 1 needs a look.")).to_be_visible(timeout=LONG)
        expect(page.locator("#review")).to_contain_text("empty.txt: no text in it")
        expect(page.get_by_role("button", name="Articles 5")).to_be_visible()  # nothing is stored yet
        page.get_by_role("button", name="Add 1 article").click()
        expect(page.locator("#report")).to_contain_text("the collection has 6 articles now", timeout=LONG)
        assert "true" not in page.locator("#report").inner_text()
        expect(page.locator("#add")).to_be_hidden()
        page.locator(".top").get_by_role("button", name="Add articles").click()
        page.get_by_role("textbox", name="Or paste a text").fill("Snow closed the Brenner pass for nine hours.")
        page.get_by_role("button", name="See what was understood").click()
        expect(page.get_by_role("heading", name="1 article ready. 1 needs a look.")).to_be_visible(timeout=LONG)
        snow = page.locator("#review li[data-row]").first
        snow.get_by_label("Title").fill("Snow")
        snow.get_by_label("Source").fill("The Brenner Post")
        snow.get_by_label("Date").fill("2024-01-09")
        page.screenshot(path=SHOTS / "review.png", full_page=True)
        page.get_by_role("button", name="Add 1 article").click()
        expect(page.locator("#report")).to_contain_text("the collection has 7 articles now", timeout=LONG)
        expect(page.locator("#review form")).to_have_count(0)  # title, source and date do not stay filled
        expect(page.locator("#add")).to_be_hidden()
        expect(page.get_by_role("button", name="Articles 7")).to_be_visible()
        row = page.locator("#listing .rows > li").first
        expect(row).to_contain_text("Snow")
        expect(row).to_contain_text("The Brenner Post")
        expect(row).to_contain_text("9 Jan")
        other = opened(url)  # a page that is opened later has what was added since the program began
        expect(other.get_by_role("button", name="Articles 7")).to_be_visible()
        expect(other.locator(".hello .label").first).to_contain_text("7 articles")
        for each in (page, other):
            expect(each.locator("#limit-source option", has_text="The Brenner Post")).to_have_count(1)
        page.locator("#rail [data-page-go=ask]").click()
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".answer").last).to_contain_text("off Turku")
        # What is there already is named, and is not taken twice.
        page.locator(".top").get_by_role("button", name="Add articles").click()
        page.get_by_role("textbox", name="Or paste a text").fill("Snow closed the Brenner pass for nine hours.")
        page.get_by_role("button", name="See what was understood").click()
        expect(page.get_by_role("heading", name="There is nothing new in it.")).to_be_visible(timeout=LONG)
        expect(page.locator("#review")).to_contain_text("the same text is already there")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#add")).to_be_hidden()
    assert not (seeds() / "ferry.txt").exists()
    with served("--model", "none", "--index", str(own_chat)) as url:
        page = opened(url)
        page.get_by_role("button", name="Articles 7").click()
        page.get_by_role("button", name="Remove Snow").click()
        expect(page.locator("#report")).to_contain_text("6 articles", timeout=LONG)
        expect(page.get_by_role("button", name="Remove Snow")).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Remove Snow")).to_have_count(1, timeout=LONG)
        expect(page.locator("#listing")).to_contain_text("The Brenner Post")  # with what had been set of it
        page.get_by_role("button", name=re.compile("^Remove .*ferry", re.I)).click()
        expect(page.get_by_role("button", name="Articles 6")).to_be_visible(timeout=LONG)
        page.locator("#rail [data-page-go=ask]").click()
        ask(page, "How long was the Brenner pass closed?")
        expect(page.locator(".answer").last).to_contain_text("nine hours")
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".answer").last.locator(".nosay")).to_be_visible()


def test_the_page_says_when_a_connection_is_made_and_none_is_to_a_private_network(
    quick_chat: str, opened: Opener
) -> None:
    page = opened(quick_chat)
    page.locator(".top").get_by_role("button", name="Add articles").click()
    expect(page.locator("#address")).to_contain_text("Only when you press the button below, a connection is made")
    page.get_by_role("textbox", name="Or the address of a page").fill("http://127.0.0.1:9/ferry.html")
    page.get_by_role("button", name="See what was understood").click()
    expect(page.locator("#review")).to_contain_text("on this machine or a private network", timeout=LONG)
    expect(page.get_by_role("textbox", name="Or the address of a page")).to_have_value("http://127.0.0.1:9/ferry.html")
    no_overflow(page)
    accessible(page)


@pytest.mark.parametrize(("width", "dark"), [(360, True), (1920, False)])
def test_editing_and_adding_fit_and_are_accessible(
    quick_chat: str, tmp_path: Path, opened: Opener, width: int, dark: bool
) -> None:
    (tmp_path / "ferry.txt").write_text("The ferry Aurora sank off Turku.", "utf-8")
    page = opened(quick_chat, width, 900, dark)
    to_articles(page, narrow=width < 1200)
    page.locator("#listing [data-act=edit]").first.click()
    expect(page.locator("form.edit")).to_be_visible()
    page.locator("#listing .fold summary").first.click()
    no_overflow(page)
    accessible(page)
    page.evaluate("document.querySelector('[data-act=add]').click()")
    page.locator("input[type=file]").set_input_files(tmp_path / "ferry.txt")
    expect(page.locator("form.ready")).to_be_visible(timeout=LONG)
    no_overflow(page)
    accessible(page)
