"""The Gradio chat: components and what is wired to what. What happens is in `talk` and `shelf`."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

from index.errors import InputError
from index.reading.files import KINDS
from rag.config import DEFAULT_MODEL
from rag.prefetch import PASSAGES
from ui.api import MAX_CALLS, add_endpoints
from ui.chat import EVERY_SOURCE, Talk
from ui.library import Shelf
from ui.loading import Loader
from ui.security.auth import read_auth
from ui.security.body_limit import MAX_UPLOAD
from ui.security.headers import middleware

_HERE = Path(__file__).parent
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PAGES = 200  # open pages whose state Gradio keeps, a tenth of a megabyte each; it would keep 10,000
_SOURCE = """
<section aria-label="Source"><div class="steps" hidden>
<button type="button" class="back">Back to the answer</button>
<span class="count" role="status"></span>
<button type="button" class="step" data-by="-1">‹ Previous</button>
<button type="button" class="step" data-by="1">Next ›</button></div>
<div class="view" tabindex="0" role="region" aria-label="Article"><p class="status">Choose a citation, and the article
opens here with the cited words lit. Arrow keys step through the citations; Escape leads back.</p></div></section>
"""


def build(loader: Loader) -> gr.Blocks:
    """The page for one collection."""
    talk, shelf = Talk(loader), Shelf(loader)

    def added(
        files: list[str] | None,
        text: str,
        title: str,
        source: str,
        day: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[Any, ...]:
        return (
            shelf.add(files, text or "", title or "", source or "", day or "", progress),
            None,
            "",
            *shelf.refreshed(),
        )

    def removed(article_id: str | None) -> tuple[Any, ...]:
        return (shelf.remove(article_id), *shelf.refreshed())

    def open_article(wanted: dict[str, Any]) -> str:
        # A function of one argument: Gradio marks what it serves, and passes on just one.
        return shelf.open_article(wanted)

    def example(
        chat_id: str, source: str, after: str, before: str, data: gr.SelectData, request: gr.Request
    ) -> tuple[Any, ...]:
        return talk.put(str(data.value["text"]), chat_id, source, after, before, request)

    def as_markdown(chat_id: str, request: gr.Request) -> str:
        return talk.exported("md", chat_id, request)

    def as_json(chat_id: str, request: gr.Request) -> str:
        return talk.exported("json", chat_id, request)

    with gr.Blocks(title="Ask the articles", analytics_enabled=False, delete_cache=(3600, 3600)) as page:
        header = gr.HTML(shelf.header())
        chat_id = gr.BrowserState("", storage_key="rag-chat", secret="not a secret: it holds a chat's id")
        about = gr.State(None)
        with gr.Row(elem_id="desk"):
            with gr.Column(scale=5, min_width=320, elem_id="talk"):
                chat = gr.Chatbot(
                    label="Conversation", show_label=False, render_markdown=False, height="min(70vh, 60rem)",
                    examples=shelf.examples(), buttons=[], elem_id="chat", layout="panel",
                )  # fmt: skip
                with gr.Row(visible=False, elem_id="why") as why_row:
                    why = gr.Textbox(label="Why? (optional)", max_length=500, scale=6)
                    keep = gr.Button("Keep", scale=1, min_width=80)
                with gr.Row(elem_id="ask"):
                    box = gr.Textbox(
                        label="Question", placeholder="Ask in plain words", show_label=False, scale=8, max_length=2000,
                        min_width=200, autofocus=True,
                    )  # fmt: skip
                    send = gr.Button("Ask", variant="primary", scale=1, min_width=80)
                    stop = gr.Button("Stop", scale=1, min_width=80)
                with gr.Accordion("Limit the next questions to a source or a time", open=False), gr.Row():
                    source = gr.Dropdown(shelf.sources(), value=EVERY_SOURCE, label="Source", min_width=160)
                    after = gr.Textbox(label="From", placeholder="2022-03-20", min_width=110, max_length=10)
                    before = gr.Textbox(label="To", placeholder="2022-03-31", min_width=110, max_length=10)
            with gr.Column(scale=4, min_width=320, elem_id="side"), gr.Tabs():
                with gr.Tab("Source"):
                    gr.HTML(
                        html_template=_SOURCE, js_on_load=(_HERE / "app.js").read_text("utf-8"),
                        server_functions=[open_article], elem_id="source",
                    )  # fmt: skip
                with gr.Tab("Articles"):
                    words = gr.Textbox(label="Search the articles", placeholder="Words or a question", max_length=500)
                    found = gr.HTML(elem_id="found")
                    listing = gr.HTML(shelf.listing(), elem_id="articles")
                    with gr.Accordion("Add articles", open=False):
                        files = gr.File(
                            label=f"Files ({', '.join(KINDS)})",
                            file_count="multiple",
                            file_types=list(KINDS),
                            height=120,
                        )
                        text = gr.Textbox(label="Or paste a text", lines=4, max_length=2_000_000)
                        with gr.Row():
                            title = gr.Textbox(label="Its title", min_width=120, max_length=300)
                            by = gr.Textbox(label="Its source", min_width=120, max_length=100)
                            day = gr.Textbox(label="Its day", placeholder="2022-03-31", min_width=110, max_length=10)
                        add = gr.Button("Add to the collection", variant="primary")
                    report = gr.HTML(elem_id="report")
                    with gr.Accordion("Articles you added", open=False):
                        mine = gr.Dropdown(shelf.own(), label="Added article", value=None)
                        remove = gr.Button("Remove it")
                with gr.Tab("Chats"):
                    fresh = gr.Button("New chat", variant="primary")
                    past = gr.Radio([], label="Past chats", elem_id="past")
                    with gr.Row():
                        to_markdown = gr.Button("Export as Markdown", min_width=120)
                        to_json = gr.Button("Export as JSON", min_width=120)
                        delete = gr.Button("Delete this chat", min_width=120)
                    exported = gr.Textbox(visible="hidden", label="Exported chat")

        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        whole = [chat, chat_id, past, why_row, about]
        limited, into = [chat_id, source, after, before], [box, chat, chat_id]
        running = [chat.retry(talk.again, [chat_id], [chat], concurrency_limit=MAX_CALLS, **quiet)]
        for asking in (
            gr.on([box.submit, send.click], talk.put, [box, *limited], into, queue=False, **quiet),
            chat.example_select(example, limited, into, queue=False, **quiet),
        ):
            running.append(asking.then(talk.answer, [chat_id], [chat], concurrency_limit=MAX_CALLS, **quiet))
        for event in running:
            event.then(talk.listed, [chat_id], [past], queue=False, **quiet)
        stop.click(talk.stopped, [chat_id], [chat], cancels=running, queue=False, **quiet)
        chat.like(talk.liked, [chat_id], [why_row, about], queue=False, **quiet)
        gr.on([keep.click, why.submit], talk.reason, [why, about], [why_row, why, about], queue=False, **quiet)

        fresh.click(talk.begin, None, whole, cancels=running, queue=False, **quiet)
        chat.clear(talk.begin, None, whole, cancels=running, queue=False, **quiet)
        past.input(talk.restore, [past], whole, cancels=running, queue=False, **quiet)
        delete.click(talk.delete, [chat_id], whole, cancels=running, queue=False, **quiet)
        for button, text_of, name in ((to_markdown, as_markdown, "chat.md"), (to_json, as_json, "chat.json")):
            button.click(text_of, [chat_id], [exported], queue=False, **quiet).then(
                None, [exported], None, js=f"(text) => window.ragSave('{name}', text)", **quiet
            )

        words.submit(shelf.find, [words, source, after, before], [found], queue=False, **quiet)
        everything = [header, listing, source, mine]
        add.click(added, [files, text, title, by, day], [report, files, text, *everything], api_visibility="private")
        remove.click(removed, [mine], [report, *everything], **quiet)

        page.load(talk.opened, [chat_id], whole, queue=False, **quiet)
        page.load(shelf.refreshed, None, everything, queue=False, **quiet)
        clock = gr.Timer(1.0, active=not loader.ready)
        clock.tick(
            lambda: (shelf.header(), gr.Timer(active=not loader.ready)), None, [header, clock], queue=False, **quiet
        )
        add_endpoints(loader)
    return page


def theme() -> gr.themes.Base:
    """One considered look, light and dark, from fonts that every machine has."""
    sans = ["system-ui", "-apple-system", "Segoe UI", "sans-serif"]
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_sm,
        font=sans,
        font_mono=["ui-monospace", "monospace"],
    ).set(
        button_primary_background_fill="#17616e",
        button_primary_background_fill_hover="#0f4b56",
        button_primary_background_fill_dark="#7cc4cf",
        button_primary_background_fill_hover_dark="#a5dbe3",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#14120f",
        color_accent_soft="#f1ece2",
        color_accent_soft_dark="#24211c",
        border_color_accent_subdued="#d9d3c8",
        border_color_accent_subdued_dark="#47423a",
        body_background_fill="#faf8f4",
        body_background_fill_dark="#171512",
    )


def launch(
    index: Path,
    model: str = DEFAULT_MODEL,
    host: str = "127.0.0.1",
    port: int = 7860,
    mcp: bool = False,
    auth: Path | None = None,
    llm_url: str | None = None,
    ahead: int = PASSAGES,
    gpu_layers: int = -1,
) -> int:
    """Open the chat and serve it until it is stopped; its models load while the page is there.

    Raises:
        InputError: a host that lets others in without `auth`, or `auth` with `mcp`; a port that cannot be had.
        IndexMissing, ModelMissing: run `rag index FOLDER`, `rag models fetch` first.
    """
    people = read_auth(auth) if auth else None
    if host not in _LOOPBACK and not people:
        raise InputError(
            f"--host {host} would open the chat to other machines, to anyone.",
            "Add --auth FILE, or leave it at 127.0.0.1.",
        )
    if people and mcp:
        raise InputError(
            "--mcp with --auth would show the tools to anyone, and programs have no way to enter.",
            "Leave one of them out.",
        )
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # Whoever can say that they call for somebody else could guess a password under a new name each time.
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "")
    _few_arenas()
    loader = Loader(index, model, llm_url, ahead, gpu_layers)
    page = build(loader)
    try:
        _, address, _ = page.queue(default_concurrency_limit=1).launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            css=(_HERE / "app.css").read_text("utf-8"),
            theme=theme(),
            footer_links=[],
            mcp_server=mcp,
            show_error=False,
            auth=people,
            max_file_size=MAX_UPLOAD,
            run_history=False,
            state_session_capacity=_PAGES,
            max_threads=4 * MAX_CALLS,
            app_kwargs={"middleware": middleware(host in _LOOPBACK)},
        )
    except OSError:
        raise InputError(
            f"{host} port {port} is taken, or is not this machine's.", "Choose another with --port."
        ) from None
    loader.start()
    tools = f" Its MCP tools are at {address}gradio_api/mcp/." if mcp else ""
    print(f"The chat is open at {address} (stop it with Ctrl-C).{tools}", flush=True)  # noqa: T201
    page.block_thread()
    loader.close()
    return 0


def _few_arenas() -> None:
    """With a heap for each of many threads glibc keeps far more memory than is used; other systems have no such call."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(-8, 2)  # M_ARENA_MAX
