"""What says nothing by itself is no passage and no statement: lists of names, bare names, table cells, headings."""

from __future__ import annotations

import pytest

from index.text.chunks import chunk
from index.text.fragments import is_fragment
from index.types import Article
from rag.evidence import evidence_sentences

SAID = "The harbour at Turku was closed on Monday after a ferry had lost its anchor, the harbour master said."
STATES = "Alabama, Alaska, Arizona, Arkansas, California, Colorado, Connecticut, Delaware, Florida and Georgia."


@pytest.mark.parametrize(
    "text",
    [
        STATES, "Liisa Virtanen", "Liisa Virtanen\n\nVille Salo", "Ship | Aurora | 4.5 tonnes", "AP", "Photo: AP",
        "Regular: $4.50\n\nMid-grade: $4.864\n\nPremium: $5.056", "• Total population (2016): 21,937", "TODAY'S NUMBER",
        "Alexander Avilov / Moskva News Agency", "SUPPORTING ACTRESS, LIMITED SERIES", "Serena Williams. Sue Bird.",
        "Read more", "Janelle James, “Abbott Elementary” (ABC)", "8. Start Me Up\n\n9. Honky Tonk Women",
    ],
)  # fmt: skip
def test_what_states_nothing(text: str) -> None:
    assert is_fragment(text)


@pytest.mark.parametrize(
    "text",
    [
        SAID, f"Liisa Virtanen\n\n{SAID}", "“No,” Salo said.", "Ships collided.\n\nNobody was hurt in it.",
        "President Ann Ek met Foreign Minister Ville Salo in Turku.", "the talks went on until late in the evening and no one would say why",
        "Salo, Ek, Virtanen and Korhonen were elected to the board of the harbour.", "THE HARBOUR WAS CLOSED ON MONDAY.",
        "الميناء أغلق يوم الاثنين", "港は月曜日に閉鎖された", "A ferry lies in the harbour at Turku on Monday.",
    ],
)  # fmt: skip
def test_what_states_something(text: str) -> None:
    assert not is_fragment(text)


def article(text: str, title: str = "") -> Article:
    return Article("a", title or None, None, None, "", None, (), text)


def test_no_chunk_is_made_of_them() -> None:
    long = " ".join([SAID] * 3) + " It was so at {n}."
    told = article("\n\n".join((long.format(n=1), STATES, long.format(n=2))))
    assert [c.text for c in chunk(told)] == [long.format(n=1), long.format(n=2)]
    assert [c.id for c in chunk(told)] == ["a#0", "a#1"]
    joined = article(f"Liisa Virtanen\n\n{SAID}")
    assert [c.text for c in chunk(joined)] == [joined.text], "beside a statement it may stand"
    table = article("Ship | Aurora\n\nPort | Turku")
    assert [c.text for c in chunk(table)] == [table.text], "an article of nothing else could not be found"
    titled = article(
        "\n\n".join(("Harbour Closes at Turku", long.format(n=1) + " It was so for hours.")), "Harbour Closes  at Turku"
    )
    assert chunk(titled)[0].text == "Harbour Closes at Turku"


def test_none_becomes_a_statement() -> None:
    told = article(f"Liisa Virtanen\n\n{SAID} Ville Salo / Turku News\n\n12 Escape owners")
    assert [s.text for s in evidence_sentences(told, "a#0", 0, len(told.text))] == [SAID, "12 Escape owners"]
    names = article("Liisa Virtanen")
    assert [s.text for s in evidence_sentences(names, "a#0", 0, 14)] == ["Liisa Virtanen"], (
        "where there is nothing else"
    )
