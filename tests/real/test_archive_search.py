"""The made-up archive with the real embedding model and no language model: what is found, and what people type first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from eval import golden
from eval.golden import GoldenQuestion, plain
from index.build import build
from index.embedder import SentenceTransformerEmbedder
from rag.assistant import Rag
from rag.config import NO_MODEL
from rag.question.understand import understand
from rag.types import Filters, Turn
from scripts import measure_reranking

QUESTIONS = golden.load(golden.QUESTIONS["archive"])
AMONG, SHARE = 8, 0.9


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder) -> Iterator[Rag]:
    folder = tmp_path_factory.mktemp("archive")
    build(folder, [golden.ARCHIVE], embedder)
    opened = Rag.open(folder, model=NO_MODEL)
    yield opened
    opened.close()


def test_a_gold_passage_is_among_the_first_eight(archive: Rag) -> None:
    def is_found(q: GoldenQuestion) -> bool:
        turns: list[Turn] = [{"role": m.role, "content": m.content} for m in q.history]
        hits = archive.search(understand(q.question, turns, Filters(), None, None).search, AMONG)
        return any(g.article == h.article.id and plain(g.text) in plain(h.chunk.text) for g in q.quotes for h in hits)

    asked = [q for q in QUESTIONS if q.quotes]
    missed = [q.id for q in asked if not is_found(q)]
    assert len(missed) <= (1 - SHARE) * len(asked), missed


def test_the_order_in_which_passages_are_read_is_better_than_that_in_which_they_are_found(archive: Rag) -> None:
    asked = [q for q in QUESTIONS if q.quotes and not q.history]
    found, read = zip(*(measure_reranking.ranks(archive, q) for q in asked), strict=True)

    def mean_reciprocal(ranks: Iterable[int | None]) -> float:
        return sum(0.0 if n is None else 1 / (n + 1) for n in ranks) / len(asked)

    assert mean_reciprocal(read) > mean_reciprocal(found) + 0.02


@pytest.mark.parametrize("q", [q for q in QUESTIONS if q.subkind == "first words"], ids=lambda q: q.id)
def test_what_people_type_first(archive: Rag, q: GoldenQuestion) -> None:
    answer = archive.answer(q.question)
    if q.refuse == "must":  # small talk
        assert "24 articles, from 17 July 2014 to 27 February 2024" in answer.text and not answer.passages
    elif q.kind == "across":  # a summary
        assert {c.article_id for c in answer.citations} == set(q.articles), answer.text
    else:
        assert answer.passages, "the articles are searched"
