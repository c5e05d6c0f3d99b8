"""Past chats in the browser: their addresses and names, two pages on one of them, and what is saved of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from browsing import LONG, Opener, ask
from playwright.sync_api import expect

from eval import golden
from index.store.sqlite import Store

pytestmark = pytest.mark.browser


def test_a_chat_has_an_address_a_name_and_can_be_deleted_with_undo(quick_chat: str, opened: Opener) -> None:
    mine, theirs = opened(quick_chat), opened(quick_chat)
    ask(mine, "Who is Russia's chief negotiator?")
    first = mine.url
    assert re.search(r"\?chat=[0-9a-f]{32}$", first)
    ask(theirs, "Who is Iryna Vereshchuk?")
    ask(mine, "Who is Leonid Slutsky?")
    mine.reload()
    expect(mine.locator(".answer")).to_have_count(2, timeout=LONG)
    expect(mine.locator("#thread")).to_contain_text("Who is Russia's chief negotiator?")
    expect(mine.locator("#thread")).not_to_contain_text("Vereshchuk?")
    expect(theirs.locator(".answer")).to_have_count(1)
    mine.get_by_role("button", name="New question").first.click()
    expect(mine.locator(".hello")).to_be_visible()
    ask(mine, "What was reported on Mariupol?")
    assert mine.url != first
    mine.go_back()
    mine.go_back()
    expect(mine.locator("#thread")).to_contain_text("Who is Leonid Slutsky?", timeout=LONG)
    assert mine.url == first
    chats = mine.locator("#chats")
    mine.get_by_role("searchbox", name="Search chats").fill("slutsky?")
    expect(chats.get_by_role("link", name="Mariupol")).to_have_count(0)
    expect(chats.get_by_role("link", name="chief negotiator")).to_have_count(1)
    mine.get_by_role("searchbox", name="Search chats").fill("")
    expect(chats.get_by_role("link", name="Mariupol")).to_have_count(1)
    row = chats.locator(".chat-row.on")
    row.hover()
    row.locator("summary").click()
    row.get_by_role("menuitem", name="Rename").click()
    chats.get_by_role("textbox", name="New name of the chat").fill("The negotiators")
    mine.keyboard.press("Enter")
    expect(chats.get_by_role("link", name="The negotiators")).to_have_count(1)
    expect(mine.locator(".top h1")).to_have_text("The negotiators")
    row.hover()
    row.locator("summary").click()
    row.get_by_role("menuitem", name="Delete").click()
    expect(chats.get_by_role("link", name="The negotiators")).to_have_count(0)
    expect(mine.locator(".hello")).to_be_visible()
    mine.get_by_role("button", name="Undo").click()
    expect(mine.locator("#thread")).to_contain_text("Who is Leonid Slutsky?")
    expect(chats.get_by_role("link", name="The negotiators")).to_have_count(1)


def test_two_pages_on_one_chat_lose_nothing(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    ask(page, "Who is Russia's chief negotiator?")
    other = page.context.new_page()
    other.asked = []  # type: ignore[attr-defined]
    other.goto(page.url)
    expect(other.locator(".answer")).to_have_count(1, timeout=LONG)
    ask(other, "Who is Leonid Slutsky?")
    ask(page, "Who is Iryna Vereshchuk?", wait=False)
    expect(page.locator(".answer")).to_have_count(3, timeout=LONG)
    other.reload()
    expect(other.locator(".turn > h2")).to_have_text(
        ["Who is Russia's chief negotiator?", "Who is Leonid Slutsky?", "Who is Iryna Vereshchuk?"], timeout=LONG
    )


def test_a_chat_is_saved_copied_and_a_thumb_becomes_a_draft_golden_question(
    quick_chat: str, markup_index: Path, opened: Opener
) -> None:
    page = opened(quick_chat)
    ask(page, "Who is Vladimir Medinsky?")
    row = page.locator(".chat-row.on")
    texts = {}
    for kind, suffix in (("Save as Markdown", "md"), ("Save as a web page", "html"), ("Save as JSON", "json")):
        row.hover()
        row.locator("summary").click()
        with page.expect_download() as saved:
            row.get_by_role("menuitem", name=kind).click()
        assert saved.value.suggested_filename == f"chat.{suffix}"
        texts[suffix] = Path(saved.value.path()).read_text("utf-8")
        page.keyboard.press("Escape")
    assert "[^1]: “" in texts["md"] and "The Moscow Times, 2022" in texts["md"] and "<blockquote>" in texts["html"]
    assert json.loads(texts["json"])["exchanges"][0]["answer"]["citations"][0]["quote"]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".copy summary").click()
    page.get_by_role("menuitem", name="Copy as BibTeX").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("@article{themoscowtimes2022-1,")
    page.get_by_role("button", name="Good answer").click()
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("textbox", name="Why? (optional)").fill("names his job")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("Thank you. It is kept in")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("textbox", name="Why? (optional)")).to_be_hidden(timeout=LONG)
    kept = golden.load(markup_index / "feedback.jsonl", {a.id: a for a in Store(markup_index).articles()})
    mine = next(q for q in kept if q.question == "Who is Vladimir Medinsky?")
    assert not mine.reviewed and mine.quotes and "names his job" in mine.why and mine.refuse == "never"
