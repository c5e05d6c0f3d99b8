"""What a person is reported to have said: whole quotations, of that person and nobody else."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from fakes import Words, news

from index.build import build
from index.errors import InputError
from index.store.sqlite import Store
from index.types import Article
from rag import embedders
from rag.assistant import Rag
from rag.claims.speakers import speakers
from rag.cli import main
from rag.people import Person
from rag.quotes import in_article, quotes


def said(text: str, name: str = "Liisa Virtanen") -> list[tuple[str, bool]]:
    article = Article("a", None, None, None, "", None, (), text)
    found = in_article(article, name)
    assert all(article.text[q.start : q.end] == q.text for q in found)
    return [(q.text, q.direct) for q in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mayor Liisa Virtanen said that the ferry sank.", [("Mayor Liisa Virtanen said that the ferry sank.", False)]),
        ("Liisa Virtanen came. “It sank. We saw it,” Virtanen said. Snow fell.", [("“It sank. We saw it,” Virtanen said.", True)]),
        ('"It sank. We saw it," said Liisa Virtanen. It rained.', [('"It sank. We saw it," said Liisa Virtanen.', True)]),
        ("Liisa Virtanen said: “It sank. We saw it. All of it.” Snow fell.", [("Liisa Virtanen said: “It sank. We saw it. All of it.”", True)]),
        ("Liisa Virtanen said so. Virtanen said more.", [("Liisa Virtanen said so.", False), ("Virtanen said more.", False)]),
    ],
)  # fmt: skip
def test_a_sentence_and_the_whole_of_its_quotation(text: str, found: list[tuple[str, bool]]) -> None:
    assert said(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Virtanen said that the ferry sank.",  # nobody says which Virtanen
        "Liisa Virtanen was there. Pekka Virtanen said that the ferry sank.",
        "Liisa Virtanen was there. Elina Saari said that Virtanen was wrong.",
        "Liisa Virtanen was there. He said that the ferry sank.",
        "Liisa Virtanen was seen at the harbour.",
    ],
)
def test_what_others_say_or_nobody_is_named_for_is_left_out(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("“It sank,” Liisa Virtanen said. “We saw it.” Snow fell.", ["“It sank,” Liisa Virtanen said.", "“We saw it.”"]),
        ("“It sank,” Liisa Virtanen said.\n\n“We saw it,” she said.", ["“It sank,” Liisa Virtanen said.", "“We saw it,” she said."]),
        ("“It sank,” Liisa Virtanen said.\n\nSnow fell.\n\n“We saw it,” she said.", ["“It sank,” Liisa Virtanen said."]),
        ("“It sank,” Liisa Virtanen said. “No,” Elina Saari said. “We saw it,” she said.", ["“It sank,” Liisa Virtanen said."]),
    ],
)  # fmt: skip
def test_a_quotation_goes_on_and_she_is_who_spoke_last(text: str, found: list[str]) -> None:
    assert [words for words, _ in said(text)] == found


def test_a_title_before_the_name_and_an_odd_quotation_mark_do_no_harm() -> None:
    text = 'Liisa Virtanen came. President Virtanen said "yes. It rained.'
    assert said(text) == [('President Virtanen said "yes.', False)]


def test_a_sentence_as_long_as_a_book_is_not_parsed() -> None:
    assert said("Liisa Virtanen said that " + "the ferry sank and " * 50_000 + "snow fell.") == []


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Peskov came in and said that it was over.", ["Peskov"]),
        ("The spokesman, Dmitry Peskov, said so.", ["Peskov"]),
        ("Lavrov and Kuleba said they would meet.", ["Lavrov", "Kuleba"]),
        ("“It sank,” said Brewers president David Stearns.", ["Stearns"]),
        ("Elina Saari said that Pekka Virtanen was wrong.", ["Saari"]),
        ("Elina Saari was told that it sank.", []),
        ("Elina Saari noted the vote.", []),  # no clause and no quotation: nothing is said
        ("Elina Saari noted that it sank.", ["Saari"]),
        ("It sank, according to Elina Saari.", []),
    ],
)
def test_who_speaks_is_the_subject_of_a_verb_of_saying(text: str, who: list[str]) -> None:
    assert speakers(text) == who


def test_accents_may_be_left_out(tmp_path: Path, words: Words) -> None:
    text = "Premier Győző Haßler said that it sank. Haßler said more. Győző Hasler said less."
    mine = ["Premier Győző Haßler said that it sank."]
    assert [found for found, _ in said(text, "Győző Haßler")][:1] == mine
    assert said(text, "Gyozo Hassler") == said(text, "Győző Haßler")
    assert said(text, "Gyozo Hazler") == []
    build(
        tmp_path / "ix", [news(tmp_path / "in", [("a", "BBC", "2024-01-05", "José Núñez said that it sank.")])], words
    )
    store = Store(tmp_path / "ix", words)
    assert [q.text for q in quotes(store, "Jose Nunez")] == ["José Núñez said that it sank."]
    store.close()


def test_they_stand_in_order_of_day_and_keep_to_limits(tmp_path: Path, words: Words) -> None:
    articles = [
        ("late", "CNN", "2024-05-02", "Liisa Virtanen said that the ferry sank."),
        ("early", "BBC", "2024-01-05", "Liisa Virtanen said that the ferry was safe."),
        ("other", "BBC", "2024-02-05", "Pekka Virtanen said that snow fell."),
    ]
    build(tmp_path / "ix", [news(tmp_path / "in", articles)], words)
    store = Store(tmp_path / "ix", words)
    assert [q.article.id for q in quotes(store, " Liisa  Virtanen ")] == ["early", "late"]
    assert [q.article.id for q in quotes(store, "Liisa Virtanen", after=date(2024, 2, 1))] == ["late"]
    assert [q.article.id for q in quotes(store, "Liisa Virtanen", source="bbc")] == ["early"]
    assert quotes(store, "Liisa Nobody") == []
    for wrong in ("Virtanen", "", "? ?"):
        with pytest.raises(InputError, match="not a first and a last name"):
            quotes(store, wrong)
    store.close()


def test_people_and_their_quotes_from_python_and_the_command_line(
    tmp_path: Path, words: Words, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    articles = [
        ("late", "CNN", "2024-05-02", "Liisa Virtanen said that the ferry sank."),
        ("early", "BBC", "2024-01-05", "“It was safe,” said Liisa Virtanen. Snow fell, Pekka Saari said."),
    ]
    build(tmp_path / "ix", [news(tmp_path / "in", articles)], words)
    monkeypatch.setattr(embedders, "for_index", lambda *_, **__: words)
    with Rag.open(tmp_path / "ix", model="none") as rag:
        assert rag.people() == [Person("Liisa Virtanen", 2), Person("Pekka Saari", 1)]
        assert rag.people(1) == [Person("Liisa Virtanen", 2)]
        found = rag.quotes("Liisa Virtanen", after=date(2024, 2, 1))
        assert [(q.text, q.direct) for q in found] == [("Liisa Virtanen said that the ferry sank.", False)]
        assert [q.article.id for q in rag.quotes("Liisa Virtanen", source="bbc", before=date(2024, 2, 1))] == ["early"]
    where = ["--index", str(tmp_path / "ix")]

    def told(*args: str) -> str:
        assert main([*args, *where]) == 0
        return capsys.readouterr().out

    assert told("people") == "Liisa Virtanen  in 2 articles\nPekka Saari  in 1 article\n"
    assert json.loads(told("people", "--limit", "1", "--json")) == [{"name": "Liisa Virtanen", "articles": 2}]
    assert told("quotes", "Liisa Virtanen", "--before", "2024-02-01") == (
        "2024-01-05  BBC  early\n    “It was safe,” said Liisa Virtanen.\n"
    )
    (quote,) = json.loads(told("quotes", "Liisa Virtanen", "--after", "2024-02-01", "--json"))
    assert quote == {"article_id": "late", "title": quote["title"], "source": "CNN", "date": "2024-05-02", "start": 0, "end": 40,
                     "text": "Liisa Virtanen said that the ferry sank.", "direct": False}  # fmt: skip
