"""The chat's calls for programs, over the wire with the public clients. No language model is needed for them."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT, served
from page import Page

from rag.schema import AnswerData
from ui.security.auth import entry

DEFAULT = "http://127.0.0.1:7860/"
TOOLS = {"about", "ask", "ask_in_chat", "chat", "search", "articles", "article", "sources", "people", "quotes"}


def people(path: Path, **passwords: str) -> Path:
    """A file of those who may enter."""
    path.write_text("".join(entry(name, word) + "\n" for name, word in passwords.items()), "utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def address(seeds_index: Path) -> Iterator[str]:
    with served("--model", "none", "--mcp", "--index", str(seeds_index)) as url:
        yield url


def test_gradio_client(address: str) -> None:
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(address, verbose=False)
    named = client.view_api(print_info=False, return_format="dict")["named_endpoints"]  # type: ignore[index]
    assert set(named) == {f"/{name}" for name in TOOLS}
    answer = client.predict("Who is Russia's chief negotiator?", api_name="/ask")
    assert "Medinsky" in answer["text"] and answer["citations"][0]["quote"]
    assert client.predict(api_name="/articles")["total"] == 5
    hits = client.predict("talks", k=3, after="2022-03-28", api_name="/search")["passages"]
    assert len(hits) == 3 and all(h["date"] >= "2022-03-28" for h in hits)
    first = client.predict("Who is Russia's chief negotiator?", api_name="/ask_in_chat")
    client.predict("And who is Putin's spokesman?", chat=first["chat"], api_name="/ask_in_chat")
    assert len(client.predict(first["chat"], api_name="/chat")["exchanges"]) == 2
    with pytest.raises(AppError, match="not a day"):
        client.predict("talks", after="soon", api_name="/search")
    with pytest.raises(AppError, match="empty"):
        client.predict("", api_name="/ask")


def test_the_page_of_the_api_has_the_schema_of_each_answer(address: str) -> None:
    told = httpx.get(f"{address}gradio_api/info").json()["named_endpoints"]
    for name in TOOLS:
        (given,) = told[f"/{name}"]["returns"]
        assert given["type"]["type"] == "object" and given["type"]["properties"], name
    assert set(told["/ask"]["returns"][0]["type"]["properties"]) == set(AnswerData.__annotations__)


def test_mcp(address: str) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def use() -> tuple[set[str], str, Any, Any]:
        async with (
            streamable_http_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            hello = await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}
            found = await session.call_tool("ask", {"question": "Who is Russia's chief negotiator?"})
            wrong = await session.call_tool("ask", {"question": ""})
            return tools, hello.serverInfo.version, found, wrong

    tools, told, found, wrong = asyncio.run(use())
    assert tools == TOOLS and told == version("rag-articles")
    assert not found.isError and "Medinsky" in json.loads(found.content[0].text)["text"]
    assert json.loads(found.content[0].text) == found.structuredContent
    assert wrong.isError and wrong.content[0].text == "The question is empty. Ask something."


def examples(kind: str, address: str) -> list[str]:
    """The examples of the page about the calls, at the address of this chat."""
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    found = re.findall(rf"```{kind}\n(.*?)```", text, re.S)
    return [example.replace(DEFAULT, address) for example in found if DEFAULT in example]


def test_the_python_on_the_page_runs(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    for code in examples("python", address):
        exec(compile(code, "docs/api.md", "exec"), {"__name__": "example"})
    asked, turns, read, product, people = capsys.readouterr().out.splitlines()
    assert "Medinsky" in asked and turns == "2" and read.startswith("20") and "stated" in read
    assert product == f"rag-articles {version('rag-articles')}" and "Dmitry Peskov" in people


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
def test_the_shell_on_the_page_runs(address: str) -> None:
    code = examples("sh", address)[-1]
    done = subprocess.run(["bash", "-euc", code], capture_output=True, text=True, timeout=300, check=True)
    *_, event, data = done.stdout.strip().splitlines()  # before them, beats where the machine is slow
    assert event == "event: complete" and len(json.loads(data.removeprefix("data: "))[0]["passages"]) == 2


def test_a_person_reads_no_chat_of_another_over_the_api(seeds_index: Path, tmp_path: Path) -> None:
    enter = people(tmp_path / "people", ann="secret words", bo="other words")
    with served("--model", "none", "--index", str(seeds_index), "--auth", str(enter)) as url:
        ann, bo = Page(url, "ann", "secret words"), Page(url, "bo", "other words")
        made = ann.call("ask_in_chat", "Who is Russia's chief negotiator?", "", "", "", "", "")[0]
        assert ann.call("chat", made["chat"])[0]["exchanges"][0]["answer"] == made["answer"]
        assert "There is no chat" in bo.call("chat", made["chat"])["error"]
        assert "There is no chat" in bo.call("ask_in_chat", "And then?", made["chat"], "", "", "", "")["error"]
