"""Which day a weekday is: by the verb that it hangs on, and not at all where that does not say."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from index.errors import ModelError
from index.text import grammar
from index.text.dates import mentions
from rag.evidence import dated

TUESDAY = date(2024, 5, 14)
WEDNESDAY_AFTER, WEDNESDAY_BEFORE, MONDAY, FRIDAY, SUNDAY = (date(2024, 5, d) for d in (15, 8, 13, 17, 12))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("The port will close from noon on Friday.", FRIDAY),
        ("The harbour master said on Tuesday that the port would close on Friday.", FRIDAY),
        ("The council is expected to vote on the bridge on Friday.", FRIDAY),
        ("A hearing scheduled for Friday is to settle it.", FRIDAY),
        ("The festival opens Friday with a parade of boats.", FRIDAY),
        ("The ferry stays shut until it is inspected; divers are arriving Friday.", FRIDAY),
        ("When the two teams meet on Friday, the winner will take the cup.", FRIDAY),
        ("The museum reopens this Friday.", FRIDAY),
        ("The port closed on Monday after a storm.", MONDAY),
        ("Two boats sank in the storm late Sunday, officials said.", SUNDAY),
        ("The mayor has been in hospital since Monday.", MONDAY),
        ("In a letter published Monday, the union asked for more.", MONDAY),
        ("Monday's vote was the closest in years.", MONDAY),
        ("The mayor could not be reached for comment on Monday.", MONDAY),
        ("The mayor declined to comment Monday.", MONDAY),
        ("They met last Sunday.", SUNDAY),
        ("They met last Tuesday.", date(2024, 5, 7)),
        ("The mayor will speak later Tuesday.", TUESDAY),
        ("Dockers leave [Friday] and we will follow them.", None),
    ],
)  # fmt: skip
def test_the_verb_decides(text: str, day: date | None) -> None:
    assert [m.day for m in mentions(text, TUESDAY)][-1:] == ([day] if day else [])


@pytest.mark.parametrize(
    "text",
    [
        "The ferry sails every Friday.",
        "Boats are inspected on the first Monday of the month.",
        "The judge set the hearing for that Friday.",
        "He told the Sunday Herald that the port was safe.",
        "The museum is open Monday through Friday.",
        "Friday: the bank reports its earnings",
        "The choir was supposed to sing on Friday.",
        "Related:Crowds wait for the ferry on Friday",
        "Protesters shout slogans during a march on Friday.",
        "The bank cut its forecast on Wednesday.",  # written on a Tuesday: six days back, or a page that was written over
    ],
)
def test_where_nobody_can_tell_the_words_stay_as_they_are(text: str) -> None:
    assert mentions(text, TUESDAY) == []
    assert dated(text, TUESDAY) == text


def test_a_month_after_a_weekday_is_told_from_a_word() -> None:
    assert [m.day for m in mentions("Monday marked a year of peace.", TUESDAY)] == [MONDAY]
    assert [m.day for m in mentions("It opens Monday, March 4.", TUESDAY)] == [date(2024, 3, 4)]


def test_days_of_several_sentences_are_shown_each_by_its_own_verb() -> None:
    shown = dated("The port closed on Monday. It will open again on Friday, the mayor said.", TUESDAY)
    assert shown == "The port closed on Monday (13 May). It will open again on Friday (17 May), the mayor said."


def test_a_parser_with_other_bytes_is_refused(tmp_path: Path) -> None:
    here = Path(grammar.find_spec(grammar._PACKAGE).origin).parent / grammar._RELEASE  # type: ignore[union-attr, arg-type]
    grammar.verify(here)
    copy = tmp_path / "model"
    shutil.copytree(here, copy)
    with (copy / "parser" / "model").open("ab") as file:
        file.write(b"0")
    with pytest.raises(ModelError, match="parser/model: expected SHA-256 e0098910"):
        grammar.verify(copy)
