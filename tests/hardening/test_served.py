"""A chat that stays open while the engine under it dies, and while its index is written anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, write
from page import Page

from eval.serve import chat

SMALL = "smollm2-135m"
QUESTION = "How long did the talks in Istanbul last?"


def workers(pid: int) -> list[int]:
    """The engine's processes below a chat's, as Linux tells them."""
    if not Path("/proc").is_dir():
        pytest.skip("only Linux tells a process's children")
    found = list[int]()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread or a child that has ended meanwhile
            children = [int(child) for child in (task / "children").read_text().split()]
            found += [c for c in children if b"rag.engine.worker" in Path(f"/proc/{c}/cmdline").read_bytes()]
    return found


def ask(page: Page, question: str) -> Any:
    said = page.call("ask", question, "", "", "", "", [])
    return said[0] if isinstance(said, list) else said


def test_the_engine_dies_under_the_chat(seeds_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every engine that is started while this file is there ends within a hundredth of a second.
    broken = tmp_path / "broken"
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os, threading, time\n"
        "def watch():\n"
        f"    while not os.path.exists({str(broken)!r}):\n"
        "        time.sleep(0.01)\n"
        "    os.kill(os.getpid(), 11)\n"
        "if 'rag.engine.worker' in sys.orig_argv:\n"
        "    threading.Thread(target=watch, daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    with chat("--model", SMALL, "--index", str(seeds_index), "--read-ahead", "0") as (url, pid):
        page = Page(url)
        right = ask(page, QUESTION)
        assert right["model"].startswith(SMALL)
        for how in (signal.SIGSEGV, signal.SIGKILL):
            (worker,) = workers(pid)
            os.kill(worker, how)
            again = ask(page, QUESTION)
            assert (again["text"], again["model"]) == (right["text"], right["model"])
            assert workers(pid) not in ([], [worker])

        broken.touch()  # each time: told as an error, which no one takes for a refusal
        told = ask(page, QUESTION)
        assert "The engine stopped with signal 11" in told["error"] and "abstained" not in told
        chat_id = page.ask(QUESTION)
        kept = page.kept(chat_id)["exchanges"][0]
        assert kept["answer"] is None and kept["note"].startswith("The engine stopped with signal 11")
        shown = str(page.call("opened", chat_id)[0])
        assert "The engine stopped with signal 11" in shown and "refusal" not in shown

        broken.unlink()
        assert ask(page, QUESTION)["text"] == right["text"]


def index(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rag.cli", "index", *args],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_chat_answers_from_the_index_as_it_is_now(tmp_path: Path) -> None:
    old = write(tmp_path / "old", ferry="The ferry Aurora sank off Turku on 3 May 2023, Liisa Virtanen said.")
    new = write(tmp_path / "new", pass_="Snow closed the Brenner pass for nine hours on 9 January 2024.")
    place = ["--index", str(tmp_path / "ix")]
    index(str(old), *place)
    with chat("--model", "none", *place) as (url, _):
        page = Page(url)
        assert "Turku" in ask(page, "Where did the ferry Aurora sink?")["text"]
        for changed in ([], ["--rebuild"]):
            index(str(old), str(new), *place, *changed)
            assert "nine hours" in ask(page, "How long was the Brenner pass closed?")["text"]
            (new / "storm.txt").write_text("The storm Hilda broke forty masts at Rostock on 2 February 2024.", "utf-8")
            index(str(new), *place, *changed)
            assert "forty" in ask(page, "How many masts did the storm Hilda break?")["text"]
            assert ask(page, "Where did the ferry Aurora sink?")["abstained"], changed
            assert {a["id"] for a in page.call("articles", "", "", "", False, 0, 50)[0]["articles"]} == {
                "pass_",
                "storm",
            }
