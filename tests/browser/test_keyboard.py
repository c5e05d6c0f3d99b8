"""The page by keyboard alone: everything that can be clicked is reached with Tab, and a question is asked, read and closed."""

from __future__ import annotations

import pytest
from browsing import LONG, Opener, ask
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

CONTROLS = "button, a[href], input, select, textarea, summary, [data-act], [data-article], [role=button], [role=radio]"
# Of a group of radio buttons Tab reaches the chosen one; the arrows go on from there.
_MISSED = """(controls) => [...document.querySelectorAll(controls)]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && !e.dataset.reached && e.type !== "file"
        && !(e.matches("[role=radio], [type=radio]") && e.tabIndex < 0))
    .map((e) => e.outerHTML.slice(0, 200))"""
_REACHED = """() => {
    const e = document.activeElement;
    if (!e || e === document.body || e.dataset.reached) return false;
    e.dataset.reached = "yes";
    return true;
}"""


def missed(page: Page) -> list[str]:
    """What can be clicked, and is not reached by Tab from the top of the page on."""
    page.evaluate("() => { for (const e of document.querySelectorAll('[data-reached]')) delete e.dataset.reached; }")
    page.wait_for_timeout(500)  # what comes late has come
    page.locator("body").click(position={"x": 1, "y": 1})  # Tab goes on from the top of the page
    again = 0
    for _ in range(400):
        page.keyboard.press("Tab")
        again = 0 if page.evaluate(_REACHED) else again + 1
        if again == 12:  # the end of the page, and its beginning once more; a date has several stops
            break
    found: list[str] = page.evaluate(_MISSED, CONTROLS)
    return found


def test_whatever_can_be_clicked_is_reached_with_tab(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    expect(page.locator(".starters button")).not_to_have_count(0, timeout=LONG)
    assert missed(page) == []
    ask(page, "Who is Vladimir Medinsky?")
    page.locator(".cite").first.click()
    expect(page.locator("mark.current")).to_be_in_viewport()
    assert missed(page) == []
    page.keyboard.press("Escape")
    for name, shown in (("Articles 6", "#listing .rows"), ("People", "#people"), ("Settings", "#settings")):
        page.get_by_role("button", name=name).first.click()
        expect(page.locator(shown)).to_be_visible(timeout=LONG)
        assert missed(page) == [], name


def test_a_question_is_asked_and_its_source_read_with_the_keys_alone(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()
    page.keyboard.type("Who is Vladimir Medinsky?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer .cite")).not_to_have_count(0, timeout=LONG)
    page.locator(".answer .cite").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("mark.current")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("mark.current")).to_be_hidden()
    expect(page.locator(".answer .cite").first).to_be_focused()
    page.locator("details.src > summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.src[open]")).to_have_count(1)


def test_one_fact_is_short_and_its_beginning_stays_in_view(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat, 1440, 900)
    for _ in range(3):  # the thread is longer than the window then
        ask(page, "Who is Vladimir Medinsky?")
    last = page.locator(".turn").last
    expect(last.locator("h2")).to_be_in_viewport()
    expect(last.locator(".said")).to_be_in_viewport(ratio=1)
    sources = last.locator(".srcs > details")
    heights = [box["height"] for box in (one.bounding_box() for one in sources.all()) if box]
    assert heights and max(heights) < 60, "a source is one line until it is opened"
