"""The reader: what its own weights find in passages nobody trained it on, and what that does to their order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import Words
from invented import DAY

from index.types import Article, Chunk, Hit
from rag import evidence, reading
from rag.calibration import CALIBRATION
from rag.question.period import Period
from rag.reader import Found, reader

SINKING = (
    "The ferry Aurora sank off Turku on Sunday night. Divers found a torn valve in the engine room. "
    "All 212 passengers were taken off by two helicopters and a fishing boat, the coast guard said."
)
OWNER = "Juhani Salo, who owns the line, said the company would pay for the tickets of everyone on board."
BREAD = "Bread has become dearer in Helsinki since the spring, and bakers blame the price of wheat."


@pytest.mark.parametrize(
    ("question", "passage", "answer"),
    [
        ("How many passengers were taken off the Aurora?", SINKING, "212"),
        ("When did the ferry Aurora sink?", SINKING, "Sunday night"),
        ("Who owns the line?", OWNER, "Juhani Salo"),
        ("Where has bread become dearer?", BREAD, "Helsinki"),
    ],
)
def test_it_finds_the_words_that_answer(question: str, passage: str, answer: str) -> None:
    others = [text for text in (SINKING, OWNER, BREAD) if text != passage]
    found = reader().read(question, [*others, passage])
    assert answer in found[-1].text and found[-1].text in passage
    assert found[-1].likely > 0.5 and all(one.odds < found[-1].odds for one in found[:-1]), found


def test_the_same_passages_are_found_the_same_in_any_order() -> None:
    question, texts = "Who owns the line?", [SINKING, OWNER, BREAD]
    assert reader().read(question, texts[::-1]) == reader().read(question, texts)[::-1]


@pytest.mark.parametrize("passage", ["", " ", "\u200b", "a " * 5_000, "\u6f22\u5b57" * 300])
@pytest.mark.parametrize("question", ["Who owns the line? " * 100, "a b c d " * 50, "\u6f22\u5b57" * 200, "?"])
def test_any_question_and_any_passage_can_be_read(question: str, passage: str) -> None:
    for titles in ([], ["T " * 400]):
        (found,) = reader().read(question, [passage], titles)
        assert found.text in passage and 0.0 <= found.likely <= 1.0
    assert reader().read(question, []) == []


def test_likely_tells_a_sure_find_from_a_very_sure_one() -> None:
    likely = [Found("", odds).likely for odds in (-30.0, -4.0, 0.0, 4.0, 8.0)]
    assert likely == sorted(likely) and likely[2] == 0.5 and likely[4] - likely[3] > 0.1


def hit(name: str, text: str, score: float) -> Hit:
    article = Article(name, name.title(), "BBC", DAY, "", None, (), text)
    return Hit(Chunk(f"{name}#0", name, 0, 0, len(text), text), article, score, 1, score, None)


def test_a_passage_in_which_it_finds_the_answer_is_read_before_one_that_only_looks_near() -> None:
    question, period = "How many passengers were taken off the Aurora?", Period()
    silent = "The line did not say how many passengers were taken off the Aurora."
    tells = "All 212 passengers were taken off the Aurora, many of them by helicopter."
    hits = [hit("near", silent, 0.6), hit("sinking", tells, 0.5), hit("bread", BREAD, 0.1)]
    plain = evidence.passages(hits, question, Words(), period)
    read = evidence.passages(hits, question, Words(), period, reader=reader())
    assert plain[0].article.id == "near" and read[0].article.id == "sinking" and "212" in read[0].found
    assert all(p.reads is None and not p.found for p in plain)
    assert {p.article.id: p.score for p in read} == {p.article.id: p.score for p in plain}, "only the order changes"
    without = reading.rank(replace(read[0], reads=None))
    assert reading.rank(read[0]) == pytest.approx(without + CALIBRATION.rank_reader * (read[0].reads or 0.0))


def test_no_answer_is_looked_for_in_a_title() -> None:
    title = "Juhani Salo owns the line"
    (found,) = reader().read("Who owns the line?", [BREAD], [title])
    (with_title,) = reader().read("Who owns the line?", [f"{title}. {BREAD}"])
    assert found.text in BREAD and "Salo" in with_title.text and found.odds < with_title.odds
    article = Article("bread", title, "BBC", DAY, "", None, (), f"{title}\n{BREAD}")
    chunked = Hit(Chunk("bread#0", "bread", 0, 0, len(article.text), article.text), article, 0.5, 1, 0.5, None)
    (read,) = evidence.passages([chunked], "Who owns the line?", Words(), Period(), reader=reader())
    assert read.shown.startswith(title) and "Salo" not in read.found, "nor where the first line is the title"
