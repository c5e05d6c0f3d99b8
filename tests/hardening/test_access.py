"""No one let in, no one served too often, nobody answered who has left."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest
from conftest import served
from fakes import SlowStream

from index.errors import InputError
from rag.assistant import Rag
from rag.cli import main
from rag.config import NO_MODEL
from ui.app import build
from ui.loading import Loader
from ui.security.auth import entry, read_auth
from ui.security.rate_limit import Window


def people(path: Path, **passwords: str) -> Path:
    path.write_text("".join(entry(name, word) + "\n" for name, word in passwords.items()), "utf-8")
    path.chmod(0o600)
    return path


def test_who_may_enter_is_kept_as_hashes_in_a_file_that_others_cannot_read(tmp_path: Path) -> None:
    path = people(tmp_path / "people", ann="secret words", bo="pass:wörd also")
    assert "secret" not in path.read_text() and "pass:" not in path.read_text()
    may_enter = read_auth(path)
    assert may_enter("ann", "secret words") and may_enter("bo", "pass:wörd also")
    for name, word in (("ann", "secret word"), ("ann", ""), ("cy", "secret words"), ("", ""), ("ann", "x" * 100_000)):
        assert not may_enter(name, word)
    path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read_auth(path)
    path.chmod(0o600)
    for wrong in ("ann:secret words", "ann", "ann:scrypt:!:!", "ann:md5:AAAA:AAAA"):
        path.write_text(wrong)
        with pytest.raises(InputError, match=r"line 1 .* rag password"):
            read_auth(path)
    path.write_bytes(b"ann:\xff\xfe:x")
    with pytest.raises(InputError, match=r"line 1 .* rag password"):
        read_auth(path)
    path.write_text("\n")
    with pytest.raises(InputError, match="names nobody"):
        read_auth(path)
    with pytest.raises(InputError, match="no file"):
        read_auth(tmp_path / "none")


def test_tools_are_not_shown_where_a_password_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = people(tmp_path / "people", ann="secret words")
    assert main(["chat", "--model", "none", "--mcp", "--auth", str(path)]) == 1
    assert "--mcp with --auth" in capsys.readouterr().err


def test_the_command_makes_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert main(["password", "ann"]) == 0
    path = tmp_path / "people"
    path.write_text(capsys.readouterr().out)
    path.chmod(0o600)
    assert read_auth(path)("ann", "correct horse")
    for name, word in (("ann", "short"), ("a:b", "long enough"), ("", "long enough")):
        monkeypatch.setattr("sys.stdin", io.StringIO(word + "\n"))
        assert main(["password", name]) == 1


def test_without_a_password_nothing_is_served_and_guessing_is_slow(tmp_path: Path, seeds_index: Path) -> None:
    path = people(tmp_path / "people", ann="secret words")
    with served("--model", "none", "--index", str(seeds_index), "--auth", str(path)) as url, httpx.Client() as web:
        calls = (
            "gradio_api/component_server",
            "gradio_api/call/ask",
            "gradio_api/call/articles",
            "gradio_api/queue/join",
        )
        assert [web.post(url + call, json={"data": []}).status_code for call in calls] == [401] * len(calls)
        assert "Moscow" not in web.get(url).text
        assert web.post(url + "login", data={"username": "ann", "password": "secret words"}).status_code == 200
        assert "Ask the articles" in web.get(url + "config").text
        ways = ("login", "login/")
        guesses = [
            web.post(
                url + ways[n % 2],
                data={"username": "ann", "password": f"guess {n}"},
                headers={"X-Forwarded-For": f"203.0.113.{n}"},  # another name each time does not help
            )
            for n in range(12)
        ]
        assert {g.status_code for g in guesses[:9]} == {400} and guesses[-1].status_code == 429
        assert 0 < int(guesses[-1].headers["retry-after"]) <= 60
        for way in (*ways, "login//"):
            assert web.post(url + way, data={"username": "ann", "password": "guess"}).status_code == 429
        for way in ("Login", "LOGIN/", "gradio_api/login", "login;x"):  # these let nobody in
            assert web.post(url + way, data={"username": "ann", "password": "secret words"}).status_code in (
                404,
                405,
                429,
            )


def test_a_client_may_call_so_often_in_a_minute() -> None:
    window = Window(3)
    assert [window.wait("a", t) for t in (0.0, 1.0, 2.0)] == [0.0] * 3
    assert window.wait("a", 10.0) == 50.0 and window.wait("b", 10.0) == 0.0
    assert window.wait("a", 60.0) == 0.0 and window.wait("a", 60.5) == 0.5
    heavy = Window(100)
    assert [heavy.wait("a", 0.0, 60), heavy.wait("a", 1.0, 60), heavy.wait("a", 61.0, 60)] == [0.0, 59.0, 0.0]
    for n in range(20_000):  # clients that came once do not fill the memory
        window.wait(str(n), 100.0)
    assert len(window._calls) == 10_000


def test_a_flood_of_calls_is_refused_and_the_page_stays(seeds_index: Path) -> None:
    with served("--model", "none", "--index", str(seeds_index)) as url, httpx.Client() as web:
        codes = [web.post(url + "gradio_api/call/articles", json={"data": []}).status_code for _ in range(620)]
        assert codes[:550] == [200] * 550 and codes[-1] == 429
        assert web.get(url).status_code == 200


def test_a_question_ends_when_its_caller_leaves(seeds_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowStream()
    loader = Loader(seeds_index, NO_MODEL)
    loader.start()
    loader.rag()
    monkeypatch.setattr(Rag, "stream", slow)
    page = build(loader)
    _, url, _ = page.queue().launch(prevent_thread_lock=True, quiet=True)
    try:
        with httpx.Client(base_url=url, timeout=30) as web:
            number = web.post(
                "gradio_api/call/ask", json={"data": ["Who led the Russian side?", "", "", "", "", []]}
            ).json()["event_id"]
            with web.stream("GET", f"gradio_api/call/ask/{number}") as answer:
                next(answer.iter_raw(), None)
                assert slow.asked.wait(20) and not slow.ended.is_set()
        assert slow.ended.wait(20), "it went on for nobody"
        assert not loader.queue._waiting
    finally:
        page.close()
        loader.close()
