"""The chat as a person uses it: a real server, a real browser, the real default model.

Where wording does not matter the server answers without a language model, which is quicker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import LONG, SHOTS, Opener, ask
from conftest import served
from playwright.sync_api import expect

from index.build import build
from index.embedder import SentenceTransformerEmbedder
from rag.config import seeds

pytestmark = pytest.mark.browser


# ---- with the default language model --------------------------------------------------


@pytest.fixture
def chat(seeds_index: Path) -> Iterator[str]:
    """A chat with the default language model."""
    with served("--index", str(seeds_index)) as url:
        yield url


@pytest.mark.main
@pytest.mark.real
def test_ask_watch_open_a_citation_follow_up_and_refusal(chat: str, opened: Opener) -> None:
    page = opened(chat)
    expect(page.locator(".hello .label").first).to_have_text("5 articles, 13 to 30 March 2022")
    expect(page.locator("#rail-foot")).to_contain_text("Only on this computer", timeout=LONG)  # the models are loaded
    ask(page, "How long did the negotiators meet in Istanbul, and who led the Russian side?", wait=False)
    expect(page.locator(".steps")).to_contain_text(re.compile(r"Reading \d+ passages"), timeout=LONG)
    expect(page.locator(".nearest figcaption")).to_contain_text("Nearest so far: ")
    assert "three hours" not in page.locator("#page-ask").inner_text(), "no word is shown before it was checked"
    page.screenshot(path=SHOTS / "working.png")
    # A second question waits, and a reload loses neither.
    ask(page, "And what is his job?", wait=False)
    expect(page.locator("#working h2")).to_have_text(
        ["How long did the negotiators meet in Istanbul, and who led the Russian side?", "And what is his job?"]
    )
    page.reload()
    expect(page.locator(".answer")).to_have_count(2, timeout=2 * LONG)
    expect(page.locator(".nearest")).to_have_count(0)
    expect(page.locator(".answer").first).to_contain_text("three hours")
    expect(page.locator(".answer").last).to_contain_text("negotiator")
    cite = page.locator(".said .cite").first
    cite.hover()
    expect(page.locator("#tip")).to_contain_text("three-hour talks")
    expect(page.locator("#tip")).to_contain_text("The Moscow Times, 30 March 2022")
    page.locator(".srcs summary").first.click()
    quote = page.locator(".srcs blockquote").first.inner_text()
    cite.click()
    expect(page.locator("mark.current")).to_be_in_viewport()
    assert " ".join(page.locator("mark.current").first.inner_text().split()) == quote
    page.screenshot(path=SHOTS / "answer.png")
    page.get_by_role("button", name="How it was answered").last.click()
    expect(page.locator(".how").last).to_contain_text("Medinsky")
    ask(page, "What is the capital of Australia?")
    expect(page.locator(".nosay")).to_contain_text("Your articles don’t say.")
    page.screenshot(path=SHOTS / "refusal.png")


@pytest.mark.real
def test_a_question_is_stopped_and_asked_again(chat: str, opened: Opener) -> None:
    page = opened(chat)
    expect(page.locator("#rail-foot")).to_contain_text("Only on this computer", timeout=LONG)
    ask(page, "What is the difference between what Peskov said in mid-March and at the end of March?", wait=False)
    expect(page.locator("#working .now")).to_contain_text("Reading", timeout=LONG)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped before there was an answer.")).to_be_visible(timeout=LONG)
    other = opened(chat)  # the model is free again, for everyone
    ask(other, "Who is Russia's chief negotiator?")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".answer")).to_have_count(1, timeout=2 * LONG)
    expect(page.get_by_text("Stopped before there was an answer.")).to_have_count(0)
    page.screenshot(path=SHOTS / "statements.png")


# ---- the rest, without one ----------------------------------------------------------------


def test_quotes_are_stepped_through_by_keyboard(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    ask(page, "What did Peskov and Podolyak each say about the talks?")
    page.locator(".answer .cite").first.focus()
    expect(page.locator("#tip")).to_be_visible()
    page.keyboard.press("Enter")
    quotes = [" ".join(text.split()) for text in page.locator(".srcs blockquote").all_text_contents()]
    where = page.locator("#drawer .where small")
    expect(where).to_have_text(f"Quote 1 of {len(quotes)}")
    assert len(quotes) >= 2 and page.locator("mark.other").count() >= 1
    for place, quote in ((2, quotes[1]), (3, quotes[2])):
        page.keyboard.press("ArrowRight")
        expect(where).to_have_text(f"Quote {place} of {len(quotes)}")
        assert " ".join(" ".join(page.locator("mark.current").all_inner_texts()).split()) == quote
    page.keyboard.press("ArrowLeft")
    expect(where).to_have_text(f"Quote 2 of {len(quotes)}")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    assert page.evaluate("document.activeElement.className") == "cite", "the focus is where it came from"
    page.get_by_role("button", name="articles read").click()
    page.locator(".timeline .dot").first.click()
    expect(page.locator("#drawer h2")).to_contain_text("Russia, Ukraine to Resume Conflict Talks")
    page.keyboard.press("Control+k")
    expect(page.locator(".hello")).to_be_visible()
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()


def test_nothing_in_an_article_a_question_or_an_answer_runs_or_fetches(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    ask(
        page,
        "<img src=x onerror=\"document.title='owned'\"> ${document.title='owned'} {{value}} Who opened the Velden lighthouse?",
    )
    expect(page.get_by_text("{{value}} Who opened").first).to_be_visible()
    ask(page, "Who opened the Velden lighthouse?")
    expect(page.locator(".answer").last).to_contain_text("Ilse Marten")
    page.locator(".answer").last.locator(".cite").first.click()
    expect(page.locator("#drawer h2")).to_contain_text("<script>")
    expect(page.locator("#drawer .text")).to_contain_text("![picture](http://198.51.100.7/pixel.png)")
    page.get_by_role("button", name="How it was answered").last.click()
    page.get_by_role("button", name="Articles 6").click()
    box = page.get_by_role("textbox", name="Search the articles")
    box.fill("lighthouse <script>alert(1)</script>")
    box.press("Enter")
    expect(page.locator(".hits mark").first).to_have_text("lighthouse")
    assert page.title() == "Ask the articles"
    assert page.locator(".answer :is(script, img), #drawer :is(img, script, iframe), #listing img").count() == 0
    assert page.locator("a[href^='javascript:']").count() == 0


def test_only_articles_of_the_collection_can_be_opened(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    ask(page, "Who is Medinsky?")
    for name in ("../../../../etc/passwd", "/etc/passwd", "nothing"):
        page.locator(".cite").first.evaluate("(cite, name) => { cite.dataset.article = name; }", name)
        page.locator(".cite").first.click()
        expect(page.locator("#drawer")).to_contain_text("There is no such article")
        assert "root:" not in page.content()


def test_limits_hold_for_the_next_question(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    page.get_by_text("Any date").click()
    page.get_by_label("From").fill("2022-03-28")
    page.get_by_label("To", exact=True).fill("2022-03-28")
    expect(page.locator("#choices [data-for=days] summary")).to_have_text("from 2022-03-28 to 2022-03-28")
    ask(page, "What did Peskov say about the talks?")
    expect(page.locator(".understood")).to_have_text("Only from 28 March 2022 to 28 March 2022.")
    cited = page.locator(".srcs .day").all_text_contents()
    assert cited and set(cited) == {"28 Mar 2022"}
    page.get_by_text("from 2022-03-28").click()
    page.get_by_label("From").fill("2024-01-01")
    page.get_by_label("To", exact=True).fill("")
    page.get_by_text("All sources").first.click()
    page.get_by_role("combobox", name="Source").select_option("Newsweek")
    ask(page, "What did Peskov say about the talks?")
    expect(page.locator(".nosay")).to_contain_text("no articles of Newsweek, from 1 January 2024 on")


def test_articles_are_added_found_removed_and_brought_back(
    tmp_path: Path, embedder: SentenceTransformerEmbedder, opened: Opener
) -> None:
    build(tmp_path / "ix", [seeds()], embedder)
    (tmp_path / "ferry.txt").write_text("The ferry Aurora sank off Turku on 3 May 2023, Liisa Virtanen said.", "utf-8")
    (tmp_path / "empty.txt").write_text(" ", "utf-8")
    with served("--model", "none", "--index", str(tmp_path / "ix")) as url:
        page = opened(url)
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".nosay")).to_be_visible()
        page.locator(".top").get_by_role("button", name="Add articles").click()
        page.locator("#add").get_by_text("Add articles", exact=True).click()
        page.locator("input[type=file]").set_input_files([tmp_path / "ferry.txt", tmp_path / "empty.txt"])
        expect(page.get_by_role("cell", name="empty.txt")).to_be_visible(timeout=LONG)
        page.get_by_role("textbox", name="Or paste a text").fill("Snow closed the Brenner pass for nine hours.")
        page.get_by_role("textbox", name="Title").fill("Snow")
        page.get_by_role("textbox", name="Source").fill("The Brenner Post")
        page.get_by_role("textbox", name="Date").fill("9 January")
        page.get_by_role("button", name="Add to the collection").click()
        expect(page.locator("#report")).to_contain_text("Date is '9 January', not a day.", timeout=LONG)
        expect(page.get_by_role("textbox", name="Title")).to_have_value("Snow")  # to be put right
        page.get_by_role("textbox", name="Date").fill("2024-01-09")
        page.get_by_role("button", name="Add to the collection").click()
        expect(page.locator("#report")).to_contain_text("7 articles", timeout=LONG)
        expect(page.locator("#report")).to_contain_text("empty.txt: no text in it")
        assert "true" not in page.locator("#report").inner_text()
        for name in ("Title", "Date", "Or paste a text"):
            expect(page.get_by_role("textbox", name=name)).to_have_value("")
        expect(page.get_by_role("button", name="Articles 7")).to_be_visible()
        page.screenshot(path=SHOTS / "added.png", full_page=True)
        other = opened(url)  # a page that is opened later has what was added since the program began
        expect(other.get_by_role("button", name="Articles 7")).to_be_visible()
        expect(other.locator(".hello .label").first).to_contain_text("7 articles")
        for each in (page, other):
            expect(each.locator("#limit-source option", has_text="The Brenner Post")).to_have_count(1)
        page.get_by_role("button", name="Ask", exact=True).first.click()
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".answer").last).to_contain_text("off Turku")
    assert not (seeds() / "ferry.txt").exists()
    with served("--model", "none", "--index", str(tmp_path / "ix")) as url:
        page = opened(url)
        page.get_by_role("button", name="Articles 7").click()
        page.get_by_role("button", name="Remove Snow").click()
        expect(page.locator("#report")).to_contain_text("6 articles", timeout=LONG)
        expect(page.get_by_role("button", name="Remove Snow")).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Remove Snow")).to_have_count(1, timeout=LONG)
        page.get_by_role("button", name=re.compile("^Remove .*ferry", re.I)).click()
        expect(page.get_by_role("button", name="Articles 6")).to_be_visible(timeout=LONG)
        page.get_by_role("button", name="Ask", exact=True).first.click()
        ask(page, "How long was the Brenner pass closed?")
        expect(page.locator(".answer").last).to_contain_text("nine hours")
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".answer").last.locator(".nosay")).to_be_visible()
