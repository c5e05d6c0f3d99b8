"""The chat's calls for programs, over the wire with the public clients. No language model is needed for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import served


@pytest.fixture(scope="module")
def address(seeds_index: Path) -> Iterator[str]:
    with served("--model", "none", "--mcp", "--index", str(seeds_index)) as url:
        yield url


def test_gradio_client(address: str) -> None:
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(address, verbose=False)
    named = client.view_api(print_info=False, return_format="dict")["named_endpoints"]  # type: ignore[index]
    assert set(named) == {"/ask", "/search", "/articles"}
    answer = client.predict("Who is Russia's chief negotiator?", api_name="/ask")
    assert "Medinsky" in answer["text"] and answer["citations"][0]["quote"]
    assert len(client.predict(api_name="/articles")) == 5
    hits = client.predict("talks", k=3, after="2022-03-28", api_name="/search")
    assert len(hits) == 3 and all(h["date"] >= "2022-03-28" for h in hits)
    with pytest.raises(AppError, match="not a day"):
        client.predict("talks", after="soon", api_name="/search")
    with pytest.raises(AppError, match="empty"):
        client.predict("", api_name="/ask")


def test_mcp(address: str) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def use() -> tuple[set[str], str]:
        async with (
            streamable_http_client(f"{address}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}
            found = await session.call_tool("ask", {"question": "Who is Russia's chief negotiator?"})
            return tools, json.dumps([c.model_dump() for c in found.content], default=str)

    tools, text = asyncio.run(use())
    assert tools == {"ask", "search", "articles"} and "Medinsky" in text
