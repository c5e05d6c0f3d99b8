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
    expect(page.locator(".hits mark").first).to_have_text(re.compile("lighthouse|script|alert"))
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
    page.get_by_label("From", exact=True).fill("2022-03-28")
    page.get_by_label("To", exact=True).fill("2022-03-28")
    expect(page.locator("#choices [data-for=days] summary")).to_have_text("from 2022-03-28 to 2022-03-28")
    ask(page, "What did Peskov say about the talks?")
    expect(page.locator(".understood")).to_have_text("Only from 28 March 2022 to 28 March 2022.")
    cited = page.locator(".srcs .day").all_text_contents()
    assert cited and set(cited) == {"28 Mar 2022"}
    page.get_by_text("from 2022-03-28").click()
    page.get_by_label("From", exact=True).fill("2024-01-01")
    page.get_by_label("To", exact=True).fill("")
    page.get_by_text("All sources").first.click()
    page.get_by_role("combobox", name="Source").select_option("Newsweek")
    ask(page, "What did Peskov say about the talks?")
    expect(page.locator(".nosay")).to_contain_text("no articles of Newsweek, from 1 January 2024 on")
