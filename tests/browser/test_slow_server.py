"""Clicks on a slow server: each counts, whatever comes later than it should.

The answers to a call of the page are held back here, as a busy machine does it, until the person has clicked on.
"""

from __future__ import annotations

import json
import re

import pytest
from browsing import LONG, Opener, ask
from playwright.sync_api import APIResponse, Page, Route, expect

pytestmark = pytest.mark.browser


class Held:
    """Answers to one call of a page that have been made, and wait until they are let go."""

    def __init__(self, page: Page, url: str, name: str) -> None:
        config = page.request.get(f"{url}config").json()
        self._number = next(d["id"] for d in config["dependencies"] if d["api_name"] == name)
        self._page, self._waiting = page, list[tuple[Route, APIResponse]]()
        self._open = False
        page.route(re.compile("gradio_api/run/"), self._route)

    def _route(self, route: Route) -> None:
        if self._open or json.loads(route.request.post_data or "{}").get("fn_index") != self._number:
            route.continue_()
        else:
            self._waiting.append((route, route.fetch()))

    def wait(self) -> None:
        """Until there is one."""
        for _ in range(600):
            if self._waiting:
                return
            self._page.wait_for_timeout(50)
        raise AssertionError("the page did not make the call")

    def release(self) -> None:
        """Let them go, and all that come later."""
        self._open = True
        for route, response in self._waiting:
            route.fulfill(response=response)


def test_a_form_stays_open_and_keeps_what_was_typed_where_the_list_comes_late(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    late = Held(page, quick_chat, "refreshed")
    page.reload()
    page.locator("#rail [data-page-go=articles]").click()
    page.get_by_role("button", name=re.compile("^Add a source to Kremlin: 'No significant progress")).click()
    source = page.get_by_role("textbox", name="Source")
    expect(source).to_be_focused()
    source.fill("The Kyiv")
    late.wait()
    late.release()
    late = Held(page, quick_chat, "narrowed")
    page.get_by_label("Published from").fill("2022-03-21")
    late.wait()
    expect(source).to_have_value("The Kyiv")
    late.release()
    expect(page.locator("#listing .rows > li")).to_have_count(5)
    expect(source).to_be_focused()
    source.press_sequentially(" Wire")
    expect(source).to_have_value("The Kyiv Wire")
    page.get_by_role("button", name="Cancel").click()
    expect(source).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Edit .* of Kremlin: 'No significant"))).to_be_focused()


def test_the_articles_and_the_person_chosen_last_are_shown(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    page.locator("#rail [data-page-go=articles]").click()
    slow = Held(page, quick_chat, "narrowed")
    page.get_by_role("button", name="Newsweek 1").click()
    slow.wait()
    page.get_by_role("button", name=re.compile("^The Moscow Times 3")).click()
    slow.release()
    expect(page.locator("#listing .rows > li")).to_have_count(3)
    expect(page.locator("#listing")).not_to_contain_text("Newsweek")
    page.locator("#rail [data-page-go=people]").click()
    expect(page.locator(".byday").first).to_be_visible(timeout=LONG)
    slow = Held(page, quick_chat, "person")
    page.locator(".who-list").get_by_role("button", name="Iryna Vereshchuk").click()
    slow.wait()
    page.locator(".who-list").get_by_role("button", name="Vladimir Medinsky").click()
    slow.release()
    expect(page.get_by_role("heading", name="Everything Vladimir Medinsky said, by day")).to_be_visible()


def test_a_question_asked_before_the_first_is_taken_is_asked_in_the_same_chat(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    slow = Held(page, quick_chat, "put")
    box = page.get_by_role("textbox", name="Question")
    ask(page, "Who is Vladimir Medinsky?", wait=False)
    slow.wait()
    expect(box).to_have_value("")
    ask(page, "Who is Leonid Slutsky?", wait=False)
    slow.release()
    expect(page.locator(".turn > h2")).to_have_text(["Who is Vladimir Medinsky?", "Who is Leonid Slutsky?"])
    expect(page.locator(".answer")).to_have_count(2, timeout=LONG)
    expect(box).to_have_value("")


def test_the_chat_picked_last_is_shown_and_both_that_are_deleted_are_gone(quick_chat: str, opened: Opener) -> None:
    page = opened(quick_chat)
    for question in ("Who is Vladimir Medinsky?", "Who is Leonid Slutsky?"):
        ask(page, question)
        page.get_by_role("button", name="New question").first.click()
        expect(page.locator(".answer")).to_have_count(0)
    rows = page.locator("#chats .chat-row")
    slow = Held(page, quick_chat, "picked")
    rows.nth(0).get_by_role("link").click()
    slow.wait()
    rows.nth(1).get_by_role("link").click()
    slow.release()
    expect(page.locator("#thread h2")).to_have_text("Who is Vladimir Medinsky?")
    before = rows.count()
    slow = Held(page, quick_chat, "deleted")
    for row in (rows.nth(0), rows.nth(1)):
        row.hover()
        row.locator("summary").click()
        row.get_by_role("menuitem", name="Delete").click()
    slow.wait()
    slow.release()
    expect(rows).to_have_count(before - 2)
