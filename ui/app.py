"""The Gradio chat: components and events only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from index.errors import InputError, RagError
from rag.assistant import Rag
from rag.types import Turn
from ui.api import add_endpoints
from ui.render import answer_html, sources_html, text_html

_CSS = (Path(__file__).parent / "app.css").read_text("utf-8")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def build(rag: Rag) -> Any:
    """The page for one collection."""
    import gradio as gr

    meta = rag.store.meta
    days = [a.published for a in rag.articles if a.published]
    span = f", {min(days)} to {max(days)}" if days else ""

    def converse(question: str, shown: list[dict[str, Any]], past: list[Turn]) -> Iterator[tuple[Any, ...]]:
        question = question.strip()
        if not question:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        shown = [*shown, _said("user", text_html(question)), _said("assistant", text_html("…", "status"))]
        draft = ""
        yield "", shown, past
        try:
            for event in rag.stream(question, past):
                if event.kind == "status":
                    shown[-1] = _said("assistant", text_html(f"{event.text} …", "status"))
                elif event.kind == "restart":
                    draft = ""
                elif event.kind == "draft":
                    draft += event.text
                    shown[-1] = _said("assistant", text_html(draft))
                elif event.answer:
                    done = answer_html(event.answer) + sources_html(event.answer.citations)
                    shown[-1] = _said("assistant", done)
                    past = [
                        *past,
                        {"role": "user", "content": question},
                        {"role": "assistant", "content": event.answer.text},
                    ]
                yield "", shown, past
        except RagError as error:
            shown[-1] = _said("assistant", text_html(f"{error.what} {error.fix}", "error"))
            yield "", shown, past

    with gr.Blocks(title="Ask the articles", analytics_enabled=False) as page:
        gr.HTML(
            f"<header><h1>Ask the articles</h1><p>{meta['articles']} articles{span} · {rag.config.model}</p></header>"
        )
        past = gr.State([])
        chat = gr.Chatbot(label="Conversation", render_markdown=False, height="65vh", buttons=["copy"])
        with gr.Row():
            box = gr.Textbox(
                label="Question", placeholder="Ask in plain words", show_label=False, scale=8, max_length=2000
            )
            send = gr.Button("Ask", variant="primary", scale=1)
            stop = gr.Button("Stop", scale=1)
        inputs, outputs = [box, chat, past], [box, chat, past]
        running = [
            box.submit(converse, inputs, outputs, api_visibility="private"),
            send.click(converse, inputs, outputs, api_visibility="private"),
        ]
        stop.click(None, cancels=running, api_visibility="private")
        add_endpoints(rag)
    return page


def _said(role: str, escaped: str) -> dict[str, Any]:
    """A message of the chat.

    Gradio would render markup in a plain string, and does not sanitise an HTML component:
    so only what `ui.render` has escaped goes in.
    """
    import gradio as gr

    return {"role": role, "content": gr.HTML(escaped)}


def launch(index: Path, model: str, host: str, port: int, mcp: bool = False) -> int:
    """Open the chat and serve it until it is stopped.

    Raises:
        InputError: a host other than loopback, which would let others in.
    """
    if host not in _LOOPBACK:
        raise InputError(f"--host {host} would open the chat to other machines.", "Leave it at 127.0.0.1.")
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    import gradio as gr

    rag = Rag.open(index, model)
    page = build(rag)
    theme = gr.themes.Base(font=["Georgia", "serif"], font_mono=["ui-monospace", "monospace"])
    try:
        _, address, _ = page.queue(default_concurrency_limit=1).launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            css=_CSS,
            theme=theme,
            footer_links=[],
            mcp_server=mcp,
            show_error=False,
        )
    except OSError:
        raise InputError(f"Port {port} is taken.", "Choose another with --port.") from None
    tools = f" Its MCP tools are at {address}gradio_api/mcp/." if mcp else ""
    print(f"The chat is open at {address} (stop it with Ctrl-C).{tools}", flush=True)  # noqa: T201
    page.block_thread()
    rag.close()
    return 0
