"""Collections by name: made, listed, opened, brought up to date and watched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from fakes import Words, news

from index import watch
from index.build import build
from index.errors import CollectionError, IndexMissing, InputError
from index.store.sqlite import Store
from rag import cli, collection, embedders
from rag.assistant import Rag

ROOT = Path(__file__).parents[2]
BRIDGE = ("bridge", "Reuters", "2024-05-02", "The bridge at Turku was opened in May by the mayor.")
SNOW = ("snow", "Oslo Post", "2024-01-05", "Snow fell on the harbour of Oslo.")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(embedders, "load", Words)
    return tmp_path / "home"


def rag(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = cli.main(list(args))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_collection_is_made_listed_opened_and_brought_up_to_date(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, home: Path
) -> None:
    one, two = news(tmp_path / "one", [BRIDGE]), news(tmp_path / "two", [SNOW])
    assert rag(capsys, "index", str(one), str(two), "--collection", "My news", "--embedder", "odd")[0] == 0
    assert rag(capsys, "index", str(one), "--collection", "bridges")[0] == 0
    (two / "hall.txt").write_text("A concert hall was opened in Vaasa.", "utf-8")
    assert "1 new" in rag(capsys, "index", "--collection", "My news")[1], "its own folders are read again"
    code, out, _ = rag(capsys, "collections")
    assert code == 0 and out.index("bridges") < out.index("My news")
    assert "3 articles, 3 chunks, 2024-01-05 to 2024-05-02; embedded with odd" in out
    assert "sources: Oslo Post (1), Reuters (1)" in out and f"    {one}\n    {two}\n" in out
    data = json.loads(rag(capsys, "collections", "--json")[1])
    assert [c["name"] for c in data] == ["bridges", "My news"] and data[1]["folders"] == [str(one), str(two)]
    assert data[1]["sources"][1] == {"name": "Reuters", "articles": 1, "first": "2024-05-02", "last": "2024-05-02"}
    size = sum(f.stat().st_size for f in (home / "indexes" / "My news").rglob("*") if f.is_file())
    assert abs(data[1]["size"] - size) < 200_000  # SQLite's log may have come or gone
    assert "hall" in rag(capsys, "articles", "list", "--collection", "My news")[1]
    assert (
        "by the mayor" in rag(capsys, "ask", "Who opened the bridge?", "--model", "none", "--collection", "bridges")[1]
    )
    with Rag.open(collection="My news", model="none") as opened:
        assert opened.config.embedder == "odd", "it opens with the model it was made with"


def test_another_folder_takes_the_place_of_those_before_or_is_added(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one, two = news(tmp_path / "one", [BRIDGE]), news(tmp_path / "two", [SNOW])
    rag(capsys, "index", str(one), "--collection", "news")
    assert "2 articles" in rag(capsys, "index", str(two), str(one), "--add", "--collection", "news")[1]
    assert collection.remembered(collection.index_of("news")) == [one, two]
    assert "1 article" in rag(capsys, "index", str(two), "--collection", "news")[1]
    assert collection.remembered(collection.index_of("news")) == [two]


def test_a_collection_in_python(tmp_path: Path) -> None:
    folder = news(tmp_path / "in", [BRIDGE, SNOW])
    assert Rag.index(folder, collection="news").added == 2
    assert Rag.index(collection="news").unchanged == 2
    (info,) = Rag.collections()
    assert (info.name, info.articles, info.folders, info.first) == ("news", 2, (folder,), date(2024, 1, 5))
    assert [s.name for s in info.sources] == ["Oslo Post", "Reuters"] and not info.error
    assert collection.name_of(info.index) == "news" and collection.name_of(folder) is None
    with pytest.raises(InputError, match="both named"):
        Rag.open(folder, collection="news")
    with pytest.raises(IndexMissing, match=r"no collection 'olds' \(there are: news\)"):
        Rag.open(collection="olds")
    with pytest.raises(InputError, match="No folder is named"):
        Rag.index(collection="olds")


def test_a_damaged_collection_is_listed_with_its_fault(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Rag.index(news(tmp_path / "in", [BRIDGE]), collection="news")
    for file in collection.index_of("news").glob("vectors-*"):
        file.unlink()
    (collection.index_of("news") / "index.sqlite").write_bytes(b"no database" * 999)
    code, out, _ = rag(capsys, "collections")
    assert code == 0 and "news  " in out and "is damaged" in out


WRONG = [
    (["index", "--collection", "olds"], "There is no collection 'olds'."),
    (["ask", "Who?", "--model", "none", "--collection", "olds"], "There is no collection 'olds'."),
    (["index", "--collection", "../olds"], "'../olds' cannot be the name of a collection."),
    (["index", "--collection", ""], "'' cannot be the name of a collection."),
    (["index", "--collection", "x" * 61], "cannot be the name of a collection."),
    (["search", "x", "--collection", "a", "--index", "b"], "--index and --collection name two different indexes."),
    (["search", "x", "--collection", "a", "--uri", "b.db"], "--collection and --uri name two different indexes."),
    (["ask", "Who?", "{tmp}", "--model", "none", "--collection", "a"], "A folder and an index are given."),
    (["eval", "--collection", "olds", "--model", "none"], "There is no collection 'olds'."),
    (["index", "{tmp}/none", "--watch", "--collection", "a"], "There is no folder"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "says"), WRONG, ids=[" ".join(a)[:60] for a, _ in WRONG])
def test_what_is_no_collection_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, home: Path, args: list[str], says: str
) -> None:
    code, out, err = rag(capsys, *(a.replace("{tmp}", str(tmp_path)) for a in args))
    assert (code, out) == (1, "") and says in err
    assert not list(home.rglob("index.sqlite"))


def test_nothing_is_listed_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no collection" in rag(capsys, "collections")[1]
    assert rag(capsys, "collections", "--json")[1] == "[]\n"


# ---- watching ------------------------------------------------------------------------


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Path, Iterator[set[Path]]]]:
    """A folder with its index inside it, and the changes that are seen."""
    folder, stop = news(tmp_path / "in", [BRIDGE]), threading.Event()
    build(folder / "ix", [folder], Words())
    seen = watch.changes([folder], folder / "ix", stop)
    assert next(seen) == set(), "it is watched from here on"
    yield folder, seen
    stop.set()
    assert list(seen) == []


def test_changes_are_seen_and_the_index_is_none(watched: tuple[Path, Iterator[set[Path]]]) -> None:
    folder, seen = watched
    build(folder / "ix", [folder], Words())
    (folder / ".hidden.txt").write_text("Nothing.")
    (folder / "deep").mkdir()
    (folder / "deep" / "hall.txt").write_text("A concert hall was opened in Vaasa.", "utf-8")
    found: set[Path] = set()
    while (
        not found
    ):  # a file may be in a new folder before that is watched: then the folder alone is told, which is enough
        found |= next(seen)
    assert found <= {folder / "deep", folder / "deep" / "hall.txt"}
    (folder / "all.jsonl").unlink()
    assert any(folder / "all.jsonl" in found for found in seen)


def test_a_folder_that_is_not_there_is_not_watched(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="There is no folder"):
        next(watch.changes([tmp_path / "none"], tmp_path / "ix"))


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
def test_the_command_keeps_a_collection_in_step_until_it_is_stopped(tmp_path: Path) -> None:
    folder = news(tmp_path / "in", [BRIDGE])
    code = (
        "import signal, sys; from fakes import Words; from rag import cli, embedders; embedders.load = Words; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # tests in the background inherit that it is ignored
        "sys.exit(cli.main(sys.argv[1:]))"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", code, "index", str(folder), "--watch", "--collection", "news"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, cwd=ROOT)
    lost = threading.Timer(60, process.kill)  # so that a line that never comes fails the test
    lost.start()

    def until(words: str) -> None:
        assert process.stdout
        assert any(words in line for line in process.stdout), f"it never said {words!r}"

    try:
        until("1 article")
        until("Watching")
        (folder / "hall.txt").write_text("A concert hall was opened in Vaasa.", "utf-8")
        until("2 articles")
        (folder / "hall.txt").unlink()
        until("1 dropped")
        (folder / "all.jsonl").unlink()
        until("The index stays as it was")
        news(tmp_path / "more", [BRIDGE, SNOW])
        (tmp_path / "more" / "all.jsonl").rename(folder / "all.jsonl")
        until("1 new, 0 changed, 1 unchanged, 0 dropped")
        code = None
        while code is None:  # an interrupt that comes while Python frees an object is lost: one presses Ctrl+C again
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(5)
        assert code == 0
    finally:
        lost.cancel()
        process.kill()
        process.communicate()
    store = Store(collection.index_of("news"), vectors=False)
    assert store.ids() == ["bridge", "snow"]
    store.close()
