"""How quick the page is in a browser: its first words, and each click, over the seeds and over made-up articles.

    python scripts/measure_page.py [ARTICLES]

ARTICLES is 5,000 unless given; their vectors are made up, and no language model is loaded. Printed are the median of five
times, in milliseconds: until the first words are drawn; the longest time that a click kept the page from drawing (the
browser's own event timing, which is given in steps of 8 ms); and until what was clicked for had come from Python.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, expect, sync_playwright
from screenshots import CHROMIUM, LONG

from eval.scale import CHUNKS, Mixed, made_up
from eval.serve import chat
from index.build import build, write
from index.store.sqlite import Store
from rag import embedders
from rag.config import DEFAULT_EMBEDDER, NO_MODEL, seeds

ROUNDS = 5
_WATCH = """() => { window.longest = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries())
    window.longest = Math.max(window.longest, entry.duration); }).observe({ type: "event", durationThreshold: 16 }); }"""


def main(count: int = 5000) -> int:
    """Print a table; 0."""
    embedder = embedders.load(DEFAULT_EMBEDDER)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        small, large = Path(folder) / "seeds", Path(folder) / "large"
        build(small, [seeds()], embedder)
        made = Mixed(np.stack([embedder.query(word) for word in ("talks", "ferry", "vote", "storm", "strike", "loan")]))
        made.name = embedder.name  # so that the chat opens it; none of its figures depends on what a vector means
        write(large, [replace(a, text=a.text.split("\n\n")[0]) for a in made_up(count * CHUNKS)], made)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for index in (small, large):
            store = Store(index, vectors=False)
            articles = int(store.meta["articles"])
            store.close()
            with chat("--model", NO_MODEL, "--index", str(index)) as (url, _):
                rounds = [_round(browser, url) for _ in range(ROUNDS + 1)][1:]  # the first brings in what is cached
            print(f"{articles:,} articles:", flush=True)
            for name in rounds[0]:
                print(f"  {name}: {statistics.median(each[name] for each in rounds):.0f} ms", flush=True)
        browser.close()
    return 0


def _round(browser: Browser, url: str) -> dict[str, float]:
    """One person's visit."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(url)
    expect(page.get_by_role("textbox", name="Question")).to_be_visible(timeout=LONG)
    told = {
        "first words": float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")),
        "what is in the collection": float(page.evaluate("performance.now()")),
    }
    page.evaluate(_WATCH)
    rows = page.locator("#listing .rows > li")
    told["list of articles"] = _timed(page, "#rail [data-page-go=articles]", lambda: expect(rows.first).to_be_visible())
    pill = page.locator("#filters .pill").nth(1)
    told["one source of it"] = _timed(
        page, "#filters .pill >> nth=1", lambda: expect(pill).to_have_attribute("aria-pressed", "true")
    )
    told["form to edit one"] = _timed(
        page, "#listing [data-act=edit] >> nth=0", lambda: expect(page.locator("form.edit")).to_be_visible()
    )
    paper = page.locator("#drawer h2")
    told["an article"] = _timed(page, "#listing .open:visible >> nth=0", lambda: expect(paper).to_be_visible())
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    told["longest click"] = float(page.evaluate("window.longest"))
    context.close()
    return told


def _timed(page: Page, clicked: str, seen: Callable[[], None]) -> float:
    """Milliseconds from a click until something is seen."""
    target = page.locator(clicked)
    started = time.perf_counter()
    target.click()
    seen()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
