"""What a person sets of an article: searchable at once, kept by every new build, and for that article alone."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import write
from fakes import Words, news

from index import additions, edits
from index.build import build
from index.errors import InputError, RagError
from index.search import search
from index.store import amend as amending
from index.store.repair import examine, repair
from index.store.sqlite import Store
from index.types import Article
from rag import cli
from rag.assistant import Rag
from rag.config import NO_MODEL, Config

NEWS = [
    ("ferry", "Reuters", "2024-03-04", "The ferry Aurora sank off Turku. Nobody was hurt."),
    ("bridge", "BBC", "2024-05-02", "The bridge at Oulu was opened by the mayor."),
]
DAY = date(2023, 1, 2)


@pytest.fixture
def index(tmp_path: Path, words: Words) -> Path:
    build(tmp_path / "ix", [news(tmp_path / "in", NEWS)], words)
    return tmp_path / "ix"


def article(index: Path, name: str = "ferry") -> Article:
    store = Store(index, vectors=False)
    try:
        return store.article(name)
    finally:
        store.close()


def test_what_is_set_is_there_at_once_also_for_an_open_store(index: Path, words: Words) -> None:
    opened, before = Store(index, words), article(index)
    made = edits.set_fields(index, "ferry", words, title="  A ferry\n sinks ", source="The Post", published=DAY)
    assert (made.title, made.source, made.published, made.published_how) == (
        "A ferry sinks",
        "The Post",
        DAY,
        "set by you",
    )
    assert made == opened.article("ferry") and made.text == before.text
    assert [h.article.id for h in search(opened, words, "ferry", 5, source="The Post", before=DAY)] == ["ferry"]
    assert search(opened, words, "what sinks?", 1)[0].article.title == "A ferry sinks"
    assert opened.sources() == ["BBC", "The Post"] and examine(index) == []
    opened.close()


def test_each_new_build_keeps_it(index: Path, tmp_path: Path, words: Words) -> None:
    made = edits.set_fields(index, "ferry", words, title="A ferry sinks", published=DAY)
    report = build(index, [tmp_path / "in"], words)
    assert (report.unchanged, report.updated, report.embedded) == (2, 0, 0) and article(index) == made
    build(index, [tmp_path / "in"], words, rebuild=True)
    assert article(index) == made
    lines = (tmp_path / "in" / "all.jsonl").read_text().replace("Nobody was hurt", "One man was hurt")
    (tmp_path / "in" / "all.jsonl").write_text(lines.replace("2024-03-04", "2024-03-05"))
    build(index, [tmp_path / "in"], words)
    now = article(index)
    assert "One man" in now.text and (now.title, now.published, now.source) == ("A ferry sinks", DAY, "Reuters")


def test_it_can_be_taken_back_field_by_field(index: Path, tmp_path: Path, words: Words) -> None:
    before = article(index)
    edits.set_fields(index, "ferry", words, title="A", source="The Post", published=DAY)
    edits.set_fields(index, "ferry", words, title="B")
    now = edits.set_fields(index, "ferry", words, restore=["date", "title"])
    assert (now.title, now.published, now.published_how) == (before.title, before.published, before.published_how)
    assert now.source == "The Post"
    assert edits.set_fields(index, "ferry", words, restore=["source"]) == before == article(index)
    assert edits.read(index) == {}
    build(index, [tmp_path / "in"], words)
    assert article(index) == before


def test_it_is_set_from_python(index: Path, words: Words) -> None:
    with Rag(Store(index, words), words, None, Config(model=NO_MODEL)) as rag:
        assert rag.set_article("ferry", title="A ferry sinks") in rag.articles
        assert rag.search("ferry Aurora", 1)[0].article.title == "A ferry sinks"
        assert rag.set_article("ferry", restore=["title"]).title is None
        with pytest.raises(InputError, match="'url' cannot be restored"):
            rag.set_article("ferry", restore=["url"])
    elsewhere: Any = object()
    with pytest.raises(InputError, match="Milvus"):
        Rag(elsewhere, words, None, Config(model=NO_MODEL)).set_article("ferry", title="A")


def test_another_article_that_comes_to_have_the_id_does_not_get_it(index: Path, tmp_path: Path, words: Words) -> None:
    edits.set_fields(index, "ferry", words, title="A ferry sinks")
    other = news(tmp_path / "other", [("ferry", "CNN", "2025-01-01", "A ferry was launched at Kiel.")])
    build(index, [other], words)
    assert (article(index).title, article(index).source) == (None, "CNN")
    assert edits.set_fields(index, "ferry", words, source="The Post").title is None, "nor with the next edit"


def test_the_edit_of_an_article_whose_file_is_gone_stays_for_when_it_comes_back(
    index: Path, tmp_path: Path, words: Words
) -> None:
    edits.set_fields(index, "ferry", words, title="A ferry sinks")
    build(index, [write(tmp_path / "else", snow="Snow closed the Brenner pass.")], words)
    assert [a.id for a in Store(index, vectors=False).articles()] == ["snow"]
    (tmp_path / "in").rename(tmp_path / "moved")
    build(index, [tmp_path / "moved"], words)
    assert article(index).title == "A ferry sinks"


def test_the_edit_of_an_added_article_goes_with_it(index: Path, tmp_path: Path, words: Words) -> None:
    additions.add_text(index, "Snow closed the pass.", words, title="Snow")
    edits.set_fields(index, "snow", words, source="Passpost", published=DAY)
    build(index, [tmp_path / "in"], words)
    assert article(index, "snow").source == "Passpost"
    additions.remove(index, "snow", words)
    additions.add_text(index, "Snow fell on the harbour.", words, title="Snow")
    assert article(index, "snow").source is None and edits.read(index) == {}


def test_a_repair_keeps_it_also_of_an_article_that_is_read_again(index: Path, words: Words) -> None:
    made = edits.set_fields(index, "ferry", words, title="A ferry sinks")
    store = Store(index, vectors=False)
    store._db.execute("UPDATE articles SET data = '{}' WHERE id = 'ferry'")
    store.close()
    assert examine(index)
    done = repair(index, words)
    assert (done.articles, done.kept) == (2, 1) and article(index) == made and examine(index) == []


def test_what_cannot_be_set_changes_nothing(index: Path, words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "There is nothing to set"),
        ({"title": "  "}, "title is empty"),
        ({"published": date(1, 1, 1)}, "cannot be an article's date"),
    ]
    for given, said in wrong:
        with pytest.raises(InputError, match=said):
            edits.set_fields(index, "ferry", words, **given)
    with pytest.raises(InputError, match="no article 'x'"):
        edits.set_fields(index, "x", words, title="A")
    assert not (index / "edits.json").exists()

    edits.set_fields(index, "ferry", words, title="A")
    before = (index / "edits.json").read_text(), article(index)

    def full(*args: object, **kwargs: object) -> None:
        raise RagError("The disk is full.", "Free some space.")

    monkeypatch.setattr(amending, "write", full)
    with pytest.raises(RagError, match="full"):
        edits.set_fields(index, "ferry", words, title="B")
    assert ((index / "edits.json").read_text(), article(index)) == before


def test_a_title_without_end_is_cut_and_no_half_of_a_character_is_kept(index: Path, words: Words) -> None:
    made = edits.set_fields(index, "ferry", words, title="x\ud800" * 400)
    assert made.title and len(made.title) == 300 and "\ud800" not in made.title
    assert article(index).title == made.title


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"ferry": 3}', '{"ferry": {"title": 7, "path": "", "text_sha256": "", "was": {}}}']
)
def test_a_file_of_edits_that_cannot_be_read_is_told_and_left(
    index: Path, tmp_path: Path, words: Words, content: str
) -> None:
    (index / "edits.json").write_text(content)
    for act in (
        lambda: build(index, [tmp_path / "in"], words),
        lambda: edits.set_fields(index, "ferry", words, title="A"),
    ):
        with pytest.raises(RagError, match=r"edits\.json, which holds what you set"):
            act()
    assert (index / "edits.json").read_text() == content and article(index).title is None
    (index / "edits.json").write_text(json.dumps({}))
    assert build(index, [tmp_path / "in"], words).unchanged == 2


def test_what_is_not_known_is_asked_for_where_it_is_added(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rag.embedders.load", Words)
    text = "Snow closed the Brenner pass for nine hours, the road service said."
    (tmp_path / "snow.txt").write_text(text, "utf-8")
    (tmp_path / "hail.txt").write_text(text.replace("Snow", "Hail").replace("nine", "two"), "utf-8")
    told = iter(["The Brenner Post", "soon", "9 January 2024"])
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or next(told))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert cli.main(["articles", "add", str(tmp_path / "snow.txt"), "--index", str(index)]) == 0
    snow = article(index, "snow")
    assert (snow.source, snow.published, snow.published_how) == ("The Brenner Post", date(2024, 1, 9), "set by you")
    assert [line.split()[1] for line in asked] == ["source", "date", "is"] and "'soon' is not a date" in asked[2]
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert cli.main(["articles", "add", str(tmp_path / "hail.txt"), "--index", str(index)]) == 0
    assert "hail  source and date not known: rag articles set hail --source … --date …" in capsys.readouterr().out
    assert len(asked) == 3 and article(index, "hail").published is None


def test_indexing_says_how_many_have_no_source_or_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rag.embedders.load", Words)
    folder = news(tmp_path / "in", NEWS)
    assert cli.main(["index", str(folder), "--index", str(tmp_path / "ix")]) == 0
    assert "without a" not in capsys.readouterr().out
    (folder / "snow.txt").write_text("Snow closed the Brenner pass for nine hours.", "utf-8")
    assert cli.main(["index", str(folder), "--index", str(tmp_path / "ix")]) == 0
    assert (
        "1 article without a source and 1 article without a date. Set what is missing with `rag articles set`"
        in capsys.readouterr().out
    )
