"""The chat as a person uses it: a real server, a real browser, the real default model.

Where wording does not matter the server answers without a language model, which is quicker.
Screenshots of each state go to tests/screenshots/.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import served
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect, sync_playwright

from eval import golden
from index.build import build
from index.embedder import SentenceTransformerEmbedder
from index.store.sqlite import Store
from rag.config import seeds

SHOTS = Path(__file__).parents[1] / "screenshots"
HOSTILE = Path(__file__).parents[1] / "fixtures" / "page"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.browser
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LONG = 120_000
Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    SHOTS.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder) -> Path:
    """The seeds and an article full of markup."""
    folder = tmp_path_factory.mktemp("chat-index")
    build(folder, [seeds(), HOSTILE], embedder)
    return folder


@pytest.fixture(scope="module")
def quick(index: Path) -> Iterator[str]:
    with served("--model", "none", "--index", str(index)) as url:
        yield url


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opener]:
    """Opens pages, each in a browser of its own; all they ask for is kept in `page.asked`."""
    contexts: list[BrowserContext] = []
    pages: list[tuple[Page, str]] = []
    dialogs: list[str] = []

    def said(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    def open_page(url: str, width: int = 1280, height: int = 860, dark: bool = False) -> Page:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.asked = []  # type: ignore[attr-defined]
        page.on("request", lambda request: page.asked.append(request.url))  # type: ignore[attr-defined]
        page.on("dialog", said)
        pages.append((page, url))
        page.goto(url)
        expect(page.get_by_role("textbox", name="Question")).to_be_visible(timeout=LONG)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # Here, as what fails in a handler is lost.
    assert dialogs == [], "a script ran"
    assert [asked for page, url in pages for asked in foreign(page, url)] == [], "no request leaves the machine"


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
    assert over == []


def accessible(page: Page) -> None:
    page.wait_for_timeout(300)
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


# ---- with the default language model --------------------------------------------------


@pytest.mark.main
@pytest.mark.real
def test_ask_stream_open_a_citation_follow_up_and_refusal(seeds_index: Path, opened: Opener) -> None:
    with served("--index", str(seeds_index)) as url:
        page = opened(url)
        expect(page.locator("header .loaded")).to_contain_text("5 articles, 13 March 2022 to 30 March 2022")
        expect(page.locator("header .status")).to_have_count(0, timeout=LONG)  # the models are loaded
        ask(page, "How long did the negotiators meet in Istanbul, and who led the Russian side?", wait=False)
        expect(page.locator("#chat .status").last).to_contain_text(re.compile(r"reading \d+ passages"), timeout=LONG)
        expect(page.locator("#chat .status").last).to_contain_text("writing", timeout=LONG)
        expect(page.locator(".nearest figcaption")).to_contain_text("Nearest so far: ")
        assert "three hours" not in page.locator("#chat").inner_text(), "no word is shown before it was checked"
        expect(page.locator(".answer")).to_contain_text("three hours", timeout=LONG)
        expect(page.locator(".nearest")).to_have_count(0)
        chip = page.locator(".answer > p .chip").first
        chip.hover()
        expect(page.locator("#tip")).to_contain_text("three-hour talks")
        expect(page.locator("#tip")).to_contain_text("The Moscow Times, 30 March 2022")
        chip.click()
        quote = page.locator(".sources blockquote").first.inner_text()
        expect(page.locator("mark.current")).to_be_in_viewport()
        assert " ".join(page.locator("mark.current").first.inner_text().split()) == quote
        page.screenshot(path=SHOTS / "answer.png")
        ask(page, "And what is his job?")
        expect(page.locator(".answer").last).to_contain_text("negotiator")
        page.locator(".how summary").last.click()
        expect(page.locator(".how").last).to_contain_text("Medinsky")
        page.screenshot(path=SHOTS / "follow-up.png")
        ask(page, "What is the capital of Australia?")
        expect(page.locator(".refusal")).to_contain_text("The articles do not say")
        page.screenshot(path=SHOTS / "refusal.png")
        ask(page, "What is the difference between what Peskov said in mid-March and at the end of March?", wait=False)
        expect(page.locator("#chat .status").last).to_contain_text("writing", timeout=LONG)
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("Stopped before there was an answer.")).to_be_visible(timeout=LONG)
        other = opened(url)  # the model is free again, for everyone
        ask(other, "Who is Russia's chief negotiator?")
        page.get_by_role("button", name="Retry").click()
        expect(page.locator(".answer")).to_have_count(4, timeout=LONG)
        expect(page.get_by_text("Stopped before there was an answer.")).to_have_count(0)
        page.screenshot(path=SHOTS / "statements.png")
        assert foreign(page, url) == [], "no request leaves the machine"


# ---- the rest, without one ----------------------------------------------------------------


def test_citations_are_stepped_through_by_keyboard(quick: str, opened: Opener) -> None:
    page = opened(quick)
    ask(page, "What did Peskov and Podolyak each say about the talks?")
    page.locator(".answer .chip").first.focus()
    expect(page.locator("#tip")).to_be_visible()
    page.keyboard.press("Enter")
    quotes = list(page.locator(".sources blockquote").all_inner_texts())
    expect(page.locator(".count")).to_have_text(f"Citation 1 of {len(quotes)}")
    assert len(quotes) >= 2 and page.locator("mark.other").count() >= 1
    for place, quote in ((2, quotes[1]), (3, quotes[2])):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".count")).to_have_text(f"Citation {place} of {len(quotes)}")
        assert " ".join(" ".join(page.locator("mark.current").all_inner_texts()).split()) == quote
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".count")).to_have_text(f"Citation 2 of {len(quotes)}")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className").startswith("chip")
    page.locator(".timeline .dot").first.click()
    expect(page.locator(".view h2")).to_contain_text("Russia, Ukraine to Resume Conflict Talks")


def test_nothing_in_an_article_a_question_or_an_answer_runs_or_fetches(quick: str, opened: Opener) -> None:
    page = opened(quick)
    ask(
        page,
        "<img src=x onerror=\"document.title='owned'\"> ${document.title='owned'} {{value}} Who opened the Velden lighthouse?",
    )
    expect(page.get_by_text("{{value}} Who opened").first).to_be_visible()
    ask(page, "Who opened the Velden lighthouse?")
    expect(page.locator(".answer").last).to_contain_text("Ilse Marten")
    page.locator(".answer").last.locator(".chip").first.click()
    expect(page.locator(".view h2")).to_contain_text("<script>")
    expect(page.locator(".view .text")).to_contain_text("![picture](http://198.51.100.7/pixel.png)")
    page.locator(".answer .how summary").last.click()
    page.get_by_role("tab", name="Articles").click()
    box = page.get_by_role("textbox", name="Search the articles")
    box.fill("lighthouse <script>alert(1)</script>")
    box.press("Enter")
    expect(page.locator(".hits")).to_contain_text("Velden")
    assert page.title() == "Ask the articles"
    assert (
        page.locator(".answer script, .answer img, .view img, .view script, .view iframe, #articles img").count() == 0
    )
    assert page.locator("a[href^='javascript:']").count() == 0
    assert foreign(page, quick) == []


def test_only_articles_of_the_collection_can_be_opened(quick: str, opened: Opener) -> None:
    page = opened(quick)
    ask(page, "Who is Medinsky?")
    for name in ("../../../../etc/passwd", "/etc/passwd", "nothing"):
        page.locator(".chip").first.evaluate("(chip, name) => { chip.dataset.article = name; }", name)
        page.locator(".chip").first.click()
        expect(page.locator(".view")).to_contain_text("There is no such article")
        assert "root:" not in page.content()


def test_limits_hold_for_the_next_question(quick: str, opened: Opener) -> None:
    page = opened(quick)
    page.get_by_text("Limit the next questions").click()
    page.get_by_role("textbox", name="From").fill("2022-03-28")
    page.get_by_role("textbox", name="To").fill("2022-03-28")
    ask(page, "What did Peskov say about the talks?")
    expect(page.locator(".answer .note")).to_have_text("Only from 2022-03-28, to 2022-03-28.")
    cited = page.locator(".sources cite").all_inner_texts()
    assert cited and all("28 March 2022" in text for text in cited)
    page.get_by_role("textbox", name="From").fill("soon")
    ask(page, "What did Peskov say about the talks?", wait=False)
    expect(page.get_by_text("From is 'soon', not a day.")).to_be_visible(timeout=LONG)
    page.get_by_role("textbox", name="From").fill("2024-01-01")
    page.get_by_role("textbox", name="To").fill("")
    ask(page, "What did Peskov say about the talks?")
    expect(page.locator(".refusal")).to_contain_text("the collection has no articles from 1 January 2024 on")


def test_articles_are_added_found_kept_and_removed(
    tmp_path: Path, embedder: SentenceTransformerEmbedder, opened: Opener
) -> None:
    build(tmp_path / "ix", [seeds()], embedder)
    (tmp_path / "ferry.txt").write_text("The ferry Aurora sank off Turku on 3 May 2023, Liisa Virtanen said.", "utf-8")
    (tmp_path / "empty.txt").write_text(" ", "utf-8")
    with served("--model", "none", "--index", str(tmp_path / "ix")) as url:
        page = opened(url)
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".refusal")).to_be_visible()
        page.get_by_role("tab", name="Articles").click()
        page.get_by_text("Add articles", exact=True).click()
        page.locator("input[type=file]").set_input_files([tmp_path / "ferry.txt", tmp_path / "empty.txt"])
        expect(page.get_by_role("cell", name="empty.txt")).to_be_visible(timeout=LONG)
        page.get_by_role("textbox", name="Or paste a text").fill("Snow closed the Brenner pass for nine hours.")
        page.get_by_role("textbox", name="Its title").fill("Snow")
        page.get_by_role("textbox", name="Its day").fill("2024-01-09")
        page.get_by_role("button", name="Add to the collection").click()
        expect(page.locator("#report")).to_contain_text("7 articles", timeout=LONG)
        expect(page.locator("#report")).to_contain_text("empty.txt: no text in it")
        expect(page.locator("header .loaded")).to_contain_text("7 articles")
        page.screenshot(path=SHOTS / "added.png", full_page=True)
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".answer").last).to_contain_text("off Turku")
        page.reload()
        page.get_by_role("tab", name="Articles").click()
        page.get_by_text("Articles you added").click()
        page.get_by_label("Added article").click()
        expect(page.get_by_role("option")).to_have_count(2)
    assert not (seeds() / "ferry.txt").exists()
    with served("--model", "none", "--index", str(tmp_path / "ix")) as url:
        page = opened(url)
        ask(page, "How long was the Brenner pass closed?")
        expect(page.locator(".answer").last).to_contain_text("nine hours")
        page.get_by_role("tab", name="Articles").click()
        page.get_by_text("Articles you added").click()
        page.get_by_label("Added article").click()
        page.get_by_role("option", name="Snow").click()
        page.get_by_role("button", name="Remove it").click()
        expect(page.locator("#report")).to_contain_text("6 articles", timeout=LONG)
        ask(page, "How long was the Brenner pass closed?")
        expect(page.locator(".answer").last.locator(".refusal")).to_be_visible()
    assert {a.id for a in Store(tmp_path / "ix").articles()} >= {"ferry"}


def test_a_reload_finds_the_chat_and_two_browsers_have_their_own(quick: str, opened: Opener) -> None:
    mine, theirs = opened(quick), opened(quick)
    ask(mine, "Who is Russia's chief negotiator?")
    ask(theirs, "Who is Iryna Vereshchuk?")
    ask(mine, "Who is Leonid Slutsky?")
    mine.reload()
    expect(mine.locator(".answer")).to_have_count(2, timeout=LONG)
    expect(mine.locator("#chat")).to_contain_text("Who is Russia's chief negotiator?")
    expect(mine.locator("#chat")).not_to_contain_text("Vereshchuk?")
    expect(theirs.locator(".answer")).to_have_count(1)
    mine.get_by_role("tab", name="Chats").click()
    mine.get_by_role("button", name="New chat").click()
    expect(mine.locator(".answer")).to_have_count(0)
    ask(mine, "What was reported on Mariupol?")
    expect(mine.get_by_role("radio", name=re.compile("Mariupol"))).to_have_count(1)  # the list is as it will be
    mine.get_by_role("radio", name=re.compile("chief negotiator")).click()
    expect(mine.locator("#chat")).to_contain_text("Who is Leonid Slutsky?", timeout=LONG)
    mine.get_by_role("button", name="Delete this chat").click()
    expect(mine.get_by_role("radio", name=re.compile("chief negotiator"))).to_have_count(0, timeout=LONG)
    expect(mine.get_by_role("radio", name=re.compile("Mariupol"))).to_have_count(1)


def test_a_chat_is_exported_and_a_thumb_becomes_a_draft_golden_question(
    quick: str, index: Path, opened: Opener
) -> None:
    page = opened(quick)
    ask(page, "Who is Vladimir Medinsky?")
    page.get_by_role("tab", name="Chats").click()
    with page.expect_download() as markdown:
        page.get_by_role("button", name="Export as Markdown").click()
    text = Path(markdown.value.path()).read_text("utf-8")
    assert markdown.value.suggested_filename == "chat.md" and "[^1]: “" in text and "The Moscow Times, 2022" in text
    with page.expect_download() as exported:
        page.get_by_role("button", name="Export as JSON").click()
    data = json.loads(Path(exported.value.path()).read_text("utf-8"))
    assert data["exchanges"][0]["answer"]["citations"][0]["quote"]
    page.get_by_role("button", name=re.compile("^(like|thumbs up)", re.I)).last.click()
    page.get_by_role("textbox", name="Why? (optional)").fill("names his job")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("textbox", name="Why? (optional)")).to_be_hidden(timeout=LONG)
    kept = golden.load(index / "feedback.jsonl", {a.id: a for a in Store(index).articles()})
    mine = next(q for q in kept if q.question == "Who is Vladimir Medinsky?")
    assert not mine.reviewed and mine.quotes and "names his job" in mine.why and mine.refuse == "never"


@pytest.mark.parametrize(("width", "height", "dark"), [(360, 740, False), (360, 740, True), (1920, 1080, False)])
def test_every_width_fits_and_is_accessible(quick: str, opened: Opener, width: int, height: int, dark: bool) -> None:
    page = opened(quick, width, height, dark)
    name = f"{width}{'-dark' if dark else ''}"
    expect(page.get_by_role("button", name=re.compile("What did"))).not_to_have_count(0)
    no_overflow(page)
    accessible(page)
    page.screenshot(path=SHOTS / f"start-{name}.png")
    ask(page, "What did Peskov and Podolyak each say about the talks?")
    page.locator(".chip").first.click()
    expect(page.locator("mark.current")).to_be_in_viewport()
    no_overflow(page)
    accessible(page)
    page.screenshot(path=SHOTS / f"source-{name}.png")
    ask(page, f"What is the capital of Australia, {'unbreakable' * 15}?")
    for summary in page.locator(".answer summary").all():
        summary.click()
    no_overflow(page)
    accessible(page)
    for tab in ("Articles", "Chats"):
        page.get_by_role("tab", name=tab).click()
        if tab == "Articles":
            page.get_by_text("Add articles", exact=True).click()
        no_overflow(page)
        accessible(page)
        page.screenshot(path=SHOTS / f"{tab.lower()}-{name}.png")
