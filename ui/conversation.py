"""What a page does with chats: ask, watch, stop, ask again, thumbs, past chats.

Everything is written to disk first (`ui.history`) and shown from there; answering goes on in the background
(`ui.answering`), so a page that is reloaded, or opened twice, misses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import gradio as gr

from index.errors import RagError
from rag.question.check import check_question
from ui import copying, feedback, history
from ui.answering import Answering
from ui.history import Chat, History
from ui.loading import Loader
from ui.rail import chats_html
from ui.render import thread_html, working_html

_LIMIT = 100  # characters of a source or a day that answers are kept to
View = tuple[str, str, str, str]  # thread, open questions, list of chats, id of the chat


class Conversation:
    """The conversations over one collection."""

    def __init__(self, loader: Loader, answering: Answering | None = None) -> None:
        self._loader = loader
        self._answering = answering or Answering(loader)
        self._watching: dict[str, object] = {}  # what a page watches, by its session

    def opened(self, chat_id: str, request: gr.Request) -> tuple[Any, Any, str, Any]:
        """The chat that the page's address names; if it names none, only the list of chats.

        A question may have been asked since the page was opened.
        """
        if not chat_id:
            return gr.skip(), gr.skip(), self.listed("", "", request), gr.skip()
        return self._view(self._history(request).load(chat_id), request)

    def put(self, question: str, chat_id: str, limits: dict[str, str] | None, request: gr.Request) -> View:
        """Add a question to a chat, at once, even while another one is being answered."""
        if not question.strip():
            return self._view(self._history(request).load(chat_id), request)
        kept = self._history(request)
        given = {name: str(value).strip()[:_LIMIT] for name, value in (limits or {}).items()}
        given = {name: given[name] for name in ("source", "from", "to", "caution") if given.get(name)}
        with _told():
            chat = self._answering.ask(kept, chat_id, check_question(question), given)
        return self._view(chat, request)

    def look_on(self, chat_id: str, request: gr.Request) -> Iterator[tuple[Any, Any, Any, Any]]:
        """The chat whenever something changes, until none of its questions is open.

        The thread and the list of chats are sent only where a question has ended: so they stay folded and searched as
        the person left them. A page watches one chat: it ends where the page has come to show another one. Which chat
        the page shows is never sent: what comes late would make it the one that was left.
        """
        kept, before, session = self._history(request), -1, request.session_hash or ""
        self._watching[session] = mine = object()
        try:
            for working in self._answering.watch(chat_id) if chat_id else ():
                if self._watching.get(session) is not mine:
                    yield gr.skip(), gr.skip(), gr.skip(), gr.skip()  # Gradio sends again what was yielded last
                    return
                if len(working) == before:
                    yield gr.skip(), working_html(working), gr.skip(), gr.skip()
                else:
                    before = len(working)
                    thread, now, listed, _ = self._view(kept.load(chat_id), request)
                    yield thread, now, listed, gr.skip()
        finally:
            if self._watching.get(session) is mine:
                del self._watching[session]

    def again(self, chat_id: str, event: gr.EventData, request: gr.Request) -> View:
        """Answer a question of the chat again."""
        with _told():
            return self._view(self._answering.again(self._history(request), chat_id, _number(event)), request)

    def stop(self, chat_id: str) -> None:
        """Stop the open questions of a chat."""
        self._answering.stop(chat_id)

    def picked(self, wished: Any, request: gr.Request) -> View:
        """The chat that the page wants to see; the first view, for a new one, where it names none.

        What is being answered elsewhere goes on.
        """
        chat_id = _wish(wished, "chat")
        self._watching.pop(request.session_hash or "", None)  # what it watches so far is of another chat
        return self._view(self._history(request).load(chat_id) if chat_id else history.new_chat(), request)

    def renamed(self, chat_id: str, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        """Rename a chat: the chat that is shown, and the list."""
        kept = self._history(request)
        kept.rename(_text(event, "chat"), _text(event, "name"))
        return self._thread(kept.load(chat_id)), self.listed(chat_id, "", request)

    def deleted(self, chat_id: str, event: gr.EventData, request: gr.Request) -> View:
        """Delete a chat, which can be undone for a minute; the first view if it was the one shown."""
        gone, kept = _text(event, "chat"), self._history(request)
        if kept.load(gone).exchanges:  # it is this person's
            self._answering.stop(gone)
        with _told("The chat could not be deleted"):
            kept.delete(gone)
        return self._view(history.new_chat() if gone == chat_id else kept.load(chat_id), request)

    def brought_back(self, event: gr.EventData, request: gr.Request) -> View:
        """A deleted chat, as it was."""
        chat_id = _text(event, "chat")
        if not self._history(request).restore(chat_id):
            raise gr.Error("It can no longer be brought back.")
        return self._view(self._history(request).load(chat_id), request)

    def listed(self, chat_id: str, words: str, request: gr.Request) -> str:
        """The list of chats, all or those with some words in them."""
        return chats_html(self._history(request).recent(words), chat_id, date.today(), bool(words.strip()))

    def found(self, chat_id: str, wished: Any, request: gr.Request) -> str:
        """The chats with the words that were typed."""
        return self.listed(chat_id, _wish(wished, "words"), request)

    def exported(self, event: gr.EventData, request: gr.Request) -> dict[str, str]:
        """A chat as a file's name and text."""
        kind, chat = _text(event, "kind"), self._history(request).load(_text(event, "chat"))
        made = {"json": history.as_json, "html": copying.as_page}.get(kind, history.as_markdown)
        return {"name": f"chat.{kind if kind in ('json', 'html') else 'md'}", "text": made(chat)}

    def liked(self, chat_id: str, event: gr.EventData, request: gr.Request) -> tuple[str, Any, Any]:
        """Store a thumb, or its withdrawal: the thread, the row that asks why, and what it is about."""
        number, kept = _number(event), self._history(request)
        chat = kept.load(chat_id)
        if not 0 <= number < len(chat.exchanges) or not chat.exchanges[number].answer:
            return self._thread(chat), gr.Row(visible=False), None
        liked = _text(event, "liked") == "yes"
        before = chat.exchanges[number].liked
        chat = kept.change(chat.id, chat.exchanges[number], liked=None if before is liked else liked)
        with _told("The thumb could not be kept"):
            feedback.record(self._loader.index, chat, number)
        asks = chat.exchanges[number].liked is not None
        return self._thread(chat), gr.Row(visible=asks), (chat.id, number) if asks else None

    def reason(self, why: str | None, about: tuple[str, int] | None, request: gr.Request) -> tuple[Any, str, None, str]:
        """Store the reason with the thumb, and say so."""
        chat = self._history(request).load(about[0] if about else None)
        number = about[1] if about else -1
        if not 0 <= number < len(chat.exchanges) or not (why or "").strip():
            return gr.Row(visible=False), "", None, ""
        with _told("It could not be kept"):
            path = feedback.record(self._loader.index, chat, number, (why or "").strip()[:500])
        return gr.Row(visible=False), "", None, f"Thank you. It is kept in {path}."

    def _view(self, chat: Chat, request: gr.Request) -> View:
        working = self._answering.open(chat.id)
        listed = self.listed(chat.id, "", request)
        return self._thread(chat), working_html(working), listed, chat.id

    def _thread(self, chat: Chat) -> str:
        return thread_html(chat, [working.exchange for working in self._answering.open(chat.id)])

    def _history(self, request: gr.Request) -> History:
        return History(self._loader.index, request.username)


@contextmanager
def _told(what: str = "") -> Iterator[None]:
    """An error as a sentence on the page."""
    try:
        yield
    except RagError as error:
        raise gr.Error(str(error)) from None
    except OSError as error:
        raise gr.Error(f"{what} ({error.strerror or error}).") from None


def _text(event: gr.EventData, name: str) -> str:
    """Text that the page sends with an event: nothing in it is trusted."""
    return _wish(event._data, name)


def _wish(given: Any, name: str) -> str:
    """Text of that name in what the page sends."""
    value = given.get(name) if isinstance(given, dict) else None
    return value if isinstance(value, str) else ""


def _number(event: gr.EventData) -> int:
    """Which question an event is about; -1 if it names none."""
    text = _text(event, "turn")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else -1
