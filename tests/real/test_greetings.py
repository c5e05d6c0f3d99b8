"""Small talk with the real embedder, which it was fitted on."""

from __future__ import annotations

import pytest

from index.embedder import Embedder
from rag.assistant import Rag
from rag.question.small_talk import small_talk


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello", "greeting"), ("Good morning!", "greeting"), ("thanks a lot", "thanks"), ("cheers, that helped", "thanks"),
        ("what can you do?", "help"), ("how does this work", "help"),
        ("What can Ukraine do to join the EU?", None), ("Who thanked the mediators?", None), ("how did the talks work out", None),
        ("Good news from Istanbul?", None), ("Who greeted the delegation?", None), ("Istanbul", None),
    ],
)  # fmt: skip
def test_small_talk_is_told_from_questions(embedder: Embedder, text: str, kind: str | None) -> None:
    assert small_talk(text, embedder) == kind


def test_a_greeting_is_replied_to_and_nothing_is_read(rag: Rag) -> None:
    answer = rag.answer("hello")
    assert answer.text.startswith("Hello! Ask a question about your articles: there are 5 articles, from ")
    assert answer.abstained and answer.reason == "" and answer.citations == () and answer.passages == ()
    assert answer.tokens.get("prompt", 0) == 0
