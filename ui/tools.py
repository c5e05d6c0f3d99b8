"""The calls for programs as MCP tools: each with the JSON Schema of what it takes and what it gives back.

Gradio offers its endpoints as tools too, but returns values as Python prints them, without a schema, and gives its own
version instead of the program's.
"""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, get_type_hints

from anyio import CapacityLimiter, to_thread
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import ConfigDict, Field, create_model
from starlette.routing import Mount

from index.errors import RagError
from rag.schema import json_schema
from ui.calls import NAME, Calls, Gone, listens, product_version

PATH = "/gradio_api/mcp"  # where Gradio's own would be
_MAX_CALLS = 40  # at once; those that need the model wait in its queue
_ABOUT = (
    "Answers questions from a collection of news articles. Every sentence of an answer cites the words that support "
    "it; where the articles do not say, the answer is a refusal (abstained). Days are written as 2022-03-31."
)


@dataclass(frozen=True)
class Tools:
    """The server of the tools: a route for the page's app, and what must run as long as it is served."""

    route: Mount
    lifespan: Callable[[Any], Any]


def tools(calls: Calls) -> Tools:
    """The calls as a server of MCP tools."""
    manager = StreamableHTTPSessionManager(server(calls), stateless=True)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with manager.run():
            yield

    return Tools(Mount(PATH, app=manager.handle_request), lifespan)


def server(calls: Calls) -> Server[Any, Any]:
    """A server of MCP that has each call as a tool."""
    made: Server[Any, Any] = Server(NAME, product_version(), _ABOUT)
    named = {call.__name__: call for call in calls.all()}
    described = [_tool(call) for call in named.values()]
    limiter = CapacityLimiter(_MAX_CALLS)

    @made.list_tools()
    async def list_tools() -> list[types.Tool]:
        return described

    @made.call_tool()
    async def call_tool(name: str, arguments: dict[str, Any]) -> tuple[list[types.TextContent], dict[str, Any]]:
        if name not in named:
            raise ValueError(f"There is no tool {name!r:.50}. The tools are: {', '.join(named)}.")
        left = threading.Event()
        listens.set(lambda: not left.is_set())
        try:
            made_of = partial(_answer, named[name], arguments)
            answer = await to_thread.run_sync(made_of, abandon_on_cancel=True, limiter=limiter)
        finally:
            left.set()  # where the caller has left, what works for it in its thread ends too
        return [types.TextContent(type="text", text=json.dumps(answer, ensure_ascii=False))], answer

    return made


def _answer(call: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """What a call returns, as JSON; an error becomes a sentence for the caller."""
    try:
        return json.loads(json.dumps(call(**arguments)))  # tuples are lists in JSON, and hold to its schema
    except RagError as error:
        raise ValueError(str(error)) from None
    except Gone:
        raise ValueError("The caller has left.") from None


def _tool(call: Callable[..., Any]) -> types.Tool:
    about, _ = described(call)
    return types.Tool(
        name=call.__name__,
        description=about,
        inputSchema=question_schema(call),
        outputSchema=answer_schema(call),
        annotations=types.ToolAnnotations(readOnlyHint=call.__name__ != "ask_in_chat", openWorldHint=False),
    )


def question_schema(call: Callable[..., Any]) -> dict[str, Any]:
    """The JSON Schema of a call's arguments."""
    hints, (_, texts) = get_type_hints(call), described(call)
    fields: dict[str, Any] = {
        name: (hints[name], Field(... if given.default is given.empty else given.default, description=texts[name]))
        for name, given in inspect.signature(call).parameters.items()
    }
    return create_model(call.__name__, __config__=ConfigDict(extra="forbid"), **fields).model_json_schema()


def answer_schema(call: Callable[..., Any]) -> dict[str, Any]:
    """The JSON Schema of a call's result."""
    return json_schema(get_type_hints(call)["return"])


def described(call: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """What a call's docstring says about it, and about each argument."""
    about, _, rest = inspect.getdoc(call).partition("\n\nArgs:\n")  # type: ignore[union-attr]
    arguments = dict(line.strip().split(": ", 1) for line in rest.splitlines() if line.strip())
    return " ".join(about.split()), arguments
