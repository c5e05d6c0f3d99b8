"""`rag chat`: check who may enter, open the page, serve it until it is stopped."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from index.errors import InputError
from rag.config import DEFAULT_MODEL
from rag.prefetch import PASSAGES
from ui.answering import Answering
from ui.api import MAX_CALLS
from ui.app import build
from ui.calls import Calls
from ui.loading import Loader
from ui.security.auth import read_auth
from ui.security.body_limit import MAX_UPLOAD
from ui.security.headers import middleware

if TYPE_CHECKING:
    from ui.tools import Tools

STATIC = Path(__file__).parent / "static"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PAGES = 200  # open pages whose state Gradio keeps, a tenth of a megabyte each; it would keep 10,000


@dataclass(frozen=True)
class ChatOptions:
    """How the chat is opened.

    Attributes:
        host, port: where it listens; port 0 takes any that is free.
        mcp: whether its calls are offered as MCP tools.
        auth: a file of those who may enter.
        llm_url: a server that runs the language model; this machine where None.
        prefetch: passages that the model reads while nobody asks.
        gpu_layers: layers of the model on a GPU; all where -1 and there is one.
    """

    model: str = DEFAULT_MODEL
    host: str = "127.0.0.1"
    port: int = 7860
    mcp: bool = False
    auth: Path | None = None
    llm_url: str | None = None
    prefetch: int = PASSAGES
    gpu_layers: int = -1


def serve(index: Path, options: ChatOptions) -> int:
    """Open the chat over an index and serve it until it is stopped; its models load while the page is there.

    Raises:
        InputError: a host that lets others in without `auth`, or `auth` with `mcp`; a port that cannot be used.
        IndexMissing, ModelMissing: run `rag index FOLDER`, `rag models fetch` first.
    """
    people = _people(options)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # Whoever can say that they call for somebody else could guess a password under a new name each time.
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "")
    _few_arenas()
    loader = Loader(index, options.model, options.llm_url, options.prefetch, options.gpu_layers)
    answering = Answering(loader)
    page = build(loader, answering)
    offered, where = _tools(Calls(loader, answering)) if options.mcp else (None, "")
    try:
        _, address, _ = page.queue(default_concurrency_limit=1).launch(
            server_name=options.host,
            server_port=options.port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            head=_head(),
            theme=theme(),
            footer_links=[],
            mcp_server=False,
            show_error=False,
            auth=people,
            max_file_size=MAX_UPLOAD,
            run_history=False,
            state_session_capacity=_PAGES,
            max_threads=4 * MAX_CALLS,
            app_kwargs=_around(options, offered),
        )
    except OSError:
        raise InputError(
            f"{options.host} port {options.port} is taken, or is not this machine's.", "Choose another with --port."
        ) from None
    loader.start()
    told = f" Its MCP tools are at {address.rstrip('/')}{where}/." if offered else ""
    print(f"The chat is open at {address} (stop it with Ctrl-C).{told}", flush=True)  # noqa: T201
    page.block_thread()
    loader.close()
    return 0


def _tools(calls: Calls) -> tuple[Tools, str]:
    """The MCP tools and their address; their server takes a second to load, and few people want it."""
    from ui.tools import PATH, tools

    return tools(calls), PATH


def _around(options: ChatOptions, offered: Tools | None) -> dict[str, Any]:
    """The middleware and the routes around the page."""
    routes = [Mount("/chat-static", StaticFiles(directory=STATIC))]
    around: dict[str, Any] = {"middleware": middleware(options.host in _LOOPBACK), "routes": routes}
    if offered:
        routes.append(offered.route)
        around["lifespan"] = offered.lifespan
    return around


def theme() -> gr.themes.Base:
    """Gradio's own parts in the colours and fonts of `static/app.css`."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_md,
        font=["Inter", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        body_background_fill="#faf8f4",
        body_background_fill_dark="#171512",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#221f1a",
        button_primary_background_fill="#17616e",
        button_primary_background_fill_hover="#0f4b56",
        button_primary_background_fill_dark="#7cc4cf",
        button_primary_background_fill_hover_dark="#a5dbe3",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#10191b",
        input_border_color="#8b8375",
        input_border_color_dark="#857d70",
        block_label_text_color="#524c43",
        block_label_text_color_dark="#c4bcae",
        block_info_text_color="#524c43",
        block_info_text_color_dark="#c4bcae",
        body_text_color="#211e1a",
        body_text_color_dark="#f1ece3",
    )


def _people(options: ChatOptions) -> Callable[[str, str], bool] | None:
    people = read_auth(options.auth) if options.auth else None
    if options.host not in _LOOPBACK and not people:
        raise InputError(
            f"--host {options.host} would open the chat to anyone on other machines.",
            "Add --auth FILE, or leave it at 127.0.0.1.",
        )
    if people and options.mcp:
        raise InputError(
            "--mcp with --auth would show the tools to anyone, because MCP clients have no way to log in.",
            "Leave one of them out.",
        )
    return people


def _head() -> str:
    """The style sheets, each with a digest, so that a browser fetches it again when it has changed."""
    named = [(name, sha256((STATIC / name).read_bytes()).hexdigest()[:10]) for name in ("app.css", "pages.css")]
    return "".join(f'<link rel="stylesheet" href="chat-static/{name}?{digest}">' for name, digest in named)


def _few_arenas() -> None:
    """With a heap for each of many threads glibc keeps far more memory than is used; other systems lack this call."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(-8, 2)  # M_ARENA_MAX
