"""Answers in the browser: by day with their quotes, in a column that stays where it is."""

from __future__ import annotations

import pytest
from browsing import Opener, accessible, ask, no_overflow
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def column(page: Page) -> tuple[float, float]:
    """Where the question box begins, and its width."""
    box = page.locator("#composer").bounding_box()
    assert box
    return box["x"], box["width"]


@pytest.mark.parametrize(("width", "dark"), [(360, True), (1920, False)])
def test_what_changed_stands_by_day_and_each_point_of_its_timeline_opens_in_its_article(
    quick_chat: str, opened: Opener, width: int, dark: bool
) -> None:
    page = opened(quick_chat, width, 900, dark)
    ask(page, "What changed since 22 March 2022 on the talks?")
    days = page.locator(".days time").all_inner_texts()
    assert len(days) > 1 and {day[-8:] for day in days} == {"Mar 2022"}
    assert [int(day.split()[0]) for day in days] == sorted(int(day.split()[0]) for day in days)
    page.get_by_role("button", name="articles read").click()
    points = page.get_by_role("list", name="What was said and reported, by day")
    told = [text.removesuffix("ch 2022") + " 2022" for text in points.locator("b").all_inner_texts()]
    assert sorted(set(told)) == sorted(set(days))
    no_overflow(page)
    accessible(page)
    quote = points.get_by_role("button").last
    said = " ".join(quote.inner_text().split()).strip("“”")
    quote.click()
    expect(page.locator("mark.current").first).to_be_in_viewport()
    assert " ".join(" ".join(page.locator("mark.current").all_inner_texts()).split()) == said


def test_the_column_stays_where_it_is_between_pages_and_answers(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat, 1600, 900)
    at = column(page)
    ask(page, "Who is Vladimir Medinsky?")
    assert column(page) == at
    first = page.locator(".turn").first.bounding_box()
    ask(page, "What changed since 22 March 2022 on the talks?")
    expect(page.locator(".days")).to_be_visible()
    assert column(page) == at
    after = page.locator(".turn").first.bounding_box()
    assert first and after and (first["x"], first["width"]) == (after["x"], after["width"])
    for target in ("Articles 6", "People", "Settings", "Ask"):
        page.locator("#rail").get_by_role("button", name=target).first.click()
    assert column(page) == at
    shown = [page.locator("#main").bounding_box()]
    page.locator("#rail").get_by_role("button", name="Articles 6").click()
    shown.append(page.locator("#main").bounding_box())
    assert shown[0] and shown[1] and shown[0]["width"] == shown[1]["width"]
