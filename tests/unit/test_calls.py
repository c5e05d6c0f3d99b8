"""The calls for programs: what they take, what they give back, and that it holds to its schema. No model is loaded."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import jsonschema
import pytest
import uvicorn
from fakes import SlowStream, Words, news
from invented import NEWS, RESCUED, SINKING
from mcp import ClientSession
from mcp.shared.memory import create_connected_server_and_client_session as connected
from starlette.applications import Starlette
from test_schema import closed

from index.build import build
from index.errors import InputError
from index.store.sqlite import Store
from rag.assistant import Rag
from rag.cli import parse
from rag.config import NO_MODEL, Config
from scripts import api_docs
from ui import calls as room
from ui.answering import Answering
from ui.calls import Calls, Gone
from ui.history import History
from ui.queue import Queue
from ui.serving import ChatOptions
from ui.tools import PATH, answer_schema, server, tools

TOOLS = {"about", "ask", "ask_in_chat", "chat", "search", "articles", "article", "sources", "people", "quotes"}


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[Calls]:
    embedder = Words()
    build(tmp_path / "ix", [news(tmp_path / "in", NEWS)], embedder)
    rag = Rag(Store(tmp_path / "ix", embedder), embedder, None, Config(model=NO_MODEL))
    loader: Any = SimpleNamespace(
        queue=Queue(), rag=lambda: rag, rag_now=lambda: rag, store=rag.store, error=None, model=NO_MODEL,
        label="no language model", name="In", index=tmp_path / "ix", ready=True,
    )  # fmt: skip
    yield Calls(loader, Answering(loader))
    rag.close()


def given(calls: Calls, name: str, /, **arguments: Any) -> Any:
    """What a call gives back, as JSON; its schema names all of it."""
    call = getattr(calls, name)
    data = json.loads(json.dumps(call(**arguments)))
    jsonschema.validate(data, closed(answer_schema(call)))
    return data


def quotes(answer: Any) -> list[str]:
    return [cited["quote"] for cited in answer["citations"]]


def test_it_says_what_answers_and_in_which_version(calls: Calls) -> None:
    about = given(calls, "about")
    assert (about["name"], about["version"]) == ("rag-articles", room.product_version()) and about["version"][
        0
    ].isdigit()
    assert (about["articles"], about["sources"], about["first"], about["last"]) == (5, 3, "2024-01-05", "2024-05-02")


def test_a_question_is_answered_or_refused(calls: Calls) -> None:
    answer = given(calls, "ask", question=SINKING)
    assert RESCUED in quotes(answer) and answer["model"] == NO_MODEL
    assert given(calls, "ask", question=SINKING, as_of="2024-02-01")["abstained"]
    assert given(calls, "ask", question="Who?", history=[{"role": "user", "content": "Hello"}])["question"] == "Who?"


def test_articles_are_read_page_by_page_and_whole(calls: Calls) -> None:
    seen, offset = [], 0
    while offset is not None:
        page = given(calls, "articles", offset=offset, limit=2)
        seen += [a["id"] for a in page["articles"]]
        offset = page["next"]
    assert seen == ["snow", "sinking", "inquiry", "owner", "bridge"] and page["total"] == 5
    assert [a["id"] for a in given(calls, "articles", source="bbc", newest_first=True)["articles"]] == [
        "inquiry",
        "snow",
    ]
    assert given(calls, "articles", after="2024-05-01")["total"] == 1
    assert given(calls, "articles", offset=99) == {"articles": [], "total": 5, "next": None}
    read = given(calls, "article", id="sink")
    assert (read["id"], read["date"], read["date_how"]) == ("sinking", "2024-03-04", "stated in the metadata")
    assert RESCUED in read["text"] and read["source"] == "Reuters"


def test_search_sources_and_people(calls: Calls) -> None:
    found = given(calls, "search", query="ferry Aurora", k=2, source="Reuters")["passages"]
    whole = given(calls, "article", id=found[0]["article_id"])["text"]
    assert found[0]["article_id"] == "sinking" and whole[found[0]["start"] : found[0]["end"]] == found[0]["text"]
    assert [h["article_id"] for h in given(calls, "search", query="harbour", as_of="2024-02-01")["passages"]] == [
        "snow"
    ]
    assert [s["name"] for s in given(calls, "sources")["sources"]] == ["BBC", "Reuters", "CNN"]
    people = given(calls, "people", limit=9)
    assert {"name": "Elina Saari", "articles": 1} in people["people"] and people["looked_through"] == 5


def test_what_a_person_said_is_listed_page_by_page(calls: Calls) -> None:
    first = given(calls, "quotes", name="Juhani Salo", limit=1)
    (said,) = first["quotes"]
    whole = given(calls, "article", id=said["article_id"])["text"]
    assert whole[said["start"] : said["end"]] == said["text"] == "Salo said that the valve was new."
    assert (first["total"], first["next"], said["date"], said["direct"]) == (1, None, "2024-04-02", False)
    assert given(calls, "quotes", name="Juhani Salo", before="2024-01-01")["total"] == 0
    assert given(calls, "quotes", name="Elina Saari", source="reuters", offset=1)["quotes"] == []


def test_a_conversation_is_led_in_a_chat_and_read_back(calls: Calls, tmp_path: Path) -> None:
    first = given(calls, "ask_in_chat", question=SINKING, as_of="2024-04-01", source="Reuters")
    assert first["state"] == "done" and RESCUED in quotes(first["answer"])
    assert first["limits"] == {"source": "Reuters", "as_of": "2024-04-01"} and first["answer"]["as_of"] == "2024-04-01"
    second = given(calls, "ask_in_chat", question="Who is Maria Berg?", chat=first["chat"])
    assert second["chat"] == first["chat"]
    kept = given(calls, "chat", chat=first["chat"])
    assert [e["question"] for e in kept["exchanges"]] == [SINKING, "Who is Maria Berg?"]
    assert kept["exchanges"][0] == {k: v for k, v in first.items() if k != "chat"}
    assert len(History(tmp_path / "ix").load(first["chat"]).turns) == 4
    token = room.person.set("ann")  # another person's chats are not hers
    try:
        with pytest.raises(InputError, match="There is no chat"):
            calls.chat(first["chat"])
    finally:
        room.person.reset(token)


def test_a_question_in_a_chat_is_answered_also_where_its_caller_leaves(calls: Calls, tmp_path: Path) -> None:
    token = room.listens.set(lambda: False)
    try:
        with pytest.raises(Gone):
            calls.ask_in_chat(SINKING)
        with pytest.raises(Gone):
            calls.ask(SINKING)
    finally:
        room.listens.reset(token)
    ((chat, _),) = History(tmp_path / "ix").recent()
    for _ in calls._answering.watch(chat.id):
        pass
    (exchange,) = given(calls, "chat", chat=chat.id)["exchanges"]
    assert exchange["state"] == "done" and exchange["answer"]["citations"]
    assert not calls._loader.queue._waiting


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("ask", {"question": ""}, "empty"),
        ("ask", {"question": "Who?", "as_of": "soon"}, "as_of is 'soon', not a day"),
        ("ask", {"question": "Who?", "history": [{"role": "x"}]}, r"history\[0\]"),
        ("ask_in_chat", {"question": " "}, "empty"),
        ("ask_in_chat", {"question": "Who?", "chat": "../x"}, "There is no chat '../x'"),
        ("ask_in_chat", {"question": "Who?", "before": "x"}, "before is 'x'"),
        ("chat", {"chat": "0" * 32}, "There is no chat"),
        ("chat", {"chat": None}, "There is no chat"),
        ("search", {"query": "ferry", "k": 0}, "k is 0"),
        ("search", {"query": "ferry", "k": "9"}, "k is '9', not a whole number"),
        ("search", {"query": "ferry", "source": "Nobody"}, "No article has the source"),
        ("articles", {"offset": -1}, "offset is -1"),
        ("articles", {"limit": True}, "limit is True"),
        ("articles", {"source": 3}, "source is a int"),
        ("articles", {"after": "2024-02-02", "before": "2024-02-01"}, "later than before"),
        ("article", {"id": ""}, "There is no article ''"),
        ("article", {"id": "../../etc/passwd"}, "There is no article"),
        ("article", {"id": "\ud800"}, "There is no article"),
        ("article", {"id": 7}, "id is a int"),
        ("people", {"limit": 0}, "limit is 0"),
        ("quotes", {"name": "Salo"}, "not a first and a last name"),
        ("quotes", {"name": 7}, "name is a int"),
        ("quotes", {"name": "- -"}, "not a first and a last name"),
        ("quotes", {"name": "Juhani Salo", "source": "X"}, "No article has the source"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_name(calls: Calls, name: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        getattr(calls, name)(**arguments)


def through_mcp(calls: Calls, use: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with connected(server(calls)) as session:
            return await use(session)

    return asyncio.run(run())


def test_the_tools_tell_their_schemas_and_the_products_version(calls: Calls) -> None:
    async def use(session: ClientSession) -> Any:
        return await session.initialize(), (await session.list_tools()).tools

    hello, listed = through_mcp(calls, use)
    assert (hello.serverInfo.name, hello.serverInfo.version) == ("rag-articles", room.product_version())
    assert {tool.name for tool in listed} == TOOLS
    for tool in listed:
        assert tool.description and tool.outputSchema["type"] == "object"
        assert all(said["description"] for said in tool.inputSchema["properties"].values()), tool.name
    required = {tool.name: tool.inputSchema.get("required", []) for tool in listed}
    assert required["ask"] == ["question"] and required["articles"] == []


def test_a_tool_gives_json_twice_and_an_error_as_a_sentence(calls: Calls) -> None:
    async def use(session: ClientSession) -> Any:
        wrong = ({"question": SINKING, "as_of": "soon"}, {"question": 3}, {"question": SINKING, "more": 1})
        return (
            await session.call_tool("ask", {"question": SINKING}),
            [await session.call_tool("ask", arguments) for arguments in wrong],
            await session.call_tool("no_such_tool", {}),
        )

    right, wrong, none = through_mcp(calls, use)
    assert not right.isError and json.loads(right.content[0].text) == right.structuredContent
    assert RESCUED in quotes(right.structuredContent)
    assert all(answer.isError for answer in (*wrong, none))
    assert wrong[0].content[0].text == "as_of is 'soon', not a day. Write it as 2022-03-31."
    assert "There is no tool 'no_such_tool'" in none.content[0].text


def test_a_tools_question_ends_when_its_caller_leaves(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowStream()
    monkeypatch.setattr(Rag, "stream", slow)
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "ask", "arguments": {"question": SINKING}},
    }
    accepted = {"Accept": "application/json, text/event-stream"}
    with mounted(calls) as url, httpx.stream("POST", f"{url}{PATH}/", json=body, headers=accepted, timeout=30):
        assert slow.asked.wait(20) and not slow.ended.is_set()
    assert slow.ended.wait(20), "it went on for nobody"
    assert not calls._loader.queue._waiting


@contextmanager
def mounted(calls: Calls) -> Iterator[str]:
    """The tools served by themselves; their address."""
    offered = tools(calls)
    app = Starlette(routes=[offered.route], lifespan=offered.lifespan)
    line = socket.create_server(("127.0.0.1", 0))
    server_ = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server_.run, kwargs={"sockets": [line]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{line.getsockname()[1]}"
    finally:
        server_.should_exit = True
        thread.join(20)


def test_the_page_of_the_calls_is_what_they_say() -> None:
    assert api_docs.page() == api_docs.PAGE.read_text("utf-8"), "run python scripts/api_docs.py"
    text = api_docs.PAGE.read_text("utf-8")
    assert set(re.findall(r"^### `([a-z_]+)`$", text, re.M)) == TOOLS
    (client,) = re.findall(r"```json\n(.*?)```", text, re.S)
    assert json.loads(client)["mcpServers"]["articles"]["url"] == f"http://127.0.0.1:{ChatOptions().port}{PATH}/"
    assert parse(["chat", "--mcp"]).mcp and "rag chat --mcp" in text


def test_days_are_read_by_their_names() -> None:
    from rag.question.check import read_days

    assert read_days(after="2024-02-29", before="", as_of=None) == {
        "after": date(2024, 2, 29),
        "before": None,
        "as_of": None,
    }
    with pytest.raises(InputError, match="after is 20240229"):
        read_days(after=20240229)
