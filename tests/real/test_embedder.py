"""The real embedding model: what is found with it, what it remembers, and how many threads it takes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, write

from index.embedder import SentenceTransformerEmbedder
from index.encoder import export, exported
from index.errors import InputError
from index.search import search
from index.store import writer
from index.store.sqlite import Store
from index.types import Article
from rag.assistant import Rag

Embedder = SentenceTransformerEmbedder


@pytest.mark.main
def test_a_search_finds_by_meaning_and_by_word(store: Store, embedder: Embedder) -> None:
    found = search(store, embedder, "Western distrust of the vow to fight less around the capital", 3)
    assert any("skepticism" in h.chunk.text for h in found)
    hit = search(store, embedder, "Vereshchuk", 1)[0]
    assert "Vereshchuk" in hit.chunk.text and hit.bm25 is not None
    assert hit.article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted as Linux tells them")
def test_many_threads_that_embed_do_not_multiply_torchs_own(embedder: Embedder) -> None:
    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    embedder.query("The ferry sank.")
    before, all_there = threads(), threading.Barrier(16)
    with ThreadPoolExecutor(16) as pool:

        def ask(n: int) -> int:
            embedder.query(f"Where did ferry number {n} of the thread {time.monotonic_ns()} sink?")
            all_there.wait(60)
            return threads()

        assert max(pool.map(ask, range(16))) <= before + 18


def test_a_prepared_model_gives_the_same_vectors_and_needs_no_torch(embedder: Embedder, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(embedder._folder, folder, ignore=shutil.ignore_patterns("*.onnx"))
    texts = ["Who sank the ferry?", "“It is the ice,” said the mayor of Turku – 2,200 tons of it. " * 40, "", "ÅÖ 名"]
    plain = SentenceTransformerEmbedder(folder, "plain", 384)
    assert plain.prepare() and plain.prepare(), "and a second time it is there"
    code = (
        "import sys, json; from pathlib import Path; from index.embedder import SentenceTransformerEmbedder as E; "
        "v = E(Path(sys.argv[1]), 'quick', 384).passages(json.loads(sys.argv[2])); "
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules); print(json.dumps(v.tolist()))"
    )
    made = subprocess.run(
        [sys.executable, "-c", code, str(folder), json.dumps(texts)], cwd=ROOT, capture_output=True, check=True
    )
    assert np.abs(np.array(json.loads(made.stdout)) - plain.passages(texts)).max() < 1e-5


def test_tokens_are_those_of_the_text_whether_the_model_is_prepared_or_not(embedder: Embedder, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(embedder._folder, folder, ignore=shutil.ignore_patterns("*.onnx"))
    texts = ["The ferry sank.", "", "“It is the ice,” said the mayor. " * 60, "ÅÖ 名", "The ferry sank."]
    plain = SentenceTransformerEmbedder(folder, "plain", 384)
    made = plain.tokens(texts)
    assert plain.prepare()
    quick = SentenceTransformerEmbedder(folder, "quick", 384).tokens(texts)
    assert [len(t.ids) for t in made] == [4, 0, 254, 2, 4], "what is put before and after a text is none of its tokens"
    for one, other in zip(made, quick, strict=True):
        assert one.ids.tolist() == other.ids.tolist() and one.vectors.shape == (len(one.ids), 384)
        assert np.abs(one.vectors - other.vectors).max(initial=0) < 2e-3, "as half-precision numbers differ"
        assert np.linalg.norm(one.vectors.astype(float), axis=1) == pytest.approx(1, abs=2e-3)


def test_tokens_of_a_question_are_remembered_and_asked_for_by_many_at_once(embedder: Embedder) -> None:
    texts = [f"Ferry number {n} sank off Turku." for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(embedder.tokens, [texts] * 8, timeout=60))
    again = embedder.tokens(texts[::-1])[::-1]
    assert all(a is b for a, b in zip(found[0], again, strict=True))


def test_a_prepared_model_is_not_used_for_other_weights_or_damaged(embedder: Embedder, tmp_path: Path) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copy(embedder._folder / name, tmp_path)
    weights, made = tmp_path / "model.safetensors", b"a graph"
    of = f"{weights.stat().st_size}-{weights.stat().st_mtime_ns}-{hashlib.sha256(made).hexdigest()[:16]}"
    file = tmp_path / f"encoder2-256-{of}.onnx"
    file.write_bytes(made)
    assert exported(tmp_path) == file
    file.write_bytes(b"a groph")
    assert exported(tmp_path) is None, "a byte of it has changed"
    file.write_bytes(made)
    weights.touch()
    assert exported(tmp_path) is None, "the weights are others"


def test_a_model_that_cannot_be_written_as_a_file_is_used_as_it_is(tmp_path: Path, embedder: Embedder) -> None:
    """The folder has no weights to tell it by."""
    assert export(embedder._load(), tmp_path) is None and not list(tmp_path.iterdir())


def test_filters_hold(store: Store, embedder: Embedder) -> None:
    day = date(2022, 3, 21)
    assert {h.article.published for h in search(store, embedder, "talks", 20, after=day, before=day)} == {day}
    assert {h.article.source for h in search(store, embedder, "talks", 20, source="newsweek")} == {"Newsweek"}
    assert max(
        h.article.published
        for h in search(store, embedder, "talks", 40, as_of=date(2022, 3, 22))
        if h.article.published
    ) == date(2022, 3, 22)
    assert search(store, embedder, "talks", 5, after=date(2023, 1, 1)) == []
    with pytest.raises(InputError):
        search(store, embedder, " ", 5)


def test_vectors_of_a_question_are_remembered_and_the_same(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["A short sentence.", "Another one, which is longer than the first.", "A short sentence."]
    first = embedder.passages(texts)
    monkeypatch.setattr(
        embedder, "_encode", lambda new, progress: pytest.fail(f"encoded again: {new}") if new else first[:0]
    )
    assert (embedder.passages(texts[::-1])[::-1] == first).all() and (first[0] == first[2]).all()
    assert embedder.passages([]).shape == (0, embedder.dim)


def test_rag_index_makes_an_index_that_opens(tmp_path: Path) -> None:
    write(tmp_path / "news", ferry="The ferry sank off Porto on Monday, the harbour master said.")
    report = Rag.index(tmp_path / "news", index=tmp_path / "index")
    assert (report.articles, report.added) == (1, 1)
    assert Rag.index(tmp_path / "news", index=tmp_path / "index").unchanged == 1, "brought up to date, not made anew"
    with Rag.open(tmp_path / "index", model="none") as opened:
        assert [a.id for a in opened.articles] == ["ferry"]


@pytest.mark.parametrize("kept", ["format-1", "format-2"])
def test_an_index_of_any_format_is_read_and_written_on(tmp_path: Path, embedder: Embedder, kept: str) -> None:
    folder = tmp_path / "ix"
    shutil.copytree(ROOT / "tests" / "fixtures" / kept, folder)
    old = Store(folder, embedder)
    assert search(old, embedder, "When did the harbour open again?", 1)[0].article.id == "harbour"
    ferry = Article("ferry", None, "Paper", None, "", None, (), "The ferry Aurora sank off Turku.")
    writer.write(folder, [ferry], embedder, drop=[])
    assert search(old, embedder, "Where did the ferry sink?", 1)[0].article.id == "ferry"
    assert search(old, embedder, "When did the harbour open again?", 1)[0].article.id == "harbour"
    assert old.meta["format"] == "2"
