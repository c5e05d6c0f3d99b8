"""The chat's page as a program sees it: every call that the page makes can be made by anyone."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import httpx


class Page:
    """A page that somebody opened, who has entered where a password is asked for."""

    def __init__(self, url: str, name: str = "", password: str = "") -> None:
        self.web = httpx.Client(base_url=url, timeout=300)
        if name:
            self.web.post("login", data={"username": name, "password": password}).raise_for_status()
        config = self.web.get("config").json()
        self.numbers: dict[str, int] = {d["api_name"]: d["id"] for d in config["dependencies"]}
        self.session = uuid.uuid4().hex

    def call(self, name: str, *data: Any, event: dict[str, str] | None = None) -> Any:
        """What a call of the page gives: its outputs, or its error as {"error": …}.

        Args:
            event: what a script of the page says beside it.
        """
        body = {"data": [*data], "fn_index": self.numbers[name], "session_hash": self.session, "event_data": event}
        self.web.post("gradio_api/queue/join", json=body).raise_for_status()
        with self.web.stream("GET", "gradio_api/queue/data", params={"session_hash": self.session}) as events:
            for line in events.iter_lines():
                said = json.loads(line[5:]) if line.startswith("data:") else {}
                if said.get("msg") == "process_completed":
                    output = said["output"]
                    return output["data"] if said["success"] else output
        raise AssertionError(f"{name} was not answered")

    def ask(self, question: str, chat_id: str = "") -> str:
        """A question put into a chat and answered; the chat's id."""
        if chat_id:
            self.call("picked", {"chat": chat_id})
        else:
            self.call("picked", {"chat": ""})
        thread, *_ = self.call("put", question, None, {})
        self.call("look_on", None)
        found = re.search(r'data-chat="([0-9a-f]{32})"', thread)
        assert found, thread
        return found[1]

    def kept(self, chat_id: str) -> Any:
        """A chat as the page saves it."""
        return json.loads(self.call("exported", event={"chat": chat_id, "kind": "json"})[0]["text"])

    def add(self, name: str, data: bytes) -> Any:
        """What the page says to a file that is added to the collection."""
        path = self.web.post("gradio_api/upload", files={"files": (name, data)}).json()[0]
        file = {"path": path, "orig_name": Path(name).name, "meta": {"_type": "gradio.FileData"}}
        return self.call("added", [file], "", None, None)
