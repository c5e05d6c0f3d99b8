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
FACT = "Who is Russia's chief negotiator?"
SEVERAL = "How did the Kremlin's view of the talks change over March?"
NOTHING = "How many Russian soldiers had died?"
CHANGED = "What changed since 20 March 2022?"
SIZES = (
    ("wide-light", 1440, 900, "light"), ("wide-dark", 1440, 900, "dark"),
    ("phone-light", 390, 844, "light"), ("phone-dark", 390, 844, "dark"),
)  # fmt: skip


def main() -> int:
    """Take all pictures; 0."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        index = Path(folder) / "seeds"
        build(index, [seeds()], embedders.load(DEFAULT_EMBEDDER))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        with chat("--index", str(index)) as (url, _):
            known: dict[str, str] = {}
            for name, width, height, scheme in SIZES:
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,  # type: ignore[arg-type]
                )
                page = context.new_page()
                _views(page, url, known, lambda view, page=page, name=name: _take(page, f"{view}-{name}"))
                context.close()
        browser.close()
    return 0


def _views(page: Page, url: str, known: dict[str, str], take: Callable[[str], None]) -> None:
    """Every view once.

    Args:
        known: the addresses of the chats that earlier rounds have asked their questions in.
    """
    page.goto(url)
    page.wait_for_selector(".starters button", timeout=LONG)
    take("first-view")
    _show(page, url, known, FACT, take)
    page.locator(".said .cite").first.click()
    page.wait_for_selector("mark.current", timeout=LONG)
    take("answer")
    page.keyboard.press("Escape")
    page.locator("details.src > summary").first.click()
    take("source-open")
    if menu := next(
        (one for one in page.get_by_role("button", name="Chats and pages").all() if one.is_visible()), None
    ):
        menu.click()
        take("rail")
        page.keyboard.press("Escape")
    for view, question in (("comparison", SEVERAL), ("no-answer", NOTHING), ("days", CHANGED)):
        _show(page, url, known, question)
        take(view)
    page.evaluate("document.querySelector('#rail [data-page-go=articles]').click()")
    take("articles")
    page.get_by_role("textbox", name="Search the articles").fill("meeting of the presidents")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hits", timeout=LONG)
    take("search")
    page.get_by_role("button", name="All articles").click()
    page.locator("#listing [data-act=edit][data-field]").first.click()
    page.wait_for_selector("form.edit", timeout=LONG)
    take("edit")
    page.evaluate("document.querySelector('[data-act=add]').click()")
    take("add")
    page.locator("input[type=file]").set_input_files(
        Path(__file__).parent.parent / "tests/fixtures/page/lighthouse.txt"
    )
    page.wait_for_selector("form.ready", timeout=LONG)
    take("review")
    page.evaluate("document.querySelector('#rail [data-page-go=people]').click()")
    page.wait_for_selector(".byday", timeout=LONG)
    take("people")
    page.evaluate("document.querySelector('[data-page-go=settings]').click()")
    take("settings")


def _show(
    page: Page, url: str, known: dict[str, str], question: str, take: Callable[[str], None] | None = None
) -> None:
    """Open the chat of a question, which is asked where no round has; `take` is given what is seen meanwhile."""
    page.goto(known.get(question, url))
    if question not in known:
        box = page.get_by_role("textbox", name="Question")
        box.fill(question)
        box.press("Enter")
        if take:
            page.wait_for_selector(".nearest", timeout=LONG)
            take("working")
    page.wait_for_selector(".answer", timeout=LONG)
    known[question] = page.url


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(700)  # what moves has come to rest
    page.screenshot(path=OUT / f"{name}.png")
    print(OUT / f"{name}.png", flush=True)


if __name__ == "__main__":
    sys.exit(main())
