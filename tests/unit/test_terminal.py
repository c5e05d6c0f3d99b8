"""Words on a terminal have weight and colour; in a pipe they are plain, and no article can speak to the terminal."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

from rag import terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "set_to", "styled"),
    [(Terminal, {}, True), (Terminal, {"NO_COLOR": "1"}, False), (Terminal, {"TERM": "dumb"}, False), (io.StringIO, {}, False)],
)  # fmt: skip
def test_words_have_weight_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO], set_to: dict[str, str], styled: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in set_to.items():
        monkeypatch.setenv(name, value)
    out = stream()
    monkeypatch.setattr(sys, "stdout", out)
    terminal.say(("An answer [1].", terminal.STRONG), " [not markup] " + "long " * 40)
    said = out.getvalue()
    assert ("\x1b[1m" in said) == ("\x1b[" in said) == styled
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    assert plain == "An answer [1]. [not markup] " + "long " * 40 + "\n", "no line breaks of ours"


def test_an_article_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say("a\x1b]0;title\x07b\x9b2Jc\rd\te\nf")
    assert capsys.readouterr().out == "a]0;titleb2Jcd\te\nf\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_the_command_itself_on_a_terminal_and_in_a_pipe() -> None:
    import pty

    def said(tty: bool, **env: str) -> bytes:
        command = [sys.executable, "-m", "rag.cli", "articles", "--index", "/no/where"]
        ours = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"} | env
        if not tty:
            return subprocess.run(command, cwd=ROOT, env=ours, capture_output=True, check=False).stderr
        here, there = pty.openpty()
        process = subprocess.Popen(command, cwd=ROOT, env=ours, stderr=there, stdout=subprocess.DEVNULL)
        os.close(there)
        out = b""
        try:
            while part := os.read(here, 4096):
                out += part
        except OSError:  # how Linux says that the other end is closed
            pass
        process.wait()
        os.close(here)
        return out

    assert b"\x1b[1;31mrag: " in said(tty=True)
    plain = b"rag: There is no index in /no/where. Build one: rag index FOLDER --index /no/where"
    assert said(tty=True, NO_COLOR="1").strip() == said(tty=False).strip() == plain
