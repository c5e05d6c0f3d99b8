"""The page: its Gradio components, and what is wired to what. What happens is in `conversation` and `library`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from index.reading.files import KINDS
from ui.adding import Adding, Understood
from ui.answering import Answering
from ui.api import MAX_CALLS, add_endpoints
from ui.articles import Shown
from ui.calls import Calls
from ui.conversation import Conversation
from ui.icons import icon
from ui.library import Library
from ui.loading import Loader
from ui.people import People
from ui.settings import Settings

_SCRIPT = Path(__file__).parent / "static" / "app.js"
_QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# What is done is done as often as it is asked for: by itself Gradio drops an event that comes while the one before runs.
_EACH: dict[str, Any] = {**_QUIET, "trigger_mode": "multiple"}
# Of what is only shown, the last wish counts: it is read from `wishes` once what is on its way has come.
_LAST: dict[str, Any] = {**_QUIET, "trigger_mode": "always_last"}
# Each part lends its `trigger` to the script, which is loaded with the drawer.
_LENDS = "(window.ragParts ??= {{}})['{name}'] = {{ trigger, props, element }}; watch('value', () => window.ragShown?.('{name}'));"
_DRAWER = f"""
<div class="bar"><span class="handle" aria-hidden="true"></span><div class="where" role="status"><b></b><small></small></div>
<button type="button" class="icon" data-step="-1" aria-label="Previous quote">{icon("left")}</button>
<button type="button" class="icon" data-step="1" aria-label="Next quote">{icon("right")}</button>
<button type="button" class="icon" data-close aria-label="Close the source">{icon("close")}</button></div>
<div class="paper" tabindex="0" role="region" aria-label="Article"></div>
"""
_ADDRESS = "() => new URLSearchParams(location.search).get('chat') ?? ''"
_TAKEN = "(text, ...others) => (window.ragTaken(text), [text, ...others])"
_TOP = f"""
<header class="top"><button type="button" class="icon only-small" data-rail aria-label="Chats and pages">{icon("menu")}</button>
<h1>Ask the articles</h1><button type="button" class="btn quiet" data-act="add">{icon("plus")}Add articles</button>
<button type="button" class="icon only-small" data-act="new" aria-label="New question">{icon("edit")}</button></header>
"""
_PEOPLE = """
<div class="page-head"><div><h2>People</h2><p>Who speaks in your articles, and what they are reported to have said.</p></div></div>
"""
_SETTINGS = """
<div class="page-head"><div><h2>Settings</h2></div></div>
<section class="set"><h3>Theme</h3><div class="tabs" role="radiogroup" aria-label="Theme">
<button type="button" role="radio" aria-checked="false" data-theme-set="">Like the system</button>
<button type="button" role="radio" aria-checked="false" data-theme-set="light">Light</button>
<button type="button" role="radio" aria-checked="false" data-theme-set="dark">Dark</button></div></section>
<section class="set"><h3>How sure an answer must be</h3><div class="tabs" role="radiogroup" aria-label="How sure an answer must be">
<button type="button" role="radio" aria-checked="false" data-caution-set="strict">Strict</button>
<button type="button" role="radio" aria-checked="false" data-caution-set="">Normal</button>
<button type="button" role="radio" aria-checked="false" data-caution-set="lenient">Lenient</button></div>
<p>Strict says only what is very likely right, and refuses more often. Lenient refuses less, and marks more as not sure.</p></section>
<section class="set"><h3>Text size</h3><div class="tabs" role="radiogroup" aria-label="Text size">
<button type="button" role="radio" aria-checked="false" data-size-set="">Normal</button>
<button type="button" role="radio" aria-checked="false" data-size-set="large">Large</button></div></section>
"""


def build(loader: Loader, answering: Answering | None = None) -> gr.Blocks:
    """The page for one collection, and its calls for programs."""
    library, answering = Library(loader), answering or Answering(loader)
    conversation = Conversation(loader, answering)

    chosen = Settings(loader)

    def loaded() -> tuple[str, str, gr.Timer]:
        return library.foot(), library.overview(), gr.Timer(active=not loader.settled)

    def changed(event: gr.EventData, request: gr.Request) -> tuple[str, str, gr.Timer]:
        return chosen.change(event, request), library.foot(), gr.Timer(active=not loader.settled)

    with gr.Blocks(
        title="Ask the articles", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)
    ) as page:
        chat_id, about = gr.State(""), gr.State(None)
        with gr.Row(elem_id="app"):
            with gr.Column(elem_id="rail", min_width=0):
                rail = _part("rail-head", library.rail())
                chats = _part("chats", "")
                foot = _part("rail-foot", library.foot())
            with gr.Column(elem_id="main", min_width=0):
                _part("top", _TOP)
                with gr.Column(elem_id="page-ask", min_width=0):
                    # The first view is a part of its own, which the style sheet hides where there is a question: so
                    # what is loaded late never takes the place of one.
                    hello, thread, working = (
                        _part("hello", library.overview()),
                        _part("thread", ""),
                        _part("working", ""),
                    )
                    with gr.Column(elem_id="dock", min_width=0, scale=0):
                        question = _question_box(library)
                with gr.Column(elem_id="page-articles", min_width=0):
                    collection = _articles_page(library)
                with gr.Column(elem_id="page-people", min_width=0):
                    _part("people-head", _PEOPLE)
                    people = _part("people", "")
                with gr.Column(elem_id="page-settings", min_width=0):
                    _part("look", _SETTINGS)
                    settings = _part("settings", "")
            with gr.Column(elem_id="drawer", min_width=0):
                _source(library)
        view = [thread, working, chats, chat_id]
        parts = {**question, "rail": rail, "chats": chats, "thread": thread, "chat_id": chat_id, "about": about,
                 "wanted": gr.Textbox(visible="hidden"), "exported": gr.JSON(visible=False)}  # fmt: skip
        _wire_chat(conversation, page, parts, view)
        _wire_thumbs(conversation, parts)
        wishes, around = question["wishes"], [question["choices"], rail, foot, hello]
        _wire_collection(library, Adding(loader), page, collection, wishes, around)
        # Made when the page is looked at: until then nobody waits for it.
        gr.on([people.expand, people.select], People(loader).person, [wishes], [people], queue=False, **_LAST)
        settings.expand(chosen.shown, None, [settings], queue=False, **_QUIET)
        clock = gr.Timer(1.0, active=not loader.settled)
        clock.tick(loaded, None, [foot, hello, clock], queue=False, **_QUIET)
        settings.select(changed, None, [settings, foot, clock], queue=False, **_EACH)
        add_endpoints(Calls(loader, answering))
    return page


def _part(name: str, value: str) -> gr.HTML:
    """A part of the page that is escaped HTML; its events carry what people do in it to Python."""
    return gr.HTML(value, elem_id=name, js_on_load=_LENDS.format(name=name), apply_default_css=False, padding=False)


def _question_box(library: Library) -> dict[str, Any]:
    """The question with its limits, Ask and Stop, and the row that asks why a thumb was given."""
    with gr.Row(visible=False, elem_id="why") as why_row:
        why = gr.Textbox(label="Why? (optional)", max_length=500, scale=6)
        keep = gr.Button("Keep", scale=1, min_width=80)
    thanks = gr.HTML(elem_id="thanks", apply_default_css=False)
    with gr.Column(elem_id="composer", min_width=0, scale=0):
        box = gr.Textbox(
            label="Question", placeholder="Ask about these articles", show_label=False, container=False, max_lines=6,
            max_length=2000, autofocus=True, elem_id="question",
        )  # fmt: skip
        with gr.Row(elem_id="tools"):
            choices = _part("choices", library.limits())
            limits, wishes = (
                gr.HTML({}, html_template="", visible="hidden", js_on_load=_LENDS.format(name=name))
                for name in ("limits", "wishes")
            )
            stop = gr.Button("Stop", elem_id="stop", min_width=80, scale=0)
            send = gr.Button("Ask", variant="primary", elem_id="send", min_width=80, scale=0)
    return {"box": box, "choices": choices, "limits": limits, "wishes": wishes, "stop": stop, "send": send,
            "why_row": why_row, "why": why, "keep": keep, "thanks": thanks}  # fmt: skip


def _articles_page(library: Library) -> dict[str, Any]:
    """Adding, search, filters, the list."""
    head = _part("articles-head", library.head())
    with gr.Column(elem_id="add", min_width=0):
        with gr.Row(elem_id="from"):
            files = gr.File(
                label=f"Files ({', '.join(KINDS)})", file_count="multiple", height=140,
                file_types=[*KINDS, ".gz"],  # Gradio looks at what stands after the last full stop
            )  # fmt: skip
            text = gr.Textbox(label="Or paste a text", lines=4, max_lines=4, max_length=2_000_000)
        address = gr.Textbox(label="Or the address of a page", placeholder="https://…", max_length=2000, elem_id="address",
                             info="Only when you press the button below, a connection is made from this computer to that address "
                             "(and to where it leads). The page is kept as a file; nothing is fetched by itself.")  # fmt: skip
        look = gr.Button("See what was understood", elem_id="look", min_width=80)
        review = _part("review", "")
    report = _part("report", "")
    words = gr.Textbox(label="Search the articles", placeholder="Search words or a question", max_length=500,
                       show_label=False, container=False, elem_id="search")  # fmt: skip
    filters = _part("filters", library.filters())
    found = _part("found", "")
    rows = _part("listing", library.listing(Shown()))
    return {"head": head, "words": words, "filters": filters, "found": found, "files": files, "text": text,
            "address": address, "look": look, "review": review, "report": report, "listing": rows,
            "told": gr.JSON(visible=False), "seen": gr.State(Understood())}  # fmt: skip


def _source(library: Library) -> None:
    """The article beside the answer, and the page's script."""

    def open_article(wanted: dict[str, Any]) -> str:
        # A function of one argument: Gradio marks what it serves, and passes on just one.
        return library.open_article(wanted)

    gr.HTML(
        html_template=_DRAWER, js_on_load=_SCRIPT.read_text("utf-8"), server_functions=[open_article], elem_id="source",
        apply_default_css=False,
    )  # fmt: skip


def _wire_chat(conversation: Conversation, page: gr.Blocks, parts: Mapping[str, Any], view: list[Any]) -> None:
    """Asking, watching, stopping, switching chats.

    Every way to open a chat ends with watching it until none of its questions is open; a page that watches another one
    then no longer watches the chat before, whose answers go on.
    """
    rail, chats, thread, chat_id, box = (parts[name] for name in ("rail", "chats", "thread", "chat_id", "box"))
    wishes = parts["wishes"]

    def then_look_on(event: Any) -> None:
        event.then(conversation.look_on, [chat_id], view, concurrency_limit=MAX_CALLS, **_EACH)

    # The box is emptied as the question is taken from it, so that no answer empties it of the next one.
    asked = gr.on([box.submit, parts["send"].click], conversation.put, [box, chat_id, parts["limits"]], view,
                  queue=False, js=_TAKEN, **_LAST)  # fmt: skip
    asked.failure(None, None, None, js="() => window.ragTaken(null)", **_EACH)
    then_look_on(asked)
    then_look_on(page.load(conversation.opened, [parts["wanted"]], view, queue=False, js=_ADDRESS, **_QUIET))
    then_look_on(gr.on([chats.select, rail.clear], conversation.picked, [wishes], view, queue=False, **_LAST))
    for listen, act, inputs in (
        (thread.retry, conversation.again, [chat_id]),
        (chats.undo, conversation.brought_back, None),
        (chats.delete, conversation.deleted, [chat_id]),
    ):
        then_look_on(listen(act, inputs, view, queue=False, **_EACH))
    parts["stop"].click(conversation.stop, [chat_id], None, queue=False, **_EACH)
    rail.input(conversation.found, [chat_id, wishes], [chats], queue=False, **_LAST)
    chats.edit(conversation.renamed, [chat_id], [thread, chats], queue=False, **_EACH)
    chats.download(conversation.exported, None, [parts["exported"]], queue=False, **_EACH).then(
        None, [parts["exported"]], None, js="(file) => window.ragSave(file.name, file.text)", **_EACH
    )


def _wire_thumbs(conversation: Conversation, parts: Mapping[str, Any]) -> None:
    why_row, why, about, chat_id = (parts[name] for name in ("why_row", "why", "about", "chat_id"))
    parts["thread"].like(conversation.liked, [chat_id], [parts["thread"], why_row, about], queue=False, **_EACH)
    gr.on([parts["keep"].click, why.submit], conversation.reason, [why, about],
          [why_row, why, about, parts["thanks"]], queue=False, **_QUIET)  # fmt: skip


def _wire_collection(
    library: Library,
    adding: Adding,
    page: gr.Blocks,
    made: Mapping[str, Any],
    wishes: gr.HTML,
    around: list[Any],
) -> None:
    """Listing, searching, editing, adding and removing; `around` is what shows the collection elsewhere."""
    seen, report, rows = made["seen"], made["report"], made["listing"]
    everything = [rows, made["head"], made["filters"], *around]

    def refreshed(wished: Any) -> tuple[str, ...]:
        return (
            library.listing(_only(wished)), library.head(), library.filters(), library.limits(), library.rail(),
            library.foot(), library.overview(),
        )  # fmt: skip

    def narrowed(wished: Any, words: str) -> tuple[str, str]:
        now = _only(wished)
        return library.listing(now), library.find(words, now)

    def edited(wished: Any, event: gr.EventData) -> tuple[Any, ...]:
        told, done = library.set(said(event))
        return (told, said(event) if done else {}, *(refreshed(wished) if done else [gr.skip()] * len(everything)))

    def added(
        files: list[str] | None,
        text: str,
        found: Understood,
        wished: Any,
        event: gr.EventData,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[Any, ...]:
        told, whole = adding.take(files, text or "", found, said(event), progress)
        # What could not be taken stays, to be put right.
        fields = (None, "", "", "", Understood()) if whole else [gr.skip()] * 5
        return (told, *fields, *refreshed(wished))

    def removed(wished: Any, event: gr.EventData) -> tuple[str, ...]:
        return (library.remove(str(said(event).get("id", ""))), *refreshed(wished))

    def brought_back(wished: Any, event: gr.EventData) -> tuple[str, ...]:
        return (library.bring_back(str(said(event).get("id", ""))), *refreshed(wished))

    gr.on([rows.select, made["words"].submit], narrowed, [wishes, made["words"]], [rows, made["found"]], queue=False,
          **_LAST)  # fmt: skip
    rows.submit(edited, [wishes], [report, made["told"], *everything], **_EACH).then(
        None, [made["told"]], None, js="(done) => window.ragEdited(done.id)", **_EACH
    )
    rows.delete(removed, [wishes], [report, *everything], **_EACH)
    rows.undo(brought_back, [wishes], [report, *everything], **_EACH)
    given = [made["files"], made["text"]]
    fields = [*given, made["address"], made["review"], seen]
    # A file that is dropped is looked at at once; an address is connected to only when that is asked for.
    made["files"].change(adding.look, given, [made["review"], seen], **_QUIET)
    gr.on([made["look"].click, made["address"].submit], adding.look, [*given, made["address"]], [made["review"], seen],
          **_LAST)  # fmt: skip
    made["review"].clear(lambda: (None, "", "", "", Understood()), None, fields, queue=False, **_QUIET)
    made["review"].submit(added, [*given, seen, wishes], [report, *fields, *everything],
                          api_visibility="private")  # fmt: skip
    page.load(refreshed, [wishes], everything, queue=False, **_QUIET)


def said(event: gr.EventData) -> dict[str, Any]:
    """What the page sends with an event: nothing in it is trusted."""
    return event._data if isinstance(event._data, dict) else {}


def _only(wished: Any) -> Shown:
    """The articles that a page wants listed; nothing in it is trusted."""
    wanted = wished.get("listed") if isinstance(wished, dict) else None
    wanted = wanted if isinstance(wanted, dict) else {}
    given = {name: str(wanted.get(name, ""))[:200] for name in ("source", "after", "before")}
    offset = wanted.get("offset", 0)
    count = offset if isinstance(offset, int) and 0 <= offset < 2**31 else 0
    return Shown(**given, gaps=bool(wanted.get("gaps")), offset=count)
