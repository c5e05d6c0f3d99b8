"""A language model behind a server: llama-cpp-python's own, with a real small model, on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from index.errors import EngineCrashed, InputError
from rag import models, prompt
from rag.assistant import Rag
from rag.config import Config
from rag.engine.local import LocalModel
from rag.engine.remote import KEY, RemoteModel

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

    assert _sum_of([{"token": "Yes", "logprob": -9999.0}], "yes") == _sum_of([], "yes") == -12.0
    both = [{"token": " yes", "logprob": -1.0}, {"token": "Yes", "logprob": -1.0}, {"token": "No", "logprob": -2.0}]
    assert _sum_of(both, "yes") == pytest.approx(-0.307, abs=0.01)
