"""The command line without any model: what each call prints and returns, and that every option is used."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest
from fakes import news
from invented import OUTLETS, SOURCES

from index.errors import IndexDamaged
from index.store.database import made_with
from index.store.sqlite import Store
from rag import cli
from rag.assistant import Rag
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, Config, folder_index

ROOT = Path(__file__).parents[2]


def call(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    try:
        code = cli.main(list(args))
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


BAD = [
    (["ask", "Who?", "--read", "0"], "--read is 0. Give a number from 1."),
        (["ask", "Who?", "--as-of", "soon"], "--as-of is 'soon', not a day. Write it as 2022-03-31."),
    (["ask", ""], "The question is empty. Ask something."),
    (["ask", "--json"], '--json needs a question. Run rag ask --json "…".'),
    (["ask", "Who?", "--after", "2024-05-02", "--before", "2024-05-01"],
     "The range starts on 2024-05-02 and ends on 2024-05-01: after is later than before. Swap the two days."),
    (["ask", "Who?", "--uri", "there.db"], "--index and --uri name two different indexes. Leave one of them out."),
    (["ask", "Who?", "{in}"], "A folder and an index are given. Leave the folder out, or --index, --collection and --uri."),
    (["ask", "Which bridge?", "--source", "bbc"], f"No article has the source 'bbc'. {SOURCES}"),
    (["search", "bridge", "--source", "bbc"], f"No article has the source 'bbc'. {SOURCES}"),
    (["search", "bridge", "--k", "0"], "k is 0. Ask for at least one result."),
    (["people", "--limit", "0"], "The limit is 0. Ask for at least one person."),
    (["quotes", "Virtanen"], "'Virtanen' is not a first and a last name. Give both, as in Dmitry Peskov."),
    (["quotes", "Liisa Virtanen", "--source", "bbc"], f"No article has the source 'bbc'. {SOURCES}"),
    (["search", " "], "The query is empty. Ask something."),
    (["search", "x", "--before", "2024-01-01", "--after", "2024-01-02"],
     "The range starts on 2024-01-02 and ends on 2024-01-01: after is later than before. Swap the two days."),
    (["articles", "show", "009"], "There is no article '009' in the index. `rag articles` lists them."),
    (["articles", "show", "00"],
     "'00' could be any of 5 articles. Choose one: 001_bridge, 002_bridge, 003_snow, 004_cnn, 005_cnn."),
    (["articles", "show", "_cnn"], "'_cnn' could be any of 2 articles. Choose one: 004_cnn, 005_cnn."),
    (["articles", "show", ""], "There is no article '' in the index. `rag articles` lists them."),
    (["articles", "remove", "bridge"], "'bridge' could be any of 2 articles. Choose one: 001_bridge, 002_bridge."),
    (["articles", "set", "001"], "There is nothing to set. Give a title, a source or a date."),
    (["articles", "set", "001", "--date", "soon"], "--date is 'soon', not a day. Write it as 2022-03-31."),
    (["articles", "set", "00", "--title", "x"],
     "'00' could be any of 5 articles. Choose one: 001_bridge, 002_bridge, 003_snow, 004_cnn, 005_cnn."),
    (["chat", "--port", "-1"], "--port is -1. Give a number from 1024 to 65535; 0 takes any that is free."),
    (["chat", "--read-ahead", "-1"], "--read-ahead is -1. Give a number of passages; 0 for none."),
    (["ask", "Who?", "--strict"], "Without a language model --strict or --lenient would change nothing. Leave it out, or leave out --model none."),
    (["ask", "Who?", "--read", "3"], "Without a language model --read would change nothing. Leave it out, or leave out --model none."),
    (["ask", "Who?", "--llm-url", "http://127.0.0.1:1"],
     "Without a language model --llm-url would change nothing. Leave it out, or leave out --model none."),
    (["chat", "--gpu-layers", "0"], "--gpu-layers is for a language model that runs here. Leave it out."),
    (["doctor", "--speed"], "--engine, --speed and --tune look at no index. Leave --index and --collection out."),
    (["index", "--repair", "--add"], "--repair adds no folders. Repair first, then run rag index --add FOLDER."),
    (["index", "--rebuild", "--uri", "x.db", "--index", ""],
     "--rebuild, --repair, --if-missing, --watch and --add are for an index in a folder. Leave them out."),
]  # fmt: skip


@pytest.mark.parametrize(("args", "says"), BAD, ids=[" ".join(a) for a, _ in BAD])
def test_what_cannot_be_done_is_one_sentence_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], ix: Path, tmp_path: Path, args: list[str], says: str
) -> None:
    given = [arg.replace("{in}", str(tmp_path / "in")) for arg in args]
    given += ["--index", str(ix)] if "--index" not in given else []
    given += ["--model", "none"] if given[0] in ("ask", "chat") else []
    assert call(capsys, *given) == (1, "", f"rag: {says}\n")


GOOD = [
    (["articles", "show", "001"], "www.cnn.com, 2024-05-02 (stated in the metadata)"),
    (["articles", "show", "_snow"], "Snow fell on the harbour of Oslo."),
    (["articles"], "2024-01-05  003_snow  Reuters: Snow fell on the harbour of Oslo."),
    (["articles", "list"], "2024-01-05  003_snow  Reuters: Snow fell on the harbour of Oslo."),
    (["search", "bridge", "--k", "1"], "001_bridge#0"),
    (["search", "bridge", "--source", "cnn.com"], "001_bridge#0"),
    (["search", "ferry", "--source", "WWW.cnn.com"], "002_bridge#0"),
    (["search", "bridge", "--json", "--k", "1"], '"chunk_id": "001_bridge#0"'),
    (["people"], "Nobody is quoted by first and last name."),
    (["quotes", "Liisa Virtanen"], "The articles do not quote Liisa Virtanen. `rag people` lists whom they quote."),
    (["ask", "Who opened the bridge at Turku?", "--model", "none"], "“The bridge at Turku was opened in May"),
    (["index"], "5 unchanged, 0 dropped; 0 chunks embedded."),
    (["index", "--repair"], "5 articles: 5 were undamaged, 0 were reread from their files; 0 chunks embedded."),
]


@pytest.mark.parametrize(("args", "says"), GOOD, ids=[" ".join(a) for a, _ in GOOD])
def test_what_can_be_done_is_said_and_exit_code_0(
    capsys: pytest.CaptureFixture[str], ix: Path, loaded: list[str], args: list[str], says: str
) -> None:
    code, out, _ = call(capsys, *args, "--index", str(ix))
    assert code == 0 and says in out and "\x1b" not in out
    assert set(loaded) <= {"odd"}, "an index is used with the embedder that it was made with"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "required: COMMAND"),
        (["sing"], "invalid choice: 'sing'"),
        (["eval", "dance"], "invalid choice: 'dance'"),
        (["eval", "--sample", "2", "run"], "unrecognized arguments: run"),
        (["eval", "compare", "a"], "required: B"),
        (["eval", "draft"], "required: FOLDER"),
        (["models", "fetch"], "required: NAME"),
        (["articles", "show"], "required: ID"),
        (["articles", "add"], "required: FILE"),
        (["articles", "remove"], "required: ID"),
        (["articles", "set", "--title", "x"], "required: ID"),
        (["articles", "--removed"], "unrecognized arguments: --removed"),
        (["ask", "Who?", "--k", "3"], "unrecognized arguments: --k 3"),
        (["ask", "Who?", "--store", "milvus"], "unrecognized arguments: --store"),
        (["ask", "Who?", "--embedder", "x"], "unrecognized arguments: --embedder"),
        (["chat", "--share", "never"], "unrecognized arguments: --share"),
        (["doctor", "--engine", "--tune"], "not allowed with argument"),
        (["index", "--repair", "--rebuild"], "not allowed with argument"),
        (["bench", "scale", "--people", "3"], "unrecognized arguments: --people 3"),
        (["chat", "--port", "x"], "invalid int value: 'x'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str], args: list[str], says: str) -> None:
    code, out, err = call(capsys, *args)
    assert code == 2 and not out and says in err and err.startswith("usage: rag")


def test_help_names_every_action_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    for command, actions in {
        "models": ("list", "fetch"),
        "articles": ("list", "show", "add", "remove", "set"),
        "eval": ("run", "compare", "draft"),
        "bench": ("answer", "index", "scale", "serve"),
    }.items():
        code, out, _ = call(capsys, command, "--help")
        assert code == 0
        for action in actions:
            assert re.search(rf"^    {action} +\w+ \w+", out, re.M), (command, action)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert call(capsys, "--version") == (0, f"rag {version('rag-articles')}\n", "")


def leaves(parser: argparse.ArgumentParser) -> dict[str, set[str]]:
    """The options of each command, and of each of its actions where it has some."""
    nested = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not nested:
        return {parser.prog.removeprefix("rag "): {o for a in parser._actions for o in a.option_strings}}
    return {name: found for sub in nested[0].choices.values() for name, found in leaves(sub).items()}


def test_options_stand_only_where_they_are_used() -> None:
    of = leaves(cli.parser())

    def having(option: str) -> set[str]:
        return {name for name, found in of.items() if option in found}

    asking = {"ask", "chat", "eval run", "eval draft"}
    assert having("--embedder") == {"index"}
    assert having("--gpu-layers") == asking | {"doctor", "bench answer", "bench serve"}
    assert having("--model") == having("--gpu-layers") | {"setup"}
    assert having("--llm-url") == asking
    assert having("--uri") == {"ask", "index", "search", "people", "quotes"}
    assert (
        having("--after") == having("--before") == {"ask", "search", "quotes"} == having("--source") - {"articles set"}
    )
    assert having("--k") == {"search"} and having("--read") == {"ask"}
    of_articles = {f"articles {action}" for action in ("list", "show", "add", "remove", "set")}
    of_articles |= {f"feed {action}" for action in ("list", "add", "update", "remove")}
    of_an_index = {"ask", "chat", "index", "search", "people", "quotes", "doctor", "eval run", "bench answer"}
    assert having("--index") == of_an_index | of_articles
    assert having("--private") == {"articles add", "feed add"}
    assert having("--collection") == having("--index")


# ---- the embedder of an index ------------------------------------------------------


def test_articles_are_added_and_removed_with_the_embedder_of_the_index(
    capsys: pytest.CaptureFixture[str], ix: Path, tmp_path: Path, loaded: list[str]
) -> None:
    (tmp_path / "hall.txt").write_text("A concert hall was opened in Vaasa.", "utf-8")
    assert call(capsys, "articles", "add", str(tmp_path / "hall.txt"), "--index", str(ix))[0] == 0
    code, out, _ = call(capsys, "articles", "remove", "hal", "--index", str(ix))
    assert (code, out) == (0, "hall removed; 5 articles left.\n")
    assert set(loaded) == {"odd"} and made_with(ix) == "odd"


def test_an_article_is_set_shown_and_indexed_again(
    capsys: pytest.CaptureFixture[str], ix: Path, loaded: list[str]
) -> None:
    given = ["--title", "Snow in Oslo", "--source", "The Post", "--date", "2024-01-06"]
    said = "003_snow  The Post, 2024-01-06 (set by you): Snow in Oslo\n"
    assert call(capsys, "articles", "set", "_snow", *given, "--index", str(ix)) == (0, said, "")
    assert "1 changed" not in call(capsys, "index", "--index", str(ix))[1]
    shown = call(capsys, "articles", "show", "003", "--index", str(ix))[1]
    assert "The Post, 2024-01-06 (set by you)\nset by you: title, source, date\n" in shown
    back = call(capsys, "articles", "set", "003", "--date", "", "--title", "", "--index", str(ix))[1]
    assert back == "003_snow  The Post, 2024-01-05 (stated in the metadata): Snow fell on the harbour of Oslo. …\n"
    assert "set by you: source\n" in call(capsys, "articles", "show", "003", "--index", str(ix))[1]
    assert set(loaded) == {"odd"}


def test_another_embedder_is_refused_where_it_is_named(
    capsys: pytest.CaptureFixture[str], ix: Path, loaded: list[str]
) -> None:
    with pytest.raises(IndexDamaged, match=r"built with odd, but other was requested\. .* --embedder other"):
        Rag.open(ix, "none", Config(embedder="other"))
    code, _, err = call(capsys, "index", "--embedder", "other", "--index", str(ix))
    assert code == 1 and "odd" in err and "other" in err
    assert call(capsys, "index", "--rebuild", "--embedder", "other", "--index", str(ix))[0] == 0
    assert made_with(ix) == "other"


def test_a_new_index_has_the_default_embedder(
    tmp_path: Path, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    news(tmp_path / "in", OUTLETS)
    assert cli.main(["index", str(tmp_path / "in"), "--index", str(tmp_path / "new")]) == 0
    assert loaded == [DEFAULT_EMBEDDER] and made_with(tmp_path / "new") == DEFAULT_EMBEDDER
    assert made_with(tmp_path / "none") is None


# ---- a folder of its own -------------------------------------------------------------


def test_a_folder_is_indexed_when_it_is_new_or_changed(
    capsys: pytest.CaptureFixture[str], ix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    asked = ["ask", "Who opened the bridge at Turku?", str(folder), "--model", "none"]
    code, out, err = call(capsys, *asked)
    assert code == 0 and "by the mayor" in out and "5 articles (5 new, 0 changed, 0 dropped)" in err
    assert made_with(folder_index(folder)) == DEFAULT_EMBEDDER and not (tmp_path / "home/indexes/default").exists()
    assert call(capsys, *asked) == (0, out, ""), "nothing is said where nothing has changed"
    (folder / "hall.txt").write_text("A concert hall was opened in Vaasa.", "utf-8")
    typed = iter(["Which concert hall was opened in Vaasa?", ""])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    code, out, err = call(capsys, "ask", str(folder), "--model", "none")
    assert code == 0 and "6 articles. Ask" in out and "1 new" in err and "concert hall" in out


def test_the_chat_opens_the_index_of_its_folder(ix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ui import serving

    opened: list[Path] = []

    def serve(index: Path, options: serving.ChatOptions) -> int:
        opened.append(index)
        return 0

    monkeypatch.setattr(serving, "serve", serve)
    assert cli.main(["chat", str(tmp_path / "in"), "--model", "none"]) == 0
    assert opened == [folder_index(tmp_path / "in")]
    assert Store(opened[0], vectors=False).meta["articles"] == "5"


def test_two_folders_of_one_name_have_two_indexes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    (tmp_path / "a" / "news").mkdir(parents=True)
    one, two = folder_index(tmp_path / "a" / "news"), folder_index(tmp_path / "b" / "news")
    assert one != two and one.parent == two.parent == tmp_path / "home" / "indexes" and "news" in one.name
    monkeypatch.chdir(tmp_path / "a")
    assert folder_index(Path("news")) == folder_index(Path("../a/news/")) == one


def test_a_file_of_ones_own_is_opened_in_no_process_but_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from rag.engine import opening

    opened = list[str]()
    for kind in ("LocalModel", "WorkerModel"):
        monkeypatch.setattr(opening, kind, lambda path, name, kind=kind, **settings: opened.append(kind))
    monkeypatch.setattr("rag.models.locate", lambda name, kind: Path(name))
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    for name, worker in ((DEFAULT_MODEL, False), (DEFAULT_MODEL, True), (str(own), False)):
        opening.open_model(name, worker=worker)
    assert opened == ["LocalModel", "WorkerModel", "WorkerModel"]
    for args in (["doctor", "--speed"], ["doctor", "--tune"], ["bench", "answer"]):
        code, _, said = call(capsys, *args, "--model", str(own))
        assert code == 1 and "is a file of your own" in said, "these measure in this process"


@pytest.mark.parametrize("half", [["--golden", "questions.jsonl"], ["--index", "there"], ["--collection", "there"]])
def test_a_golden_set_of_ones_own_is_timed_over_an_index(capsys: pytest.CaptureFixture[str], half: list[str]) -> None:
    code, out, said = call(capsys, "bench", "answer", *half)
    assert code == 1 and not out and "--golden and an index go together" in said


def test_one_module_chooses_the_process_of_a_model() -> None:
    made = {
        str(path.relative_to(ROOT))
        for room in ("rag", "ui", "eval")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\b(?:LocalModel|WorkerModel)\(", path.read_text("utf-8"))
    }
    assert made == {
        "rag/engine/worker.py",  # the worker's own process
        "rag/doctor.py", "rag/engine/benchmark.py", "eval/bench.py",  # models of the registry alone, see above
        "eval/peers/citation_engine.py",  # a script for a comparison
    }  # fmt: skip
