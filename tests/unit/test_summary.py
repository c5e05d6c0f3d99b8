"""A summary, and what changed since a day: the articles' own sentences, with their places. No model is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fakes import Words, news

from index.build import build
from index.store.sqlite import Store
from rag.assistant import Rag
from rag.calibration import CALIBRATION
from rag.config import NO_MODEL, Config
from rag.summary import Wanted, wanted
from rag.types import Answer, Turn

FERRY = """Ferry Sinks off Turku

The ferry Aurora sank off Turku on Monday, the coast guard of Finland said.

All ninety passengers were taken ashore by two fishing boats from Naantali.

Divers will look for the cause of the sinking in the summer, said Liisa Virtanen.

The ferry Aurora had carried cars and people to the islands since the year 1988.

A second boat will take over the crossing to the islands from next week.

Fishermen of the village had warned of the old hull for many years before that.
"""
NEWS = [
    ("ferry", "Reuters", "2024-03-04", FERRY),
    ("divers", "BBC", "2024-03-20", "Divers found a hole in the hull of the ferry Aurora, the police of Turku said."),
    ("snow", "BBC", "2024-03-06", "Snow closed the Brenner pass for nine hours on Wednesday, the police said."),
]


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    embedder = Words()
    build(tmp_path / "ix", [news(tmp_path / "in", NEWS)], embedder)
    opened = Rag(Store(tmp_path / "ix", embedder), embedder, None, Config(model=NO_MODEL, embedder=embedder.name))
    yield opened
    opened.close()


def whole(answer: Answer, rag: Rag) -> list[str]:
    """The ids of the cited articles, once every sentence is seen to be an article's own words."""
    assert not answer.abstained and 0 < len(answer.sentences) <= CALIBRATION.summary
    for sentence, cited in zip(answer.sentences, answer.citations, strict=True):
        assert cited.quote == rag.store.article(cited.article_id).text[cited.start : cited.end]
        assert sentence.markers == (cited.marker,) and sentence.text.startswith(" ".join(cited.quote.split())[:-1])
    return [c.article_id for c in answer.citations]


def test_an_article_is_summarised_by_its_title(rag: Rag) -> None:
    answer = rag.answer("Please summarise “Ferry Sinks off Turku”")
    assert whole(answer, rag) == ["ferry"] * CALIBRATION.summary
    assert answer.citations[0].quote.startswith("The ferry Aurora sank off Turku")
    assert [c.start for c in answer.citations] == sorted(c.start for c in answer.citations)


def test_a_selection_and_a_subject_are_summarised_and_what_is_not_there_is_refused(rag: Rag) -> None:
    assert whole(rag.answer("Summarise the articles", source="BBC"), rag) == ["snow", "divers"]
    assert set(whole(rag.answer("summarize the snow on the Brenner pass"), rag)) == {"snow"}
    nothing = rag.answer("Summarise quantum chromodynamics")
    assert nothing.abstained and nothing.reason and not nothing.citations


def test_what_changed_since_a_day_stands_beside_what_was_known(rag: Rag) -> None:
    answer = rag.answer("What changed since 10 March 2024 about the ferry Aurora?")
    assert whole(answer, rag) == ["ferry", "divers"]
    none = rag.answer("What has changed since 25 March 2024 about the ferry Aurora?")
    assert none.abstained


def test_what_is_new_about_a_subject_is_its_last_week(rag: Rag) -> None:
    assert set(whole(rag.answer("What's new about the ferry Aurora?"), rag)) == {"divers"}
    assert set(whole(rag.answer("any news on the snow on the Brenner pass?"), rag)) == {"snow"}
    assert set(whole(rag.answer("what's new?"), rag)) == {"divers"}
    then = rag.answer("what's new?", as_of=date(2024, 3, 10))
    assert set(whole(then, rag)) == {"ferry", "snow"} and then.as_of == date(2024, 3, 10)
    assert rag.answer("Is there any news about quantum chromodynamics?").abstained
    assert rag.answer("Whats new about the coronation of the king in Turku?").abstained, (
        "Turku alone is not the subject"
    )


def test_news_is_what_an_article_begins_with(tmp_path: Path) -> None:
    filler = "\n\n".join(
        f"Paragraph {n} tells of the weather, the trams and the market in the town." for n in range(60)
    )
    text = f"The lighthouse of Hanko burned down on Friday, the police said.\n\n{filler}\n\nThe lighthouse of Hanko was built in 1888."
    embedder = Words()
    build(tmp_path / "ix", [news(tmp_path / "in", [("fire", "BBC", "2024-05-04", text)])], embedder)
    with Rag(Store(tmp_path / "ix", embedder), embedder, None, Config(model=NO_MODEL, embedder=embedder.name)) as rag:
        answer = rag.answer("What's new about the lighthouse of Hanko?")
    assert "burned down" in answer.text and "1888" not in answer.text


def test_any_news_in_a_conversation_is_about_what_was_spoken_of(rag: Rag) -> None:
    turns: list[Turn] = [
        {"role": "user", "content": "Where did snow close the Brenner pass?"},
        {"role": "assistant", "content": "Snow closed the Brenner pass for nine hours."},
    ]
    assert "Brenner" in rag.answer("Any news?", turns).standalone_question
    assert set(whole(rag.answer("Any news on the ferry Aurora?", turns), rag)) == {"divers"}


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Summarise the articles.", Wanted("")),
        ("can you sum up the talks in Istanbul?", Wanted("the talks in Istanbul")),
        ("Give me a short summary of Snow on the pass", Wanted("Snow on the pass")),
        ("What changed since 22 March 2024?", Wanted("", date(2024, 3, 22))),
        ("what's new since 22 March 2024 on the talks?", Wanted("the talks", date(2024, 3, 22))),
        ("What did the mayor say in summary?", None),
        ("Who summarised the talks?", None),
        ("What has happened in Turku?", None),
        ("How has the price changed since 22 March 2024?", None),
        ("what's new about the ferry Aurora?", Wanted("the ferry Aurora", new=True)),
        ("What is the latest on the talks?", Wanted("the talks", new=True)),
        ("whats new about the ferry", Wanted("the ferry", new=True)),
        ("any news?", Wanted("", new=True)),
        ("Is there any news from Turku?", Wanted("Turku", new=True)),
        ("Latest developments in Turku", Wanted("Turku", new=True)),
        ("what's new", Wanted("", new=True)),
        ("any news on it?", None),
        ("What's the latest about him?", None),
        ("What is the latest figure for inflation?", None),
        ("What is the new bridge made of?", None),
        ("What news did the captain bring to Turku?", None),
    ],
)
def test_what_asks_for_a_summary_and_what_does_not(text: str, asks: Wanted | None) -> None:
    assert wanted(text, date(2024, 3, 30)) == asks
