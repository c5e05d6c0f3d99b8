"""What is said to a greeting, thanks and a call for help; which is which needs the real embedder: tests/real."""

from __future__ import annotations

from datetime import date

import pytest
from fakes import Words

from rag.question.small_talk import reply, small_talk


def test_the_reply_says_what_there_is_to_ask() -> None:
    said = reply("greeting", 1607, date(2013, 3, 23), date(2022, 8, 26))
    assert (
        said
        == "Hello! Ask a question about your articles: there are 1,607 articles, from 23 March 2013 to 26 August 2022."
    )
    assert reply("greeting", 1, None, None) == "Hello! Ask a question about your articles: there is 1 article."
    assert "(5 articles)" in reply("help", 5, None, None) and reply("thanks", 5, None, None) == "You are welcome."


@pytest.mark.parametrize("text", ["hello", "thank you", "What can you do?"])
def test_with_an_embedder_it_was_not_fitted_on_everything_is_a_question(text: str) -> None:
    assert small_talk(text, Words()) is None
