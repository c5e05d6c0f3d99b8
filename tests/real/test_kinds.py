"""What kind of answer a question asks for, told with the real embedder; the questions were not learned from."""

from __future__ import annotations

import pytest

from index.embedder import Embedder
from rag.question.kind import asks, kind_of
from rag.summary import Wanted, wanted

PLAIN = {
    "several": [
        "Which countries hosted talks?", "What does each side say about Crimea?", "Compare the two statements.",
        "How did Peskov's view of the talks change?", "Which women's teams were there?", "Which US tournaments did Djokovic miss?",
        "What are the demands of the unions?", "Who are the candidates?", "What did Macron and Scholz say about gas?",
        "Do the two reports agree on the number of dead?", "What did each trawler land?",
        "The warning and the landing: which came first? Give both dates.", "Which public service workers may carry guns?",
    ],
    "yes_no": [
        "Is the harbour open?", "And did she resign?", "In March, did Peskov resign?", "According to Newsweek, did officials respond?",
        "The player was held in Moscow. Is she free?", "Did it bother the Kremlin?", "Was Putin in Istanbul when the talks were held?",
    ],
    "fact": [
        "Which city hosts the talks?", "Which two cities were hit?", "Around which two cities was it?", "Which sports team held a parade?",
        "Which women's golf championship begins today?", "Which city's residents eat most?", "Which official says this?",
        "Which animal species takes longest to heal?", "How much does it cost each month?", "Do you know when the talks were?",
        "Can you tell me the name of the chief negotiator?", "Both ministers met on Sunday. Where was that?",
        "Will Smith struck a man on Sunday. Which film was he in?", "May 4th is the day of which film?", "Who is Russia's chief negotiator?",
        "Did she resign, and why?", "Is the harbour open, and who says so?", "When did the campaign begin?", "Who resigned?",
    ],
}  # fmt: skip


def test_plain_questions_are_told_apart(embedder: Embedder) -> None:
    """Of thirty-nine, six may be mistaken; the shares on some thousand by other authors are printed by the script that fits it."""
    wrong = [(q, kind) for kind, asked in PLAIN.items() for q in asked if kind_of(q, embedder) != kind]
    assert len(wrong) <= 6, wrong


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("catch me up on the tram strike", "the tram strike"),
        ("give me the gist of the pay row at the BBC", "the pay row at the BBC"),
        ("catch me up on it", None),
        ("Who is on the list of banned books?", None),
        ("What is the price of bread?", None),
        ("When was the summary of the inquiry published?", None),
    ],
)
def test_a_summary_is_asked_for_in_whatever_words(embedder: Embedder, text: str, subject: str | None) -> None:
    found = wanted(text, None, asks(text, embedder)["summary"])
    assert found == (Wanted(subject) if subject else None)
