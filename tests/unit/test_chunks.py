"""Sentences and chunks of any text: every character once, exact slices, and floods in bounded time."""

from __future__ import annotations

import pytest
from conftest import SOAK
from hypothesis import given, settings
from hypothesis import strategies as st

from index.reading.boilerplate import clean
from index.text.chunks import chunk
from index.text.fragments import is_fragment
from index.text.sentences import sentences
from index.types import RawArticle

MANY = settings(max_examples=2_000 if SOAK else 100, deadline=None)
WORDS = st.text(st.sampled_from("abc DEF.!?\"“”'’\n\r\t 0189[]()…。é\u200b\u202e😀-"), max_size=400)


@MANY
@given(WORDS)
def test_sentences_cover_every_character_once(text: str) -> None:
    spans = sentences(text)
    assert all(a < b for a, b in spans)
    assert all(spans[i][1] <= spans[i + 1][0] for i in range(len(spans) - 1))
    inside = {i for a, b in spans for i in range(a, b)}
    assert all(c.isspace() for i, c in enumerate(text) if i not in inside)


@MANY
@given(WORDS, st.integers(1, 30))
def test_chunks_are_exact_slices_and_lose_only_what_repeats_or_states_nothing(text: str, words: int) -> None:
    article = clean(RawArticle("x", text, "x.txt"))
    chunks = chunk(article, words)
    assert all(article.text[c.start : c.end] == c.text for c in chunks)
    split, last = sentences(article.text), 0
    for start, end in [*((c.start, c.end) for c in chunks), (len(article.text), len(article.text))]:
        lost = article.text[last:start].strip()
        said = [article.text[max(a, last) : min(b, start)].strip() for a, b in split if a < start and b > last]
        assert is_fragment(lost) or all(is_fragment(s) or any(s in c.text for c in chunks) for s in said), lost
        last = max(last, end)


def test_a_sentence_longer_than_a_chunk_keeps_all_its_parts() -> None:
    """Its last part is no statement by itself."""
    article = clean(
        RawArticle("x", "The minister said that the talks in Ankara would go on until Friday, Kyiv.", "x.txt")
    )
    assert [c.text.strip() for c in chunk(article, 13)][-1] == "Kyiv."


@pytest.mark.parametrize(
    "text",
    [
        "word " * 400_000,
        "a" * 3_000_000,
        "One. " * 200_000,
        "/" + "A" * 5_000 + "!",
        '"' * 50_000,
        "<" * 100_000,
        "<!--" * 100_000 + "-->",
        "<!--" * 100_000,
        "Read more\n" * 100_000,
        "\u202e\u200b" * 100_000 + "x",
        "Mr. " * 100_000,
    ],
    ids=[
        "words",
        "one word",
        "sentences",
        "slash",
        "quotes",
        "tags",
        "a comment",
        "open comments",
        "buttons",
        "invisible",
        "titles",
    ],
)
def test_floods_take_bounded_time(text: str) -> None:
    """Each of these is read in seconds; a pattern that backtracks would not end at all."""
    article = clean(RawArticle("x", text, "x.txt"))
    assert all(len(c.text) < 2_000 for c in chunk(article))
