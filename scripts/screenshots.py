"""Pictures of every view of the chat, over the articles in seeds/ and with the default model: `make screenshots`.

They go to docs/views/, one file a view, width and theme; README shows three of them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from eval.serve import chat
from index.build import build
from rag import embedders
from rag.config import DEFAULT_EMBEDDER, seeds

OUT = Path(__file__).parent.parent / "docs" / "views"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LONG = 300_000  # milliseconds; the model may be slow
FACT = "How long did the negotiators meet in Istanbul, and who led the Russian side?"
SEVERAL = "How did the Kremlin's view of the talks change over March?"
NOTHING = "How many Russian soldiers had died?"
SIZES = (("wide-light", 1440, 900, "light"), ("wide-dark", 1440, 900, "dark"), ("phone-light", 390, 844, "light"))


def main() -> int:
    """Take all pictures; 0."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        index = Path(folder) / "seeds"
        build(index, [seeds()], embedders.load(DEFAULT_EMBEDDER))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with chat("--index", str(index)) as (url, _):
            answered = ""
            for name, width, height, scheme in SIZES:
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,  # type: ignore[arg-type]
                )
                page = context.new_page()
                answered = _views(page, url, answered, lambda view, page=page, name=name: _take(page, f"{view}-{name}"))
                context.close()
        browser.close()
    return 0


def _views(page: Page, url: str, answered: str, take: Callable[[str], None]) -> str:
    """Every view once; the address of the chat with the answers, which later rounds open instead of asking again."""
    page.goto(url)
    page.wait_for_selector(".starters button", timeout=LONG)
    take("first-view")
    if answered:
        page.goto(answered)
        page.wait_for_selector(".answer", timeout=LONG)
    else:
        _ask(page, FACT)
        page.wait_for_selector(".nearest", timeout=LONG)
        take("working")
        _answers(page, 1)
        answered = page.url
    page.locator(".said .cite").first.click()
    page.wait_for_selector("mark.current", timeout=LONG)
    take("answer")
    page.keyboard.press("Escape")
    for view, question in (("comparison", SEVERAL), ("no-answer", NOTHING)):
        page.goto(f"{url}?chat={_other(page, question)}" if _other(page, question) else url)
        page.wait_for_selector(".answer, .hello", timeout=LONG)
        if not page.locator(".answer").count():
            _ask(page, question)
            _answers(page, 1)
        take(view)
    page.evaluate("document.querySelector('#rail [data-page-go=articles]').click()")
    take("articles")
    page.get_by_role("textbox", name="Search the articles").fill("meeting of the presidents")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hits", timeout=LONG)
    take("search")
    page.evaluate("document.querySelector('[data-page-go=settings]').click()")
    take("settings")
    return answered


def _ask(page: Page, question: str) -> None:
    box = page.get_by_role("textbox", name="Question")
    box.fill(question)
    box.press("Enter")


def _answers(page: Page, count: int) -> None:
    page.wait_for_function(f"document.querySelectorAll('.answer').length >= {count}", timeout=LONG)


def _other(page: Page, question: str) -> str:
    """The id of the chat that began with a question; empty where there is none."""
    found = page.evaluate(
        """(words) => [...document.querySelectorAll('.chat-row')]
            .find((row) => row.querySelector('a')?.textContent.startsWith(words.slice(0, 30)))?.dataset.chat ?? ''""",
        question,
    )
    return str(found)


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(700)  # what moves has come to rest
    page.screenshot(path=OUT / f"{name}.png")
    print(OUT / f"{name}.png", flush=True)


if __name__ == "__main__":
    sys.exit(main())
