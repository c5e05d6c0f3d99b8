"""The chat as a person uses it: a real server, a real browser, the real default model."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import served
from playwright.sync_api import Page, expect, sync_playwright

SHOTS = Path(__file__).parent / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.real]
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def address(seeds_index: Path) -> Iterator[str]:
    with served("--index", str(seeds_index)) as url:
        yield url


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        tab = browser.new_page(viewport={"width": 1100, "height": 800})
        tab.asked = []  # type: ignore[attr-defined]
        tab.on("request", lambda request: tab.asked.append(request.url))  # type: ignore[attr-defined]
        tab.goto(address)
        yield tab
        browser.close()


def ask(page: Page, question: str) -> None:
    box = page.get_by_role("textbox", name="Question")
    box.fill(question)
    box.press("Enter")


def test_an_answer_with_its_sources_then_a_refusal(page: Page, address: str) -> None:
    ask(page, "How long did the negotiators meet in Istanbul, and who led the Russian side?")
    expect(page.locator(".sources blockquote").first).to_contain_text("three-hour talks", timeout=120_000)
    expect(page.locator(".chip").first).to_have_text("1")
    expect(page.get_by_text("The Moscow Times, 2022-03-30").first).to_be_visible()
    page.screenshot(path=SHOTS / "answer.png")
    ask(page, "What is the capital of Australia?")
    expect(page.locator(".refusal")).to_contain_text("The articles do not say", timeout=120_000)
    page.screenshot(path=SHOTS / "refusal.png")
    foreign = [url for url in page.asked if not re.match(rf"^({re.escape(address)}|data:|blob:)", url)]  # type: ignore[attr-defined]
    assert foreign == [], "no request leaves the machine"


def test_markup_in_a_question_is_text(page: Page) -> None:
    ask(page, "<img src=x onerror=\"document.title='owned'\"> Who is <b>Medinsky</b>?")
    expect(page.locator(".refusal, .sources").first).to_be_visible(timeout=120_000)
    assert page.title() != "owned" and page.locator("img[src=x]").count() == 0


def test_a_narrow_window_does_not_overflow(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 362
    page.screenshot(path=SHOTS / "narrow.png")
