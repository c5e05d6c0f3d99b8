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


@pytest.fixture
def chat(seeds_index: Path) -> Iterator[str]:
    """A chat with the default language model."""
    with served("--index", str(seeds_index)) as url:
        yield url


@pytest.mark.main
@pytest.mark.real
def test_ask_watch_open_a_citation_follow_up_and_refusal(chat: str, opened: Opener) -> None:
    page = opened(chat)
    expect(page.locator(".hello .label").first).to_have_text("5 articles, 13 to 30 March 2022")
    expect(page.locator("#rail-foot")).to_contain_text("Only on this computer", timeout=LONG)  # the models are loaded
    ask(page, "How long did the negotiators meet in Istanbul, and who led the Russian side?", wait=False)
    expect(page.locator(".steps")).to_contain_text(re.compile(r"Reading \d+ passages"), timeout=LONG)
    expect(page.locator(".nearest figcaption")).to_contain_text("Nearest so far: ")
    assert "three hours" not in page.locator("#page-ask").inner_text(), "no word is shown before it was checked"
    page.screenshot(path=SHOTS / "working.png")
    # A second question waits, and a reload loses neither.
    ask(page, "And what is his job?", wait=False)
    expect(page.locator("#working h2")).to_have_text(
        ["How long did the negotiators meet in Istanbul, and who led the Russian side?", "And what is his job?"]
    )
    page.reload()
    expect(page.locator(".answer")).to_have_count(2, timeout=2 * LONG)
    expect(page.locator(".nearest")).to_have_count(0)
    expect(page.locator(".answer").first).to_contain_text("three hours")
    expect(page.locator(".answer").last).to_contain_text("negotiator")
    cite = page.locator(".said .cite").first
    cite.hover()
    expect(page.locator("#tip")).to_contain_text("three-hour talks")
    expect(page.locator("#tip")).to_contain_text("The Moscow Times, 30 March 2022")
    page.locator(".srcs summary").first.click()
    quote = page.locator(".srcs blockquote").first.inner_text()
    cite.click()
    expect(page.locator("mark.current")).to_be_in_viewport()
    assert " ".join(page.locator("mark.current").first.inner_text().split()) == quote
    page.screenshot(path=SHOTS / "answer.png")
    page.get_by_role("button", name="How it was answered").last.click()
    expect(page.locator(".how").last).to_contain_text("Medinsky")
    ask(page, "What is the capital of Australia?")
    expect(page.locator(".nosay")).to_contain_text("Your articles don’t say.")
    page.screenshot(path=SHOTS / "refusal.png")


@pytest.mark.real
def test_a_question_is_stopped_and_asked_again(chat: str, opened: Opener) -> None:
    page = opened(chat)
    expect(page.locator("#rail-foot")).to_contain_text("Only on this computer", timeout=LONG)
    ask(page, "What is the difference between what Peskov said in mid-March and at the end of March?", wait=False)
    expect(page.locator("#working .now")).to_contain_text("Reading", timeout=LONG)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped before there was an answer.")).to_be_visible(timeout=LONG)
    other = opened(chat)  # the model is free again, for everyone
    ask(other, "Who is Russia's chief negotiator?")
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator(".answer")).to_have_count(1, timeout=2 * LONG)
    expect(page.get_by_text("Stopped before there was an answer.")).to_have_count(0)
    page.screenshot(path=SHOTS / "statements.png")


# ---- the rest, without one ----------------------------------------------------------------


def test_quotes_are_stepped_through_by_keyboard(quick: str, opened: Opener) -> None:
    page = opened(quick)
    ask(page, "What did Peskov and Podolyak each say about the talks?")
    page.locator(".answer .cite").first.focus()
    expect(page.locator("#tip")).to_be_visible()
    page.keyboard.press("Enter")
    quotes = [" ".join(text.split()) for text in page.locator(".srcs blockquote").all_text_contents()]
    where = page.locator("#drawer .where small")
    expect(where).to_have_text(f"Quote 1 of {len(quotes)}")
    assert len(quotes) >= 2 and page.locator("mark.other").count() >= 1
    for place, quote in ((2, quotes[1]), (3, quotes[2])):
        page.keyboard.press("ArrowRight")
        expect(where).to_have_text(f"Quote {place} of {len(quotes)}")
        assert " ".join(" ".join(page.locator("mark.current").all_inner_texts()).split()) == quote
    page.keyboard.press("ArrowLeft")
    expect(where).to_have_text(f"Quote 2 of {len(quotes)}")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    assert page.evaluate("document.activeElement.className") == "cite", "the focus is where it came from"
    page.get_by_role("button", name="articles read").click()
    page.locator(".timeline .dot").first.click()
    expect(page.locator("#drawer h2")).to_contain_text("Russia, Ukraine to Resume Conflict Talks")
    page.keyboard.press("Control+k")
    expect(page.locator(".hello")).to_be_visible()
    expect(page.get_by_role("textbox", name="Question")).to_be_focused()


def test_nothing_in_an_article_a_question_or_an_answer_runs_or_fetches(quick: str, opened: Opener) -> None:
    page = opened(quick)
    ask(
        page,
        "<img src=x onerror=\"document.title='owned'\"> ${document.title='owned'} {{value}} Who opened the Velden lighthouse?",
    )
    expect(page.get_by_text("{{value}} Who opened").first).to_be_visible()
    ask(page, "Who opened the Velden lighthouse?")
    expect(page.locator(".answer").last).to_contain_text("Ilse Marten")
    page.locator(".answer").last.locator(".cite").first.click()
    expect(page.locator("#drawer h2")).to_contain_text("<script>")
    expect(page.locator("#drawer .text")).to_contain_text("![picture](http://198.51.100.7/pixel.png)")
    page.get_by_role("button", name="How it was answered").last.click()
    page.get_by_role("button", name="Articles 6").click()
    box = page.get_by_role("textbox", name="Search the articles")
    box.fill("lighthouse <script>alert(1)</script>")
    box.press("Enter")
    expect(page.locator(".hits mark").first).to_have_text("lighthouse")
    assert page.title() == "Ask the articles"
    assert page.locator(".answer :is(script, img), #drawer :is(img, script, iframe), #listing img").count() == 0
    assert page.locator("a[href^='javascript:']").count() == 0


def test_only_articles_of_the_collection_can_be_opened(quick: str, opened: Opener) -> None:
    page = opened(quick)
    ask(page, "Who is Medinsky?")
    for name in ("../../../../etc/passwd", "/etc/passwd", "nothing"):
        page.locator(".cite").first.evaluate("(cite, name) => { cite.dataset.article = name; }", name)
        page.locator(".cite").first.click()
        expect(page.locator("#drawer")).to_contain_text("There is no such article")
        assert "root:" not in page.content()


def test_limits_hold_for_the_next_question(quick: str, opened: Opener) -> None:
    page = opened(quick)
    page.get_by_text("Any date").click()
    page.get_by_label("From").fill("2022-03-28")
    page.get_by_label("To", exact=True).fill("2022-03-28")
    expect(page.locator("#choices [data-for=days] summary")).to_have_text("from 2022-03-28 to 2022-03-28")
    ask(page, "What did Peskov say about the talks?")
    expect(page.locator(".understood")).to_have_text("Only from 28 March 2022 to 28 March 2022.")
    cited = page.locator(".srcs .day").all_text_contents()
    assert cited and set(cited) == {"28 Mar 2022"}
    page.get_by_text("from 2022-03-28").click()
    page.get_by_label("From").fill("2024-01-01")
    page.get_by_label("To", exact=True).fill("")
    page.get_by_text("All sources").first.click()
    page.get_by_role("combobox", name="Source").select_option("Newsweek")
    ask(page, "What did Peskov say about the talks?")
    expect(page.locator(".nosay")).to_contain_text("no articles of Newsweek, from 1 January 2024 on")


def test_articles_are_added_found_removed_and_brought_back(
    tmp_path: Path, embedder: SentenceTransformerEmbedder, opened: Opener
) -> None:
    build(tmp_path / "ix", [seeds()], embedder)
    (tmp_path / "ferry.txt").write_text("The ferry Aurora sank off Turku on 3 May 2023, Liisa Virtanen said.", "utf-8")
    (tmp_path / "empty.txt").write_text(" ", "utf-8")
    with served("--model", "none", "--index", str(tmp_path / "ix")) as url:
        page = opened(url)
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".nosay")).to_be_visible()
        page.locator(".top").get_by_role("button", name="Add articles").click()
        page.locator("#add").get_by_text("Add articles", exact=True).click()
        page.locator("input[type=file]").set_input_files([tmp_path / "ferry.txt", tmp_path / "empty.txt"])
        expect(page.get_by_role("cell", name="empty.txt")).to_be_visible(timeout=LONG)
        page.get_by_role("textbox", name="Or paste a text").fill("Snow closed the Brenner pass for nine hours.")
        page.get_by_role("textbox", name="Title").fill("Snow")
        page.get_by_role("textbox", name="Source").fill("The Brenner Post")
        page.get_by_role("textbox", name="Date").fill("9 January")
        page.get_by_role("button", name="Add to the collection").click()
        expect(page.locator("#report")).to_contain_text("Date is '9 January', not a day.", timeout=LONG)
        expect(page.get_by_role("textbox", name="Title")).to_have_value("Snow")  # to be put right
        page.get_by_role("textbox", name="Date").fill("2024-01-09")
        page.get_by_role("button", name="Add to the collection").click()
        expect(page.locator("#report")).to_contain_text("7 articles", timeout=LONG)
        expect(page.locator("#report")).to_contain_text("empty.txt: no text in it")
        assert "true" not in page.locator("#report").inner_text()
        for name in ("Title", "Date", "Or paste a text"):
            expect(page.get_by_role("textbox", name=name)).to_have_value("")
        expect(page.get_by_role("button", name="Articles 7")).to_be_visible()
        page.screenshot(path=SHOTS / "added.png", full_page=True)
        other = opened(url)  # a page that is opened later has what was added since the program began
        expect(other.get_by_role("button", name="Articles 7")).to_be_visible()
        expect(other.locator(".hello .label").first).to_contain_text("7 articles")
        for each in (page, other):
            expect(each.locator("#limit-source option", has_text="The Brenner Post")).to_have_count(1)
        page.get_by_role("button", name="Ask", exact=True).first.click()
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".answer").last).to_contain_text("off Turku")
    assert not (seeds() / "ferry.txt").exists()
    with served("--model", "none", "--index", str(tmp_path / "ix")) as url:
        page = opened(url)
        page.get_by_role("button", name="Articles 7").click()
        page.get_by_role("button", name="Remove Snow").click()
        expect(page.locator("#report")).to_contain_text("6 articles", timeout=LONG)
        expect(page.get_by_role("button", name="Remove Snow")).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Remove Snow")).to_have_count(1, timeout=LONG)
        page.get_by_role("button", name=re.compile("^Remove .*ferry", re.I)).click()
        expect(page.get_by_role("button", name="Articles 6")).to_be_visible(timeout=LONG)
        page.get_by_role("button", name="Ask", exact=True).first.click()
        ask(page, "How long was the Brenner pass closed?")
        expect(page.locator(".answer").last).to_contain_text("nine hours")
        ask(page, "Where did the ferry Aurora sink?")
        expect(page.locator(".answer").last.locator(".nosay")).to_be_visible()


def test_a_chat_has_an_address_a_name_and_can_be_deleted_with_undo(quick: str, opened: Opener) -> None:
    mine, theirs = opened(quick), opened(quick)
    ask(mine, "Who is Russia's chief negotiator?")
    first = mine.url
    assert re.search(r"\?chat=[0-9a-f]{32}$", first)
    ask(theirs, "Who is Iryna Vereshchuk?")
    ask(mine, "Who is Leonid Slutsky?")
    mine.reload()
    expect(mine.locator(".answer")).to_have_count(2, timeout=LONG)
    expect(mine.locator("#thread")).to_contain_text("Who is Russia's chief negotiator?")
    expect(mine.locator("#thread")).not_to_contain_text("Vereshchuk?")
    expect(theirs.locator(".answer")).to_have_count(1)
    mine.get_by_role("button", name="New question").first.click()
    expect(mine.locator(".hello")).to_be_visible()
    ask(mine, "What was reported on Mariupol?")
    assert mine.url != first
    mine.go_back()
    mine.go_back()
    expect(mine.locator("#thread")).to_contain_text("Who is Leonid Slutsky?", timeout=LONG)
    assert mine.url == first
    chats = mine.locator("#chats")
    mine.get_by_role("searchbox", name="Search chats").fill("slutsky?")
    expect(chats.get_by_role("link", name="Mariupol")).to_have_count(0)
    expect(chats.get_by_role("link", name="chief negotiator")).to_have_count(1)
    mine.get_by_role("searchbox", name="Search chats").fill("")
    expect(chats.get_by_role("link", name="Mariupol")).to_have_count(1)
    row = chats.locator(".chat-row.on")
    row.hover()
    row.locator("summary").click()
    row.get_by_role("menuitem", name="Rename").click()
    chats.get_by_role("textbox", name="New name of the chat").fill("The negotiators")
    mine.keyboard.press("Enter")
    expect(chats.get_by_role("link", name="The negotiators")).to_have_count(1)
    expect(mine.locator(".top h1")).to_have_text("The negotiators")
    row.hover()
    row.locator("summary").click()
    row.get_by_role("menuitem", name="Delete").click()
    expect(chats.get_by_role("link", name="The negotiators")).to_have_count(0)
    expect(mine.locator(".hello")).to_be_visible()
    mine.get_by_role("button", name="Undo").click()
    expect(mine.locator("#thread")).to_contain_text("Who is Leonid Slutsky?")
    expect(chats.get_by_role("link", name="The negotiators")).to_have_count(1)


def test_two_pages_on_one_chat_lose_nothing(quick: str, opened: Opener) -> None:
    page = opened(quick)
    ask(page, "Who is Russia's chief negotiator?")
    other = page.context.new_page()
    other.asked = []  # type: ignore[attr-defined]
    other.goto(page.url)
    expect(other.locator(".answer")).to_have_count(1, timeout=LONG)
    ask(other, "Who is Leonid Slutsky?")
    ask(page, "Who is Iryna Vereshchuk?", wait=False)
    expect(page.locator(".answer")).to_have_count(3, timeout=LONG)
    other.reload()
    expect(other.locator(".turn > h2")).to_have_text(
        ["Who is Russia's chief negotiator?", "Who is Leonid Slutsky?", "Who is Iryna Vereshchuk?"], timeout=LONG
    )


def test_a_chat_is_saved_copied_and_a_thumb_becomes_a_draft_golden_question(
    quick: str, index: Path, opened: Opener
) -> None:
    page = opened(quick)
    ask(page, "Who is Vladimir Medinsky?")
    row = page.locator(".chat-row.on")
    texts = {}
    for kind, suffix in (("Save as Markdown", "md"), ("Save as a web page", "html"), ("Save as JSON", "json")):
        row.hover()
        row.locator("summary").click()
        with page.expect_download() as saved:
            row.get_by_role("menuitem", name=kind).click()
        assert saved.value.suggested_filename == f"chat.{suffix}"
        texts[suffix] = Path(saved.value.path()).read_text("utf-8")
        page.keyboard.press("Escape")
    assert "[^1]: “" in texts["md"] and "The Moscow Times, 2022" in texts["md"] and "<blockquote>" in texts["html"]
    assert json.loads(texts["json"])["exchanges"][0]["answer"]["citations"][0]["quote"]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".copy summary").click()
    page.get_by_role("menuitem", name="Copy as BibTeX").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("@article{themoscowtimes2022-1,")
    page.get_by_role("button", name="Good answer").click()
    expect(page.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("textbox", name="Why? (optional)").fill("names his job")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text("Thank you. It is kept in")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("textbox", name="Why? (optional)")).to_be_hidden(timeout=LONG)
    kept = golden.load(index / "feedback.jsonl", {a.id: a for a in Store(index).articles()})
    mine = next(q for q in kept if q.question == "Who is Vladimir Medinsky?")
    assert not mine.reviewed and mine.quotes and "names his job" in mine.why and mine.refuse == "never"


def test_the_first_view_offers_questions_that_have_an_answer(quick: str, opened: Opener) -> None:
    page = opened(quick)
    starters = page.locator(".starters button")
    expect(starters).not_to_have_count(0, timeout=LONG)
    expect(page.locator(".bysource li").first).to_contain_text("The Moscow Times")
    starters.first.click()
    expect(page.locator(".answer .cite")).not_to_have_count(0, timeout=LONG)


def test_how_sure_an_answer_must_be_is_kept_and_goes_with_the_question(quick: str, opened: Opener) -> None:
    page = opened(quick)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="Strict").click()
    page.reload()
    ask(page, "Who is Vladimir Medinsky?")
    expect(page.locator(".understood")).to_have_text("Asked strictly: refused unless very likely right.")
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("radio", name="Strict")).to_be_checked()
    page.get_by_role("radiogroup", name="How sure an answer must be").get_by_role("radio", name="Normal").click()
    page.get_by_role("button", name="New question").first.click()
    ask(page, "Who is Vladimir Medinsky?")
    expect(page.locator(".understood")).to_have_count(0)


def test_theme_and_text_size_are_kept(quick: str, opened: Opener) -> None:
    page = opened(quick)
    page.get_by_role("button", name="Settings").click()
    expect(page.locator("#settings")).to_contain_text("no language model")
    page.get_by_role("radio", name="Dark").click()
    page.get_by_role("radio", name="Large").click()
    page.reload()
    expect(page.get_by_role("textbox", name="Question")).to_be_visible(timeout=LONG)
    expect(page.locator("body.dark")).to_have_count(1)
    expect(page.locator("html.large")).to_have_count(1)


@pytest.mark.parametrize(("width", "height", "dark"), [(360, 740, False), (360, 740, True), (1920, 1080, False)])
def test_every_width_fits_and_is_accessible(quick: str, opened: Opener, width: int, height: int, dark: bool) -> None:
    page = opened(quick, width, height, dark)
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
    ask(page, f"What is the capital of Australia, {'unbreakable' * 15}?")
    for more in page.locator(".more").all():
        more.click()
    no_overflow(page)
    accessible(page)
    page.screenshot(path=SHOTS / f"folds-{name}.png", full_page=True)
    for target in ("Articles 6", "Settings"):
        if width < 1200:
            page.get_by_role("button", name="Chats and pages").click()
            page.screenshot(path=SHOTS / f"rail-{name}.png")
        page.get_by_role("button", name=target).click()
        if target.startswith("Articles"):
            page.locator("#add").get_by_text("Add articles", exact=True).click()
        no_overflow(page)
        accessible(page)
        page.screenshot(path=SHOTS / f"{target.split()[0].lower()}-{name}.png")
