"""A person's browser: what the tests of the page do in Chromium. Screenshots of each state go to tests/screenshots/."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

SHOTS = Path(__file__).parent / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LONG = 120_000
Opener = Callable[..., Page]


def ask(page: Page, question: str, wait: bool = True) -> None:
    said = page.locator(".answer").count()
    box = page.get_by_role("textbox", name="Question")
    box.fill(question)
    box.press("Enter")
    if wait:
        expect(page.locator(".answer")).to_have_count(said + 1, timeout=LONG)


def foreign(page: Page, url: str) -> list[str]:
    return [asked for asked in page.asked if not re.match(rf"^({re.escape(url)}|data:|blob:)", asked)]  # type: ignore[attr-defined]


def no_overflow(page: Page) -> None:
    """Nothing reaches over the window's right edge: also not where it would be cut off there."""
    page.wait_for_timeout(300)
    over = page.evaluate(
        """() => [...document.querySelectorAll('.gradio-container *')]
            .filter((e) => e.checkVisibility() && !e.closest('.unseen, [tabindex="-1"]') && e.getBoundingClientRect().right > innerWidth + 1)
            .map((e) => e.outerHTML.slice(0, 160))"""
    )
    assert over == [], over


def accessible(page: Page) -> None:
    """Axe finds nothing serious in what is shown, in either theme."""
    shown = page.evaluate("document.body.classList.contains('dark')")
    for dark in (not shown, shown):
        page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
        page.wait_for_timeout(300)
        found = Axe().run(page).response["violations"]
        serious = [
            (v["id"], [node["html"][:200] for node in v["nodes"]])
            for v in found
            if v["impact"] in ("serious", "critical")
        ]
        assert not serious, ("dark" if dark else "light", serious)
