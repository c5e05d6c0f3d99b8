"""The engine ends in mid-answer, in the browser: the question stays, and is asked again. The engine is a server of the test's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browsing import LONG, Opener, ask
from conftest import served
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


class _Engine(BaseHTTPRequestHandler):
    """A server that lists a model, ends without a word in the midst of a question until it is mended, and then says no."""

    asked, gone, mended = threading.Event(), threading.Event(), threading.Event()

    def do_GET(self) -> None:
        self._say({"data": [{"id": "there"}]})

    def do_POST(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.set()
        assert self.gone.wait(120)
        if not self.mended.is_set():
            self.close_connection = True
        elif wanted.get("stream"):
            said = {"choices": [{"index": 0, "delta": {"content": "not stated"}, "finish_reason": "stop"}]}
            self._send(f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n".encode(), "text/event-stream")
        else:
            self._say({"choices": [{"index": 0, "message": {"role": "assistant", "content": "No"}}]})

    def _say(self, what: object) -> None:
        self._send(json.dumps(what).encode(), "application/json")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def engine() -> Iterator[str]:
    for event in (_Engine.asked, _Engine.gone, _Engine.mended):
        event.clear()
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Engine)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}/v1"
    _Engine.gone.set()
    listening.shutdown()
    listening.server_close()


def test_a_crash_of_the_engine_leaves_the_question_with_ask_again(
    engine: str, seeds_index: Path, opened: Opener
) -> None:
    with served("--llm-url", engine, "--read-ahead", "0", "--index", str(seeds_index)) as url:
        page = opened(url)
        expect(page.locator("#rail-foot")).not_to_contain_text("loading", timeout=LONG)
        ask(page, "Who is Vladimir Medinsky?", wait=False)
        assert _Engine.asked.wait(60)
        expect(page.locator("#working .steps")).to_be_visible()
        # There is nothing to rate before there is an answer.
        expect(page.get_by_role("button", name="Good answer")).to_have_count(0)
        _Engine.gone.set()
        expect(page.locator(".unanswered .error")).to_be_visible(timeout=LONG)
        expect(page.locator(".turn > h2")).to_have_text(["Who is Vladimir Medinsky?"])
        page.reload()
        expect(page.locator(".unanswered .error")).to_be_visible(timeout=LONG)
        _Engine.mended.set()
        page.get_by_role("button", name="Ask again").click()
        expect(page.locator(".answer")).to_have_count(1, timeout=LONG)
        expect(page.locator(".unanswered")).to_have_count(0)
        expect(page.get_by_role("button", name="Good answer")).to_be_visible()
