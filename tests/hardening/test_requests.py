"""What a stranger may send to a running chat: how much, from which page, what kind of file."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import served
from page import Page
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from test_access import people

from ui.security.body_limit import BodyLimit

LONG = 6_000_000


@pytest.fixture(scope="module")
def url(seeds_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = tmp_path_factory.mktemp("sent") / "ix"
    shutil.copytree(seeds_index, index)
    with served("--model", "none", "--index", str(index)) as address:
        yield address


def endless(url: str, path: str, kind: str, start: bytes = b"") -> tuple[int, int]:
    """What a body without length and end is answered, and how many megabytes were taken before."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port), timeout=60) as line:
        head = f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nTransfer-Encoding: chunked\r\nContent-Type: {kind}\r\n\r\n"
        line.sendall(head.encode())
        part, sent = start + b"x" * (1_000_000 - len(start)), 0
        try:
            while sent < 300:
                line.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                sent, part = sent + 1, b"x" * 1_000_000
        except OSError:
            assert sent, "it was closed before anything was sent"
        try:
            said = line.recv(1_000)
        except ConnectionResetError:
            said = b""
    return int(said.split()[1]) if said else 0, sent


def test_a_body_that_is_too_long_is_refused_however_it_comes(url: str) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    with httpx.Client(base_url=url, timeout=60) as web:
        assert web.post("gradio_api/upload", files={"files": ("a.txt", b"x" * 51_000_000)}).status_code == 413
        assert web.post("gradio_api/call/ask", content=b"x" * LONG).status_code == 413
        for path, kind, start in (
            ("/gradio_api/call/ask", "application/json", b""),
            ("/gradio_api/queue/join", "application/json", b""),
            ("/login", "application/x-www-form-urlencoded", b"username="),
            ("/gradio_api/component_server", "multipart/form-data; boundary=b", form),
            ("/gradio_api/upload", "multipart/form-data; boundary=b", form),
        ):
            status, taken = endless(url, path, kind, start)
            most = 120 if path.endswith("upload") else 40  # the system's own buffers take some
            assert status in (0, 413) and taken < most, (path, status, taken)
        assert web.get("config").status_code == 200
        big = web.post("gradio_api/upload", files=[("files", (f"{n}.txt", b"x" * 20_000_000)) for n in range(3)])
        assert big.status_code == 200 and len(big.json()) == 3


def test_it_is_refused_before_a_password_is_asked_for(seeds_index: Path, tmp_path: Path) -> None:
    path = people(tmp_path / "people", ann="secret words")
    with served("--model", "none", "--index", str(seeds_index), "--auth", str(path)) as url, httpx.Client() as web:
        assert web.post(url + "gradio_api/call/ask", content=b"x" * LONG).status_code == 413
        assert web.post(url + "login", content=b"x" * LONG).status_code == 413
        assert web.post(url + "gradio_api/upload", files={"files": ("a.txt", b"x")}).status_code == 401


async def reader(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that takes whatever comes, and tells a length."""
    try:
        answer = PlainTextResponse(str(len(await Request(scope, receive).body())))
    except MultiPartException as error:  # as Gradio does
        answer = PlainTextResponse(error.message, 400)
    await answer(scope, receive, send)


def pieces(count: int, size: int = 100_000) -> Iterator[bytes]:
    yield from (b"x" * size for _ in range(count))


def test_bytes_are_counted_as_they_come() -> None:
    web = TestClient(BodyLimit(reader, kept=120_000_000))
    assert web.post("/call", content=pieces(50)).text == "5000000"
    assert web.post("/call", content=pieces(51)).status_code == 413
    for unreadable in (b"[" * 200_000, b"\xff"):
        assert web.post("/call", content=unreadable).status_code == 400
    assert web.post("/gradio_api/run/upload", content=pieces(51)).status_code == 413
    assert web.post("/gradio_api/upload", content=pieces(1_001)).status_code == 413
    said = web.post("/gradio_api/upload", content=pieces(900))
    assert said.status_code == 413 and "within an hour" in said.text


def test_what_is_being_sent_is_bounded_for_all_together_and_in_time() -> None:
    slow = BodyLimit(reader, held=8_000_000, seconds=1.0)

    async def sent(parts: int, waits: float) -> int:
        left, status = parts, []

        async def receive() -> dict[str, object]:
            nonlocal left
            left -= 1
            await asyncio.sleep(waits)
            return {"type": "http.request", "body": b" " * 1_000_000, "more_body": left > 0}

        async def send(message: MutableMapping[str, Any]) -> None:
            status.append(message.get("status"))

        scope = {"type": "http", "method": "POST", "path": "/call", "headers": [], "client": ("192.0.2.1", 1)}
        await slow(scope, receive, send)
        return int(status[0])

    async def several() -> tuple[list[int], int, int]:
        at_once = await asyncio.gather(*(sent(4, 0.05) for _ in range(3)))
        return sorted(at_once), await sent(100, 0.4), await sent(4, 0.01)

    assert asyncio.run(several()) == ([200, 200, 503], 408, 200)


def test_a_client_sends_so_much_in_a_minute() -> None:
    web = TestClient(BodyLimit(reader))
    assert [web.post("/call", content=pieces(50)).status_code for _ in range(11)] == [200] * 10 + [429]


def test_another_page_can_send_nothing(url: str) -> None:
    here = urlsplit(url).netloc
    with httpx.Client(base_url=url) as web:

        def status(origin: str | None, path: str = "gradio_api/call/articles") -> int:
            return web.post(path, json={"data": []}, headers={"Origin": origin} if origin else {}).status_code

        assert [status(o) for o in (None, f"http://{here}", f"https://{here.upper()}")] == [200] * 3
        for foreign in ("http://evil.example", "null", f"http://{here}.evil.example", "http://127.0.0.1:1", "http://["):
            assert status(foreign) == 403, foreign
            assert status(foreign, "gradio_api/upload") == status(foreign, "login") == 403, foreign
        assert web.get("", headers={"Origin": "http://evil.example"}).status_code == 200


def test_what_the_chat_does_not_use_of_gradio_is_not_served(url: str) -> None:
    with httpx.Client(base_url=url) as web:
        assert web.get("gradio_api/deep_link", params={"session_hash": "x"}).status_code == 403
        assert web.post("gradio_api/process_recording", files={"video": b"x"}).status_code == 403


def listed(page: Page) -> list[dict[str, str]]:
    """The articles that the page's calls list."""
    found: list[dict[str, str]] = page.call("articles", "", "", "", False, 0, 50)[0]["articles"]
    return found


def test_a_program_is_no_article(url: str) -> None:
    page = Page(url)
    said = page.add("setup.exe", b"MZ\x90\0" + b"The ferry Aurora sank off Turku. " * 20)
    assert said["error"].startswith("Invalid file type.") and "'.txt', '.md', " in said["error"]
    assert len(listed(page)) == 5
    # Renamed, it is still none.
    assert "setup.txt: " in json.dumps(page.add("setup.txt", b"MZ\x90\0" + bytes(range(256)) * 20))
    assert len(listed(page)) == 5
    assert "6 articles" in json.dumps(page.add("ferry.txt", b"The ferry Aurora sank off Turku on 3 May 2023."))
