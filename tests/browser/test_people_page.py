"""The page of people in the browser: who is quoted, and what each said, by day, with its place in the article."""

from __future__ import annotations

import pytest
from browsing import LONG, Opener, accessible, no_overflow
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def to_people(page: Page, narrow: bool = False) -> None:
    if narrow:
        page.get_by_role("button", name="Chats and pages").click()
    page.locator("#rail [data-page-go=people]").click()
    expect(page.locator(".byday").first).to_be_visible(timeout=LONG)


def test_everything_a_person_said_stands_by_day_and_opens_where_it_was_said(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    to_people(page)
    page.locator(".who-list").get_by_role("button", name="Dmitry Peskov").click()
    expect(page.get_by_role("heading", name="Everything Dmitry Peskov said, by day")).to_be_visible()
    days = page.locator(".byday header b").all_inner_texts()
    assert days[0] == "30 March 2022" and days[-1] == "21 March 2022"
    everything = page.locator(".byday li").count()
    page.get_by_role("button", name="In quotation marks").click()
    expect(page.locator(".byday li.told")).to_have_count(0)
    direct = page.locator(".byday li").count()
    page.get_by_role("button", name="Reported").click()
    expect(page.locator(".byday li:not(.told)")).to_have_count(0)
    assert direct and page.locator(".byday li").count() == everything - direct > 0
    said = page.locator(".byday blockquote").first.inner_text()
    page.locator(".byday [data-article]").first.click()
    expect(page.locator("mark.current").first).to_be_in_viewport()
    assert " ".join(page.locator("mark.current").first.inner_text().split()) == said
    page.keyboard.press("Escape")
    page.locator(".who-list").get_by_role("button", name="Iryna Vereshchuk").click()
    expect(page.get_by_role("heading", name="Everything Iryna Vereshchuk said, by day")).to_be_visible()
    page.get_by_role("button", name="Ask about Vereshchuk").click()
    expect(page.locator(".turn h2")).to_have_text("What did Iryna Vereshchuk say?", timeout=LONG)


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1920, True)])
def test_people_fit_and_are_accessible(quick_chat: str, opened: Opener, width: int, dark: bool) -> None:
    page = opened(quick_chat, width, 900, dark)
    to_people(page, narrow=width < 1200)
    no_overflow(page)
    accessible(page)
