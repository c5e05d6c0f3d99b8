"""What the page looks like in the browser: its first view, settings, themes and widths, and that everyone can use it."""

from __future__ import annotations

import pytest
from browsing import LONG, SHOTS, Opener, accessible, ask, no_overflow
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_the_first_view_offers_questions_that_have_an_answer(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    starters = page.locator(".starters button")
    expect(starters).not_to_have_count(0, timeout=LONG)
    expect(page.locator(".bysource li").first).to_contain_text("The Moscow Times")
    places = page.locator(".glance section", has_text="Places named most")
    expect(places.locator(".pill", has_text="Ukraine")).to_be_visible(timeout=LONG)
    expect(page.locator("#settings")).to_be_hidden()
    starters.first.click()
    expect(page.locator(".answer .cite")).not_to_have_count(0, timeout=LONG)


def test_how_sure_an_answer_must_be_is_kept_and_goes_with_the_question(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="Strict").click()
    page.reload()
    ask(page, "Who is Vladimir Medinsky?")
    expect(page.locator(".understood")).to_have_text("Asked strictly: refused unless very likely right.")
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("radio", name="Strict")).to_be_checked()
    page.get_by_role("radiogroup", name="How sure an answer must be").get_by_role("radio", name="Normal").click()
    page.get_by_role("button", name="New question").first.click()
    expect(page.locator(".answer")).to_have_count(0, timeout=LONG)
    ask(page, "Who is Vladimir Medinsky?")
    expect(page.locator(".understood")).to_have_count(0)


def test_theme_and_text_size_are_kept(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    page.get_by_role("button", name="Settings").click()
    expect(page.locator("#settings")).to_contain_text("no language model")
    expect(page.locator('[data-use=model][data-value="none"]')).to_have_attribute("aria-checked", "true")
    page.get_by_role("radio", name="Dark").click()
    page.get_by_role("radio", name="Large").click()
    page.reload()
    expect(page.get_by_role("textbox", name="Question")).to_be_visible(timeout=LONG)
    expect(page.locator("body.dark")).to_have_count(1)
    expect(page.locator("html.large")).to_have_count(1)


@pytest.mark.parametrize(("width", "height", "dark"), [(360, 740, True), (1920, 1080, False)])
def test_every_width_fits_and_is_accessible(
    quick_chat: str, opened: Opener, width: int, height: int, dark: bool
) -> None:
    page = opened(quick_chat, width, height, dark)
    name = f"{width}{'-dark' if dark else ''}"
    expect(page.locator(".starters button")).not_to_have_count(0, timeout=LONG)
    no_overflow(page)
    accessible(page)
    page.screenshot(path=SHOTS / f"start-{name}.png")
    ask(page, "What did Peskov and Podolyak each say about the talks?")
    page.locator(".cite").first.click()
    expect(page.locator("mark.current")).to_be_in_viewport()
    no_overflow(page)
    accessible(page)
    page.screenshot(path=SHOTS / f"source-{name}.png")
    page.get_by_role("button", name="Close the source").click()
    page.locator("details.fold.srcs > summary").click()
    page.locator("details.src > summary").first.click()
    sources = page.locator("details.src > summary").all()
    assert all(source.evaluate("(e) => e.scrollWidth <= e.clientWidth") for source in sources if source.is_visible())
    ask(page, f"What is the capital of Australia, {'unbreakable' * 15}?")
    for more in page.locator(".more").all():
        more.click()
    no_overflow(page)
    accessible(page)
    page.screenshot(path=SHOTS / f"folds-{name}.png", full_page=True)
    for target in ("Articles 6", "People", "Settings"):
        if width < 1200:
            page.get_by_role("button", name="Chats and pages").click()
            accessible(page)
            page.screenshot(path=SHOTS / f"rail-{name}.png")
        page.get_by_role("button", name=target).click()
        no_overflow(page)
        accessible(page)
        page.screenshot(path=SHOTS / f"{target.split()[0].lower()}-{name}.png")
