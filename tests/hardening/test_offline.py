"""After set-up nothing leaves the machine: every way of using it, with connections to anywhere else forbidden."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT, preload, served
from page import Page

from rag.config import seeds


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where connections to elsewhere are written down, in every process that is started, native code included."""
    monkeypatch.setenv("LD_PRELOAD", str(preload("offline.c", tmp_path)))
    monkeypatch.setenv("RAG_OFFLINE_LOG", str(tmp_path / "connections"))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "GRADIO_ANALYTICS_ENABLED"):
        monkeypatch.delenv(name, raising=False)  # it must not depend on how somebody has set up their machine
    return tmp_path / "connections"


def rag(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rag.cli", *args], capture_output=True, text=True, cwd=ROOT, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


WAYS_OUT = (
    """
import ctypes, socket, struct
to = struct.pack("=HH4s8x", socket.AF_INET, 80 << 8, socket.inet_aton("203.0.113.7"))
six = struct.pack("=HHI16sI", socket.AF_INET6, 80 << 8, 0, socket.inet_pton(socket.AF_INET6, "2001:db8::7"), 0)
libc, udp = ctypes.CDLL(None), socket.socket(type=socket.SOCK_DGRAM)
""",
    {
        "connect 203.0.113.7": "assert libc.connect(socket.socket().fileno(), to, len(to)) == 0",
        "getaddrinfo news.example": "import httpx; httpx.get('https://news.example/')",
        "gethostbyname news.example": "assert libc.gethostbyname(b'news.example')",
        "sendto 203.0.113.7": "assert libc.sendto(udp.fileno(), b'x', 1, 0, to, len(to)) == 1",
        "connect 2001:db8::7": "assert libc.connect(socket.socket(socket.AF_INET6).fileno(), six, len(six)) == 0",
        "sendmsg 203.0.113.7": "udp.sendmsg([b'x'], [], 0, ('203.0.113.7', 80))",
        "getaddrinfo 203.0.113.7": "import urllib.request; urllib.request.urlopen('http://203.0.113.7/', timeout=5)",
    },
)


@pytest.mark.parametrize("seen", WAYS_OUT[1])
def test_the_watch_sees_python_and_native_code(offline: Path, seen: str) -> None:
    before, ways = WAYS_OUT
    done = subprocess.run([sys.executable, "-c", before + ways[seen]], capture_output=True, text=True, check=False)
    assert done.returncode and seen in offline.read_text().splitlines(), done.stderr


def test_the_watch_lets_this_machine_be_reached(offline: Path) -> None:
    code = "import socket; s = socket.create_server(('localhost', 0)); socket.create_connection(s.getsockname())"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not offline.exists()


def test_nothing_is_fetched_or_sent(offline: Path, tmp_path: Path) -> None:
    index = ["--index", str(tmp_path / "ix")]
    small = ["--model", "smollm2-135m"]
    assert rag("index", str(seeds()), *index).startswith("5 articles")
    assert "Medinsky" in rag("search", "Medinsky", *index)
    assert json.loads(rag("ask", "How long did the talks in Istanbul last?", "--json", *small, *index))["model"]
    rag("eval", "--sample", "2", "--kind", "single", "--out", str(tmp_path / "out"), *small)
    assert "ok" in rag("doctor", *small, *index)
    with served(*small, *index, "--mcp") as url, httpx.Client(base_url=url, timeout=300) as web:
        assert web.get("/").status_code == 200
        call = web.post(
            "gradio_api/call/ask", json={"data": ["How long did the talks in Istanbul last?", "", "", "", "", []]}
        ).json()
        said = web.get(f"gradio_api/call/ask/{call['event_id']}").text
        assert "event: complete" in said, said
    assert not offline.exists(), offline.read_text()


def calls_with(file: dict[str, Any], page: Page) -> Iterator[httpx.Response]:
    """A file sent to every kind of call: of the page, of programs, and as a tool."""
    web = page.web
    add = {"data": [[file], "", None, None], "fn_index": page.numbers["added"], "session_hash": "here"}
    question = {"data": [file, "", "", "", "", []]}
    tool = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "ask", "arguments": {"question": file}},
    }
    yield web.post("gradio_api/queue/join", json=add)
    for kind, code in (("application/json", "utf-16"), ("text/plain", "utf-8")):
        body = json.dumps(add).encode(code)
        yield web.post("gradio_api/queue/join", content=body, headers={"Content-Type": kind})
    for way in ("call", "call/v2", "run", "api"):
        yield web.post(f"gradio_api/{way}/ask", json=question)
    yield web.post("gradio_api/mcp/", json=tool, headers={"Accept": "application/json, text/event-stream"})


def test_the_chat_can_not_be_made_to_fetch_an_address(offline: Path, seeds_index: Path) -> None:
    meta = {"meta": {"_type": "gradio.FileData"}}
    with served("--model", "none", "--index", str(seeds_index), "--mcp") as url:
        page = Page(url)
        web = page.web
        for address in ("http://203.0.113.7/x", "https://news.example/x.txt"):
            for way in (
                "file=",
                "gradio_api/file=",
                "gradio_api/file/",
                "gradio_api/proxy=",
                "gradio_api/file=%68ttp://x/",
            ):
                assert web.get(f"{url}{way}{address}").status_code in (403, 404), way
                assert web.head(f"{url}{way}{address}").status_code in (403, 404), way
            assert web.get(f"{url}gradio_api/file={address}").status_code == 403
            for file in ({"path": address, **meta}, {"path": "x.txt", "url": address, **meta}):
                assert {said.status_code for said in calls_with(file, page)} == {403}
        # What the page itself sends back of an upload is taken.
        sent = web.post("gradio_api/upload", files={"files": ("a.txt", b"The ferry sank.")}).json()[0]
        own = {"path": sent, "url": f"{url}gradio_api/file={sent}", **meta}
        assert web.get(own["url"]).text == "The ferry sank."
        assert next(calls_with(own, page)).status_code == 200
    assert not offline.exists(), offline.read_text()
