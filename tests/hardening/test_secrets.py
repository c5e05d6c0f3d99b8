"""Passwords and keys stand nowhere: not in what is printed, answered, kept or reported."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from conftest import ROOT
from page import Page
from test_access import people

from index.errors import InputError
from rag.engine.remote import KEY, check_url

PASSWORD, GUESS, SECRET, IN_URL = "marker-password", "marker-guess", "marker-key", "marker-in%2Furl"
MARKERS = (b"marker-", b"bWFya2Vy", b"1hcmtlci", b"tYXJrZXIt")  # and as base64 has them


class _Server(BaseHTTPRequestHandler):
    """A server that lists a model, refuses every question, and says back all it was sent."""

    seen: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self._say(200, b'{"data": [{"id": "there"}]}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(401, str(self.headers).encode())

    def _say(self, status: int, body: bytes) -> None:
        self.seen.append(self.headers["Authorization"] or "")
        self.send_response(status, self.headers["Authorization"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def server() -> Iterator[str]:
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    _Server.seen.clear()
    yield f"127.0.0.1:{listening.server_port}/v1"
    listening.shutdown()
    listening.server_close()


def no_secret(said: bytes, where: object) -> None:
    for marker in MARKERS:
        at = said.find(marker)
        assert at < 0, f"{where}: {said[max(0, at - 200) : at + 100]!r}"


def test_a_chat_shows_and_keeps_none(
    tmp_path: Path, seeds_index: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    index, printed = tmp_path / "ix", tmp_path / "printed"
    shutil.copytree(seeds_index, index)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = people(tmp_path / "people", ann=PASSWORD)
    command = [
        sys.executable, "-m", "rag.cli", "chat", "--index", str(index), "--auth", str(path), "--port", str(port),
        "--llm-url", f"http://{server}",
    ]  # fmt: skip
    answers: list[httpx.Response] = []
    with printed.open("wb") as out:
        chat = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT)
        try:
            url = f"http://127.0.0.1:{port}/"
            for _ in range(240):
                try:
                    answers.append(httpx.get(url))
                    break
                except httpx.TransportError:
                    assert chat.poll() is None, printed.read_text()
                    time.sleep(0.5)
            for form in ({"username": "ann", "password": GUESS}, {"username": "ann", "passwort": GUESS}):
                answers.append(httpx.post(f"{url}login", data=form))
            answers.append(httpx.post(f"{url}login", json={"username": "ann", "password": GUESS}))
            assert [a.status_code for a in answers[1:]] == [400, 422, 422]
            page = Page(url, "ann", PASSWORD)
            told = page.call("ask", "How long did the talks in Istanbul last?", "", "", "", "", [])
            assert "did not answer: it answered 401" in told["error"]
            chat_id = page.ask("How long did the talks in Istanbul last?")
            shown = [told, page.call("opened", chat_id), page.kept(chat_id), page.call("loaded")]
            assert "it answered 401" in str(shown[1])
            answers += [page.web.get(each) for each in ("", "config", "gradio_api/info", "gradio_api/user")]
        finally:
            chat.terminate()
            chat.wait(20)
    assert f"Bearer {SECRET}" in _Server.seen, "the server was told"
    no_secret(str(shown).encode(), "the page")
    for answer in answers:
        no_secret(answer.content + str(answer.headers).encode(), answer.url)
    kept = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert printed in kept and any(file.parent.parent.name == "chats" for file in kept)
    for file in kept:
        no_secret(file.read_bytes(), file)


@pytest.mark.parametrize("way", ["key", "address"])
def test_no_command_prints_or_reports_one(tmp_path: Path, seeds_index: Path, server: str, way: str) -> None:
    env, url = {**os.environ, KEY: SECRET}, f"http://{server}"
    if way == "address":
        env, url = {**os.environ}, f"http://ann:{IN_URL}@{server}"
    asked = ["Who is Medinsky?", "--json", "--index", str(seeds_index)]
    reported = ["--sample", "1", "--kind", "single", "--out", str(tmp_path / "out")]
    for command in (["ask", *asked], ["eval", *reported]):
        done = subprocess.run(
            [sys.executable, "-m", "rag.cli", *command, "--llm-url", url], capture_output=True, cwd=ROOT, env=env,
            timeout=300, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert b"401" in said or done.returncode == 0, said
        no_secret(said, command[0])
    if way == "key":
        assert f"Bearer {SECRET}" in _Server.seen
    else:
        assert "ann:marker-in/url" in [b64decode(s.removeprefix("Basic ")).decode() for s in _Server.seen]
    kept = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert kept
    for file in kept:
        no_secret(file.read_bytes(), file)


@pytest.mark.parametrize(
    "url",
    [
        "http://ann:marker-1@127.0.0.1:99999/v1",
        "http://ann:marker-1@127.0.0.1:port/v1",
        "http://ann:marker-1@/v1",
        "http://ann:marker-1@[::1/v1",
        "http://ann:marker-1@127.0.0.1\x7f/v1",
        "http://ann:marker/1@127.0.0.1/v1",
        "http://ann:1/marker-1@127.0.0.1/v1",
        "http://ann:1?marker-1@127.0.0.1/v1",
        "http://ann:1#marker-1@127.0.0.1/v1",
        "ftp://ann:marker-1@127.0.0.1/v1",
    ],
)
def test_an_address_that_cannot_be_used_is_not_said_back(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    from rag.cli import main

    with pytest.raises(InputError, match="--llm-url") as refused:
        check_url(url)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    assert main(["ask", "Who?", "--llm-url", url]) == 1
    said = "".join(capsys.readouterr())
    assert "--llm-url" in said and "marker" not in said and "ann" not in said
