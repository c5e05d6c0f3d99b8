"""A language model behind a server: llama-cpp-python's own, with a real small model, on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from conftest import ROOT

from index.errors import EngineCrashed, InputError
from rag import models, prompt
from rag.assistant import Rag
from rag.config import Config
from rag.engine.local import LocalModel
from rag.engine.remote import KEY, PACKAGE, RemoteModel

NAME = "smollm2-135m"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = models.locate(NAME, "llm")
    command = [
        sys.executable, "-m", "llama_cpp.server", "--model", str(path), "--model_alias", NAME, "--n_ctx", "2048",
        "--logits_all", "true", "--port", str(port), "--verbose", "false",
    ]  # fmt: skip
    with tempfile.TemporaryFile("w+") as said:
        server = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}/v1"
        try:
            for _ in range(120):
                try:
                    httpx.get(f"{address}/models", timeout=2).raise_for_status()
                    break
                except httpx.HTTPError:
                    said.seek(0)
                    assert server.poll() is None, said.read()
                    time.sleep(0.5)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def test_it_says_yes_and_no_as_the_same_model_does_here(url: str) -> None:
    there, here = RemoteModel(url, NAME), LocalModel(models.locate(NAME, "llm"), context=2048)
    passages = ["The harbour of Turku opened again on Tuesday.\n\n", "Snow closed the Brenner pass for nine hours.\n\n"]
    asked = [(p, prompt.holds_answer("How long was the pass closed?")) for p in passages]
    mine = here.score([here.chat(prompt.READ, p, q) for p, q in asked])
    theirs = there.score([there.chat(prompt.READ, p, q) for p, q in asked])
    assert theirs == pytest.approx(mine, abs=0.6), (mine, theirs)
    assert there.likely([there.chat(prompt.READ, passages[0], "How long?")]) == [], "a server does not say"
    assert there.usage.prompt > 60 and there.label == f"{NAME} at {url.split('/')[2]}"
    here.close()


def test_it_writes_piece_by_piece_with_probabilities(url: str) -> None:
    there = RemoteModel(url, "a name that it does not know")
    assert there.name == NAME
    sure: list[float] = []
    asked = there.chat("You are helpful.", "Snow closed the Brenner pass.\n\n", "What closed the pass?")
    pieces = list(there.write(asked, 24, sure=sure))
    assert len(pieces) > 3 and "pass" in "".join(pieces)
    assert len(sure) >= len(pieces) - 1 and all(p <= 0 for p in sure)
    writing = there.write(asked, 60)
    next(writing)
    writing.close()  # a stop in the chat
    assert list(there.write(asked, 8)), "the server is free again"
    there.close()


def test_an_answer_comes_from_it(url: str, seeds_index: Path) -> None:
    rag = Rag.open(seeds_index, NAME, Config(llm_url=url, read=2))
    answer = rag.answer("Who is Russia's chief negotiator?")
    assert answer.model == f"{NAME} at {url.split('/')[2]}" and answer.tokens["prompt"] > 0
    assert answer.abstained or answer.citations
    rag.close()


class _Server(BaseHTTPRequestHandler):
    """A server of plain yes and no: no probabilities, busy at first, and it looks at the key."""

    calls = 0

    def do_GET(self) -> None:
        self._say(200, b'{"data": [{"id": "plain"}]}')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).calls += 1
        if b"logprobs" in body:
            self._say(400, b"no logprobs here")
        elif self.headers.get("Authorization") != "Bearer secret":
            self._say(401, b"{}")
        elif type(self).calls <= 3:
            self._say(503, b"busy")
        else:
            self._say(200, b'{"choices": [{"message": {"content": "Yes, it does."}}]}')

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


def test_a_server_without_probabilities_a_busy_one_and_a_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    monkeypatch.setenv(KEY, "secret\n")
    there = RemoteModel(url)
    assert there.score([there.chat("", "A passage.\n\n", "Yes?")]) == [2.0], "asked again while busy"
    assert there.label.endswith("without token probabilities")
    monkeypatch.setenv(KEY, "wrong")
    with pytest.raises(EngineCrashed, match="401") as refused:
        RemoteModel(url).score([there.chat("", "A passage.\n\n", "Yes?")])
    assert "wrong" not in str(refused.value), "the key stands in no message"
    monkeypatch.setenv(KEY, "sk-verys\u00e9cret")
    with pytest.raises(InputError, match="no key") as odd:
        RemoteModel(url)
    assert "verys" not in str(odd.value)
    monkeypatch.setenv(KEY, "secret")
    server.shutdown()
    server.server_close()
    with pytest.raises(EngineCrashed, match="did not answer"):
        RemoteModel(url)
    for wrong in ("", "127.0.0.1:8000", "file:///etc/passwd", "ftp://x/v1"):
        with pytest.raises(InputError, match="--llm-url"):
            RemoteModel(wrong)


def test_a_word_of_no_probability_is_a_number_still() -> None:
    from rag.engine.remote import _sum_of

    assert _sum_of({"Yes": -9999.0}, "yes") == _sum_of({}, "yes") == -12.0
    assert _sum_of({" yes": -1.0, "Yes": -1.0, "No": -2.0}, "yes") == pytest.approx(-0.307, abs=0.01)


class _Odd(BaseHTTPRequestHandler):
    """A server that answers as its path says, and writes down what it was sent."""

    sent: list[str] = []  # noqa: RUF012
    elsewhere = ""  # where it sends those who ask below /moved

    def do_GET(self) -> None:
        self._say(200, b'{"data": [{"id": "odd"}]}')

    def do_POST(self) -> None:
        streamed = b'"stream":true' in self.rfile.read(int(self.headers["Content-Length"]))
        way = self.path.split("/")[1]
        if way == "moved":
            self._say(307, b"")
        elif way == "broken":
            self._say(200, b'data: {"error": {"message": "marker"}}\n\n' if streamed else b'{"choices": []}')
        elif way == "slow":
            time.sleep(1.5)
        elif way == "page":
            self._say(200, b"<html>welcome</html>")
        else:
            self._say(200, b'{"choices": [{"logprobs": {"content": [{"token": "Yes", "logprob": -0.1}]}}]}')

    def _say(self, status: int, body: bytes) -> None:
        self.sent.append(f"{self.path} {self.headers}")
        self.send_response(status)
        self.send_header("Location", f"{self.elsewhere}/v1/chat/completions")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def odd() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Odd.sent.clear()
    _Odd.elsewhere = f"http://127.0.0.1:{server.server_port}"
    yield _Odd.elsewhere
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("login", ["", "ann:secret@"])
def test_what_the_environment_holds_for_openai_is_not_sent(
    odd: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "marker")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer marker")
    monkeypatch.delenv(KEY, raising=False)
    there = RemoteModel(odd.replace("//", f"//{login}") + "/v1")
    assert there.score([there.chat("", "A passage.\n\n", "Yes?")]) == [pytest.approx(11.9)]
    assert len(_Odd.sent) == 2 and not [said for said in _Odd.sent if "marker" in said]
    assert all(("Authorization: Basic" in said) == bool(login) for said in _Odd.sent)
    assert not [said for said in _Odd.sent if "Authorization" in said] or login
    there.close()


def test_it_goes_where_it_was_told_to_and_nowhere_else(odd: str) -> None:
    there = RemoteModel(f"{odd}/moved")
    with pytest.raises(EngineCrashed, match="it answered 307"):
        there.score([there.chat("", "A passage.\n\n", "Yes?")])
    assert not [said for said in _Odd.sent if said.startswith("/v1")]
    there.close()


@pytest.mark.parametrize("way", ["broken", "page", "slow"])
def test_an_answer_that_is_none_is_an_error_of_this_project(odd: str, way: str) -> None:
    there = RemoteModel(f"{odd}/{way}", seconds=0.3)
    asked = there.chat("", "A passage.\n\n", "Yes?")
    for call in (lambda: there.score([asked]), lambda: list(there.write(asked))):
        with pytest.raises(EngineCrashed, match="did not answer") as failed:
            call()
        assert failed.value.__suppress_context__ and "marker" not in str(failed.value)
    there.close()


def test_without_the_package_it_says_what_to_install(
    odd: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rag.cli import main

    monkeypatch.setitem(sys.modules, "openai", None)
    for command in (["ask", "Who is Medinsky?"], ["chat"]):
        assert main([*command, "--llm-url", f"{odd}/v1"]) == 1
        said = "".join(capsys.readouterr())
        assert "which is not installed" in said and f'pip install "{PACKAGE}"' in said
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert extras["remote"] == [PACKAGE] and PACKAGE in extras["test"]
