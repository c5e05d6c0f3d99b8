"""The same contract for both stores: SQLite with FAISS, and Milvus (its embedded form, for real)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from index.build import gather
from index.embedder import SentenceTransformerEmbedder
from index.errors import IndexDamaged, IndexMissing
from index.search import search
from index.store.milvus import MilvusStore
from index.store.sqlite import Store
from index.store.writer import write
from index.types import Article, IndexReport
from rag.assistant import Rag
from rag.cli import main
from rag.config import Config, seeds

Opened = tuple[Any, Callable[[Sequence[Article]], IndexReport]]


@pytest.fixture(params=["sqlite", "milvus"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, embedder: SentenceTransformerEmbedder) -> Iterator[Opened]:
    """A store that holds the seeds, and what writes it."""
    articles, _ = gather([seeds()])
    if request.param == "sqlite":
        write(tmp_path, articles, embedder)
        store = Store(tmp_path, embedder)
        yield store, lambda new: write(tmp_path, new, embedder)
    else:
        milvus = MilvusStore(str(tmp_path / "index.db"), embedder, create=True)
        milvus.write(articles)
        yield milvus, milvus.write
        milvus.close()


def test_articles_come_back_as_they_were(opened: Opened) -> None:
    store, _ = opened
    articles, _ = gather([seeds()])
    assert {a.id: a for a in store.articles()} == {a.id: a for a in articles}
    days = [a.published for a in store.articles()]
    assert days == sorted(days) and store.span() == (days[0], days[-1])
    assert [a.id for a in store.articles(newest=2)] == [a.id for a in store.articles()][-2:]
    assert int(store.meta["articles"]) == 5 and int(store.meta["chunks"]) == 36
    assert store.sources() == sorted({a.source for a in articles if a.source}, key=str.lower)
    with pytest.raises(KeyError):
        store.article("none")


def test_a_search_finds_and_keeps_to_its_limits(opened: Opened, embedder: SentenceTransformerEmbedder) -> None:
    store, _ = opened
    best = search(store, embedder, "Who is Russia's chief negotiator?", 5)
    assert any("Medinsky" in hit.chunk.text for hit in best)
    for hit in best:
        assert hit.article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text and hit.cosine is not None
    only = search(store, embedder, "What did Peskov say?", 10, source="newsweek")
    assert only and {hit.article.source for hit in only} == {"Newsweek"}
    day = date(2022, 3, 22)
    assert {h.article.published for h in search(store, embedder, "the talks", 10, after=day, before=day)} == {day}
    early = search(store, embedder, "the talks", 30, as_of=day)
    assert early and all(h.article.published and h.article.published <= day for h in early)
    assert store.knows("Pesko") and store.knows("podol") and not store.knows("Canbe")
    with store.snapshot():
        assert store.full_text(["negotiating"], 5) and not store.full_text(["zanzibar"], 5)


def test_what_is_new_is_found_and_what_is_gone_is_not(opened: Opened, embedder: SentenceTransformerEmbedder) -> None:
    store, rewrite = opened
    articles, _ = gather([seeds()])
    ferry = Article(
        "ferry", "Ferry sinks", None, None, "", None, (), "The ferry Aurora sank off Turku.\n\n" + "Rain. " * 9_000
    )
    report = rewrite([*articles, ferry])
    assert (report.articles, report.added, report.unchanged, report.dropped) == (6, 1, 5, 0)
    found = search(store, embedder, "Where did the ferry Aurora sink?", 3)[0]
    assert found.article.id == "ferry" and found.article.text == ferry.text, "also one that fills several fields"
    changed = replace(ferry, text="The ferry Aurora was raised off Naantali.")
    report = rewrite([*articles[1:], changed])
    assert (report.articles, report.updated, report.dropped) == (5, 1, 1)
    assert search(store, embedder, "ferry Aurora", 1)[0].article.text == changed.text
    assert store.article("ferry") == changed
    with pytest.raises(KeyError):
        store.article(articles[0].id)
    assert articles[0].id not in {h.article.id for h in search(store, embedder, articles[0].text[:200], 30)}


def test_names_in_any_letters(opened: Opened, embedder: SentenceTransformerEmbedder) -> None:
    store, rewrite = opened
    text = "Die Fähre Aurora sank vor Turku, sagte Erdoğan der Zeitung."
    rewrite([Article('Müller "1"', "Fähre", "Österreich Heute", date(2023, 5, 3), "", None, (), text)])
    found = search(store, embedder, "Fähre Aurora", 3, source="ÖSTERREICH heute")
    assert [h.article.id for h in found] == ['Müller "1"'] and found[0].article.text == text
    assert store.knows("Erdoğ") and store.knows("Fähre")
    rewrite(gather([seeds()])[0])
    assert len(store.articles()) == 5


def test_a_write_that_was_interrupted_is_completed(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> None:
    uri = str(tmp_path / "index.db")
    milvus = MilvusStore(uri, embedder, create=True)
    ferry = Article("ferry", None, None, None, "", None, (), "The ferry Aurora sank off Turku.")
    milvus.write([ferry])
    raised = replace(ferry, text="The ferry Aurora was raised off Naantali.")
    real = milvus._client.upsert
    for stop in range(1, 5):

        def upsert(name: str, rows: list[Any], stop: int = stop) -> None:
            if upsert.calls == stop:  # type: ignore[attr-defined]
                raise KeyboardInterrupt
            upsert.calls += 1  # type: ignore[attr-defined]
            real(name, rows)

        upsert.calls = 0  # type: ignore[attr-defined]
        milvus._client.upsert = upsert
        try:
            milvus.write([replace(raised, title=f"Try {stop}")])
        except KeyboardInterrupt:
            assert search(milvus, embedder, "Where is the ferry Aurora?", 5), "what was there can be found"
        milvus._client.upsert = real
        milvus.write([raised])
        assert [a.text for a in milvus.articles()] == [raised.text]
        assert [h.article.text for h in search(milvus, embedder, "ferry Aurora", 5)] == [raised.text]
    milvus.close()


def test_both_find_the_same(tmp_path: Path, embedder: SentenceTransformerEmbedder, store: Store) -> None:
    milvus = MilvusStore(str(tmp_path / "index.db"), embedder, create=True)
    milvus.write(gather([seeds()])[0])
    asked = [
        "How long did the negotiators meet in Istanbul?", "What does Peskov say of Crimea?", "Who is Podolyak?",
        "What did Zelensky offer?", "security guarantees", "Where is the next round of talks?", "Mariupol surrender",
    ]  # fmt: skip
    same = first = 0
    for question in asked:
        here, there = (search(s, embedder, question, 5) for s in (store, milvus))
        same += len({h.chunk.id for h in here} & {h.chunk.id for h in there})
        first += here[0].chunk.id == there[0].chunk.id
    assert same >= 0.8 * 5 * len(asked) and first >= len(asked) - 1, (same, first)
    milvus.close()


def test_it_is_indexed_and_asked_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = ["--uri", str(tmp_path / "index.db")]
    assert main(["ask", "Who?", "--model", "none", *there]) == 1
    assert "There is no index" in capsys.readouterr().err
    assert main(["index", str(seeds()), *there]) == 0
    assert "5 articles, 36 chunks" in capsys.readouterr().out
    assert main(["ask", "Who is Vladimir Medinsky?", "--model", "none", *there]) == 0
    assert "Medinsky" in capsys.readouterr().out
    assert main(["search", "neutral status", "--k", "2", *there]) == 0
    assert main(["ask", "Who?", "--index", str(tmp_path), *there]) == 1
    assert "--index and --uri" in capsys.readouterr().err


def test_an_index_of_another_model_is_refused(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> None:
    uri = str(tmp_path / "index.db")
    with pytest.raises(IndexMissing):
        MilvusStore(uri, embedder)
    made = MilvusStore(uri, embedder, create=True)
    made.write(gather([seeds()])[0])
    rag = Rag(made, embedder, None, Config())
    assert rag.answer("Who is Vladimir Medinsky?").citations
    made.close()
    other = SentenceTransformerEmbedder(embedder._folder, "another", 384)
    with pytest.raises(IndexDamaged, match="embedder"):
        MilvusStore(uri, other)
