"""The pages of articles and people as HTML, and what stands behind them. No model is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fakes import Words, news

import ui
from index import edits, pages
from index.build import build
from index.fetch import Fetched
from index.store.sqlite import Store
from index.types import Article, Removed
from rag.people import Person
from rag.quotes import in_article
from ui.adding import Adding, Understood, review_html
from ui.articles import LISTED, Shown
from ui.library import Library
from ui.panel import removed_html
from ui.people import people_html
from ui.words import date_how

NEWS = [
    ("ferry", "Reuters", "2024-03-04", "The ferry Aurora sank off Turku."),
    ("snow", "", "2024-03-05", "Snow closed the pass."),
    ("tram", "BBC", "", "An undated report of trams."),
]


@pytest.fixture
def loader(tmp_path: Path) -> Iterator[Any]:
    embedder, index = Words(), tmp_path / "ix"
    build(index, [news(tmp_path / "in", NEWS)], embedder)
    store = Store(index, vectors=False)
    yield SimpleNamespace(index=index, store=store, rag_now=lambda: SimpleNamespace(embedder=embedder))
    store.close()


def test_the_list_says_what_is_missing_and_can_be_narrowed_to_it(loader: Any) -> None:
    library = Library(loader)
    assert "3 articles, 4 to 5 March 2024. 2 have no source or no date." in library.head()
    assert 'data-value="Reuters"' in library.filters() and "No source or no date" in library.filters()
    everything, lacking = library.listing(Shown()), library.listing(Shown(gaps=True))
    assert "ferry" in everything and "ferry" not in lacking and "Add a source" in lacking and "Add a date" in lacking
    assert "ferry" in everything and "snow" in everything
    assert "snow" not in library.listing(Shown(source="Reuters"))
    assert "ferry" in library.listing(Shown(source="gone")) and "error" in library.listing(Shown(after="nonsense"))


def test_a_long_list_has_pages(tmp_path: Path) -> None:
    many = [(f"n{n:03}", "Reuters", "2024-03-04", f"Report {n} of the day.") for n in range(2 * LISTED + 1)]
    build(tmp_path / "ix", [news(tmp_path / "in", many)], Words())
    store = Store(tmp_path / "ix", vectors=False)
    library = Library(SimpleNamespace(index=tmp_path / "ix", store=store))  # type: ignore[arg-type]
    first, last = library.listing(Shown()), library.listing(Shown(offset=2 * LISTED))
    assert first.count('class="lede"') == LISTED and "1 to 50 of 101" in first
    assert last.count('class="lede"') == 1 and "101 to 101 of 101" in last and f'data-offset="{LISTED}"' in last
    store.close()


def test_what_is_set_can_be_emptied_and_what_a_file_says_cannot(loader: Any) -> None:
    library, store = Library(loader), loader.store
    told, done = library.set({"id": "snow", "title": "Snow", "source": "Alpine Post", "date": "2024-03-06"})
    assert done and "Saved" in told
    snow = store.article("snow")
    assert (snow.title, snow.source, snow.published) == ("Snow", "Alpine Post", date(2024, 3, 6))
    told, done = library.set({"id": "snow", "title": "Snow", "source": "", "date": "2024-03-06"})
    assert done and store.article("snow").source is None and store.article("snow").title == "Snow"
    told, done = library.set({"id": "ferry", "title": "", "source": "", "date": "2024-03-04"})
    assert not done and "is empty" in told
    told, done = library.set({"id": "ferry", "source": "Reuters", "date": "soon"})
    assert not done and "not a day" in told
    assert library.set({"id": "snow", "as_read": True})[1] and edits.read(loader.index) == {}
    assert not library.set({"id": "nobody"})[1]


def test_what_is_looked_at_is_not_stored_until_it_is_taken_as_corrected(loader: Any, tmp_path: Path) -> None:
    file = tmp_path / "up" / "harbour.txt"
    file.parent.mkdir()
    file.write_text("The harbour of Oulu froze <b>over</b>.", "utf-8")
    adding, store = Adding(loader), loader.store
    *_, (page, seen) = adding.look([str(file)], "Trams ran again on Friday.")
    assert "2 articles ready. 2 need a look." in page and 'name="title"' in page and len(store.ids()) == 3
    corrected = {"0": {"title": "Ice", "source": "Oulu Times", "date": "2024-01-02"}, "1": {"title": "<i>Trams</i>"}}
    told, done = adding.take([str(file)], "Trams ran again on Friday.", seen, corrected, gr.Progress())
    assert done and "5 articles now" in told
    ice = next(a for a in store.articles() if a.title == "Ice")
    assert (ice.source, ice.published, ice.published_how) == ("Oulu Times", date(2024, 1, 2), "set by you")
    assert any(a.title == "<i>Trams</i>" for a in store.articles())
    *_, (page, seen) = adding.look([], "Trams ran again on Friday.")
    assert seen == Understood() and "There is nothing new in it." in page and "the same text is already there" in page
    told, done = adding.take([], "Another text.", Understood(), {}, gr.Progress())
    assert done
    bad = Article("x", None, None, None, "", None, (), "Words.")
    assert adding.take([], "Words.", Understood((bad,)), {"0": {"date": "soon"}}, gr.Progress())[1] is False
    assert "&lt;script&gt;" in review_html([replace(bad, title="<script>")], [])


def test_a_page_is_fetched_when_it_is_asked_for_and_from_no_private_network(
    loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = "<html><head><title>Ice</title></head><body><article><p>The harbour of Oulu froze over on Friday night.</p></article></body></html>"
    asked: list[str] = []

    def fetched(url: str, private: str | None) -> Fetched:
        asked.append(url)
        assert private is None
        return Fetched(url, "text/html", "utf-8", html.encode())

    adding = Adding(loader)
    assert [told for told, _ in adding.look([], "", "ftp://x/y")] == [
        '<p class="error">&#x27;ftp://x/y&#x27; is not the address of a page. Give one that begins with https:// or http://.</p>'
    ]
    *_, (told, _) = adding.look([], "", "http://127.0.0.1:9/x")
    assert "on this machine or a private network" in told
    monkeypatch.setattr(pages, "fetch", fetched)
    steps = adding.look([], "", " https://news.example/ice.html ")
    assert "Connecting to news.example" in next(steps)[0] and not asked
    told, seen = next(steps)
    assert asked == ["https://news.example/ice.html"] and "1 article ready." in told and len(loader.store.ids()) == 3
    told, done = adding.take([], "", seen, {"0": {"source": "Oulu Times"}}, gr.Progress())
    assert done and "4 articles now" in told and len(asked) == 1, "what was looked at is what is taken"
    ice = next(a for a in loader.store.articles() if "Oulu froze" in a.text)
    assert ice.url == "https://news.example/ice.html" and ice.source == "Oulu Times"


def test_a_person_has_days_and_nothing_of_an_article_is_markup() -> None:
    text = 'Dmitry Peskov said "the <b>talks</b> go on."\n\nDmitry Peskov said that trams run.'
    article = Article("a", "T", "The <i>Times</i>", date(2022, 3, 30), "", None, (), text)
    page = people_html([Person("Dmitry Peskov", 1)], 5, "Dmitry Peskov", in_article(article, "Dmitry Peskov"))
    assert "30 March 2022" in page and "2 statements in 1 article, 30 March 2022" in page
    assert page.count("class=told") == 1 and "&lt;b&gt;talks" in page and "<i>" not in page
    assert "Nobody is quoted" in people_html([], 5) and "no articles yet" in people_html([], 0)


def test_how_a_day_is_known_is_said_in_words() -> None:
    assert date_how("inferred: the Monday before") == "Date worked out from the text: the Monday before"
    assert [date_how(how) for how in ("stated in the text", "set by you", "inferred", "")] == [
        "Date stated in the text", "Date set by you", "Date worked out from the text", "Date given",
    ]  # fmt: skip


@pytest.mark.parametrize(("lines", "says"), [(1, "1 line removed"), (2, "2 lines removed")])
def test_removed_lines_are_counted_in_words(lines: int, says: str) -> None:
    removed = tuple(Removed(n, "Share this.", "a button") for n in range(lines))
    article = Article("a", None, None, None, "", None, (), "The ferry sank.", removed)
    assert f">{says}<" in re.sub(r"<svg.*?</svg>", "", removed_html(article))


@pytest.mark.parametrize("odd", ["Its day", "log-odds)", "1 lines", "True)<"])
def test_odd_words_of_earlier_pages_are_gone(odd: str) -> None:
    pages = [*Path(ui.__file__).parent.rglob("*.py"), *Path(ui.__file__).parent.rglob("*.js")]
    assert pages and [page.name for page in pages if odd in page.read_text("utf-8")] == []
