"""The command line: good and bad input, exit codes and the exact kind of sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import write

from eval import bench, golden
from index.embedder import SentenceTransformerEmbedder
from rag.cli import main

ROOT = Path(__file__).parents[2]


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    try:
        code = main(list(args))
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def places(tmp_path: Path, seeds_index: Path) -> dict[str, str]:
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "index.sqlite").write_bytes(b"junk " * 500)
    (tmp_path / "bad.gguf").write_bytes(b"junk")
    (tmp_path / "bad.jsonl").write_text('{"id": "x"}\n', "utf-8")
    return {"seeds": str(seeds_index), "tmp": str(tmp_path)}


BAD = [
    (["ask", "", "--index", "{seeds}"], "question is empty"),
    (["ask", "x" * 100_000, "--index", "{seeds}"], "100,000 characters"),
    (["ask", "Who?", "--index", "{tmp}/nowhere"], "no index in"),
    (["ask", "Who?", "--index", "{tmp}/empty"], "no index in"),
    (["ask", "Who?", "--index", "{tmp}/broken"], "damaged"),
    (["ask", "Who?", "--index", "{seeds}", "--model", "{tmp}/bad.gguf"], "not a GGUF file"),
    (["ask", "Who?", "--index", "{seeds}", "--model", "{tmp}/none.gguf"], "no model at"),
    (["ask", "Who?", "--index", "{seeds}", "--model", "gpt-9"], "no model named"),
    (["ask", "Who?", "--index", "{seeds}", "--as-of", "tomorrow"], "--as-of is 'tomorrow'"),
    (["ask", "Who?", "--index", "{seeds}", "--model", "none", "--read", "0"], "--read is 0"),
    (["ask", "Who?", "--index", "{seeds}", "--model", "all-MiniLM-L6-v2"], "is of kind embedder"),
    (["ask", "Who?", "--index", "{seeds}", "--model", "none", "--source", "bbc"], "The sources are: "),
    (["index", "{tmp}", "--index", "{tmp}/ix", "--embedder", "qwen2.5-coder-1.5b"], "is of kind llm"),
    (["index", "{tmp}/nowhere", "--index", "{tmp}/ix"], "no folder"),
    (["index", "{tmp}/empty", "--index", "{tmp}/ix"], "no article in"),
    (["search", " ", "--index", "{seeds}"], "query is empty"),
    (["search", "x", "--k", "0", "--index", "{seeds}"], "k is 0"),
    (["articles", "show", "../../etc/passwd", "--index", "{seeds}"], "no article"),
    (["articles", "remove", "003_nothing", "--index", "{seeds}"], "no article"),
    (["chat", "--host", "0.0.0.0", "--index", "{seeds}"], "--auth"),
    (["chat", "--auth", "/nowhere", "--index", "{seeds}"], "no file"),
    (["models", "fetch", "gpt-9"], "no model named"),
    (["chat", "--host", "0.0.0.0", "--index", "{seeds}"], "--host 0.0.0.0"),
    (["eval", "--golden", "{tmp}/bad.jsonl", "--index", "{seeds}"], "bad.jsonl line 1"),
    (["eval", "--golden", "{tmp}/bad.jsonl"], "needs the index"),
    (["eval", "--fail-under", "luck=1"], "names 'luck'"),
    (["eval", "--fail-under", "correctness=high"], "correctness=high"),
    (["eval", "--suite", "qags"], "needs its data"),
    (["eval", "--suite", "squad", "--data", "{tmp}/bad.jsonl"], "SQuAD"),
    (["eval", "compare", "{tmp}/a", "{tmp}/b"], "no results"),
]


@pytest.mark.parametrize(("args", "says"), BAD, ids=[" ".join(a)[:50] for a, _ in BAD])
def test_bad_input_is_one_sentence_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], places: dict[str, str], args: list[str], says: str
) -> None:
    code, _, err = run(capsys, *(a.format(**places) if len(a) < 1000 else a for a in args))
    assert code == 1 and says in err and "Traceback" not in err
    assert err.startswith("rag: ") and len(err.splitlines()) == 1


@pytest.mark.parametrize("args", [[], ["sing"], ["ask", "--nonsense"], ["search"], ["chat", "--port", "x"]])
def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str], args: list[str]) -> None:
    assert run(capsys, *args)[0] == 2


@pytest.mark.main
def test_index_search_articles(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = write(tmp_path / "in", a="Subscribe to our newsletter\nThe bridge was opened in May by the mayor.")
    (folder / "b.xyz").write_text("?", "utf-8")
    index = str(tmp_path / "ix")
    code, out, _ = run(capsys, "index", str(folder), "--index", index)
    assert code == 0 and "1 article, 1 chunk" in out and "skipped" in out and "b.xyz" in out
    code, out, _ = run(capsys, "index", "--index", index)
    assert code == 0 and "1 unchanged" in out and "0 chunks embedded" in out
    code, out, _ = run(capsys, "search", "bridge", "--index", index, "--json")
    assert json.loads(out)[0]["text"].startswith("The bridge")
    code, out, _ = run(capsys, "articles", "--index", index)
    assert code == 0 and "undated" in out and "b.xyz" in out
    code, out, _ = run(capsys, "articles", "show", "a", "--removed", "--index", index)
    assert "newsletter" in out
    code, out, _ = run(capsys, "articles", "show", "a", "--index", index)
    assert "newsletter" not in out and "mayor" in out


def test_articles_are_added_and_removed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "index", str(write(tmp_path / "in", a="The bridge was opened.")), "--index", str(tmp_path / "ix"))
    file = write(tmp_path / "up", ferry="The ferry sank off Turku.") / "ferry.txt"
    code, out, _ = run(
        capsys, "articles", "add", str(file), str(tmp_path / "none.txt"), "--index", str(tmp_path / "ix")
    )
    assert code == 0 and "1 added; 2 articles now." in out and "skipped none.txt" in out
    code, out, _ = run(capsys, "articles", "remove", "ferry", "--index", str(tmp_path / "ix"))
    assert code == 0 and "1 article left" in out


def test_articles_are_listed_with_their_day(capsys: pytest.CaptureFixture[str], seeds_index: Path) -> None:
    code, out, _ = run(capsys, "articles", "--index", str(seeds_index))
    assert code == 0 and "2022-03-30  001_1c8f655283240db4  The Moscow Times: Kremlin Sees" in out
    assert "2022-03-21  002_78cf0033457ac78f  source not known: " in out


def test_ask_without_a_model(capsys: pytest.CaptureFixture[str], seeds_index: Path) -> None:
    args = ["ask", "Who is Russia's chief negotiator?", "--index", str(seeds_index), "--model", "none"]
    code, out, _ = run(capsys, *args)
    assert code == 0 and "Medinsky" in out and "2022-03-30" in out and "“" in out
    code, out, _ = run(capsys, *args, "--json")
    data = json.loads(out)
    assert data["citations"][0]["quote"] and data["as_of"] == "2022-03-30"


def test_a_conversation_on_standard_input(seeds_index: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rag.cli", "ask", "--model", "none", "--index", str(seeds_index)],
        input="Who is Russia's chief negotiator?\n\n", capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "Medinsky" in done.stdout


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    """Writing an index to a device that is always full."""
    folder = write(tmp_path / "in", a="The bridge was opened in May.")
    code = (
        "import sys, errno, pathlib; from rag.cli import main\n"
        "real = pathlib.Path.mkdir\n"
        "def full(self, *a, **k):\n"
        "    if 'ix' in self.name: raise OSError(errno.ENOSPC, 'No space left on device', str(self))\n"
        "    return real(self, *a, **k)\n"
        "pathlib.Path.mkdir = full\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "index", str(folder), "--index", str(tmp_path / "ix")],
        capture_output=True, text=True, cwd=ROOT, env=os.environ | {"HF_HUB_OFFLINE": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "No space left" in done.stderr and "Traceback" not in done.stderr


def small_embedder(folder: Path) -> Path:
    """A sentence-transformers model of thirteen words."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = "[UNK] The bridge was opened in May by the mayor ferry sank off Turku".split()
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=16)], device="cpu").save(str(folder))
    return folder


def test_a_model_of_static_embeddings_takes_words_for_tokens(tmp_path: Path) -> None:
    static = SentenceTransformerEmbedder(small_embedder(tmp_path / "small"), "small")
    ferry, bridge, nothing = static.tokens(["The ferry", "A FERRY passed the bridge.", ""])
    assert [len(t.ids) for t in (ferry, bridge, nothing)] == [2, 5, 0] and bridge.vectors.shape == (5, 16)
    assert set(ferry.ids.tolist()) <= set(bridge.ids.tolist())
    assert len(static.tokens(["?"])[0].ids) == 0


def test_an_index_is_used_with_the_embedder_it_was_made_with(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.loading import Loader

    small_embedder(tmp_path / "small")
    index, folder = str(tmp_path / "ix"), write(tmp_path / "in", a="The bridge was opened in May by the mayor.")
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "index", str(folder), "--index", index, "--embedder", "small")[0] == 0
    monkeypatch.chdir(ROOT)  # the embedder was named by a path from another folder
    code, out, _ = run(capsys, "ask", "Who opened the bridge in May?", "--model", "none", "--index", index)
    assert code == 0 and "by the mayor" in out
    assert run(capsys, "search", "bridge", "--index", index)[0] == 0
    file = write(tmp_path / "up", ferry="The ferry sank off Turku.") / "ferry.txt"
    code, out, err = run(capsys, "articles", "add", str(file), "--index", index)
    assert code == 0 and "1 added; 2 articles now." in out, err
    assert run(capsys, "index", "--index", index)[0] == run(capsys, "index", "--repair", "--index", index)[0] == 0
    loader = Loader(tmp_path / "ix", "none")
    loader._load()
    assert loader.rag().answer("What sank off Turku?").citations[0].article_id == "ferry"
    assert loader.rag().embedder.dim == 16
    loader.close()
    assert run(capsys, "articles", "remove", "ferry", "--index", index)[0] == 0


@pytest.mark.real
def test_doctor(capsys: pytest.CaptureFixture[str], seeds_index: Path) -> None:
    code, out, _ = run(capsys, "doctor", "--index", str(seeds_index))
    assert code == 0 and "reads and writes" in out


def test_doctor_turns_a_crash_into_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rag import doctor

    monkeypatch.setattr(doctor, "_DECODE", "import os; os.kill(os.getpid(), 11)")
    ok, says = doctor.try_engine(tmp_path / "any.gguf")
    assert not ok and "signal 11" in says and "clang" in says


def test_what_an_answer_over_an_index_costs_beside_the_bare_engine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, seeds_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a small model: a row for questions with nothing read before, one for the engine, and `rag ask` itself."""
    monkeypatch.setattr(bench, "_RUNS", 1)
    of_its_own = [q for q in golden.load(golden.DEFAULT) if q.collection == "seeds" and not q.history]
    (tmp_path / "asked.jsonl").write_text(golden.to_line(of_its_own[0]) + "\n", "utf-8")
    named = ["--golden", str(tmp_path / "asked.jsonl"), "--index", str(seeds_index), "--model", "smollm2-135m"]
    code, shown, _ = run(capsys, "bench", "answer", *named, "--out", str(tmp_path / "figures.json"))
    rows = json.loads((tmp_path / "figures.json").read_text("utf-8"))["rows"]
    assert code == 0 and [row.get("passages") for row in rows] == ["new", "bare engine", None], "nothing is read ahead"
    asked, engine, program = rows
    assert asked["questions"] == 1 and asked["tokens read"] == engine["tokens read"] > 100
    assert program["program"] == "rag ask" and program["start s"] > 0 and program["memory MB"] > 100
    assert "| rag ask |" in shown
