"""What happens in a conversation: asking, stopping, asking again, thumbs, past chats.

Everything said is kept on disk first (`ui.history`) and shown from there, so that a page
that is reloaded, or opened twice, shows what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import gradio as gr

from index.errors import RagError
from rag.config import NO_MODEL
from rag.question.check import check_question
from ui import feedback, history
from ui.api import days
from ui.history import Chat, Exchange, History
from ui.loading import Loader
from ui.render import evidence_html, exchange_html, text_html

Messages = list[dict[str, Any]]
_WAITING = "waiting for another question to be answered …"
EVERY_SOURCE = "All sources"
_LIMIT = 100  # characters of a source or a day that answers are kept to
_LOADING = "The language model was still loading: these are the articles' own words. Ask again for a written answer."


class Talk:
    """The conversations over one collection."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def put(
        self,
        question: str,
        chat_id: str | None,
        source: str,
        after: str | None,
        before: str | None,
        request: gr.Request,
    ) -> tuple[Any, Messages, str]:
        """Take a question into a chat, at once, also while another one is being answered."""
        if question := question.strip():
            question = _asked(question)
        kept = self._history(request)
        chat = kept.load(chat_id)
        if question:
            limits = {"source": source if source != EVERY_SOURCE else "", "from": after or "", "to": before or ""}
            limits = {name: value.strip()[:_LIMIT] for name, value in limits.items() if value.strip()}
            chat = replace(chat, exchanges=(*chat.exchanges, Exchange(question, asked=history.now(), limits=limits)))
            chat = kept.save(chat)
        return "", self.messages(chat, _WAITING), chat.id

    def answer(self, chat_id: str | None, request: gr.Request) -> Iterator[Messages]:
        """Answer the last question of a chat: its messages again and again while that is done."""
        kept = self._history(request)
        chat = kept.load(chat_id)
        if chat.exchanges and chat.exchanges[-1].answer is None:
            yield from self._answer(kept, chat)
        else:
            yield self.messages(chat)

    def again(self, chat_id: str | None, request: gr.Request) -> Iterator[Messages]:
        """Answer the last question once more; what was answered stays until there is a new answer."""
        kept = self._history(request)
        chat = kept.load(chat_id)
        if chat.exchanges:
            yield from self._answer(kept, chat)

    def stopped(self, chat_id: str | None, request: gr.Request) -> Messages:
        """The chat as it stands after its question was stopped."""
        return self.messages(self._history(request).load(chat_id))

    def opened(self, chat_id: str | None, request: gr.Request) -> tuple[Any, Any, Any, Any, Any]:
        """What a page that was just opened shows: its last chat, if it has one.

        Where it has none all stays as it is: a first question may have been asked before this
        is answered, and must not lose its chat.
        """
        if not self._history(request).load(chat_id).exchanges:
            return gr.skip(), gr.skip(), self.listed(chat_id, request), gr.skip(), gr.skip()
        return self.restore(chat_id, request)

    def restore(self, chat_id: str | None, request: gr.Request) -> tuple[Messages, str, Any, Any, None]:
        """A chat read back: its messages, its id, the list of chats; and no question why."""
        kept = self._history(request)
        chat = kept.load(chat_id)
        return self.messages(chat), chat.id, self._listed(kept, chat), gr.Row(visible=False), None

    def begin(self, request: gr.Request) -> tuple[Messages, str, Any, Any, None]:
        """A new chat."""
        return self.restore(None, request)

    def delete(self, chat_id: str | None, request: gr.Request) -> tuple[Messages, str, Any, Any, None]:
        """Delete a chat and begin a new one."""
        if chat_id:
            with _told("The chat could not be deleted"):
                self._history(request).delete(chat_id)
        return self.begin(request)

    def listed(self, chat_id: str | None, request: gr.Request) -> Any:
        """The list of chats, as it is now."""
        kept = self._history(request)
        return self._listed(kept, kept.load(chat_id))

    def exported(self, kind: str, chat_id: str | None, request: gr.Request) -> str:
        """The chat as a text to be saved: kind "md" or "json"."""
        chat = self._history(request).load(chat_id)
        return history.as_json(chat) if kind == "json" else history.as_markdown(chat)

    def liked(self, chat_id: str | None, data: gr.LikeData, request: gr.Request) -> tuple[Any, tuple[str, int] | None]:
        """Keep a thumb, or its withdrawal: the row that asks why, and what it is about."""
        number = _number(data.index)
        kept = self._history(request)
        chat = kept.load(chat_id)
        if not 0 <= number < len(chat.exchanges) or not chat.exchanges[number].answer:
            return gr.Row(visible=False), None
        chat = kept.change(chat.id, chat.exchanges[number], liked=data.liked if isinstance(data.liked, bool) else None)
        with _told("The thumb could not be kept"):
            feedback.record(self._loader.index, chat, number)
        if chat.exchanges[number].liked is None:
            return gr.Row(visible=False), None
        return gr.Row(visible=True), (chat.id, number)

    def reason(self, why: str | None, about: tuple[str, int] | None, request: gr.Request) -> tuple[Any, str, None]:
        """Keep a word of why beside the thumb."""
        chat = self._history(request).load(about[0] if about else None)
        number = about[1] if about else -1
        if 0 <= number < len(chat.exchanges) and (why or "").strip():
            with _told("It could not be kept"):
                feedback.record(self._loader.index, chat, number, (why or "").strip()[:500])
            gr.Info(f"Thank you. It is kept in {self._loader.index / feedback.FILE}.")
        return gr.Row(visible=False), "", None

    def messages(self, chat: Chat, last: str = "") -> Messages:
        """The whole chat as the page shows it; `last` stands for an answer that is not there yet."""
        out: Messages = []
        for exchange in chat.exchanges:
            out.append(_said("user", text_html(exchange.question)))
            waiting = exchange is chat.exchanges[-1] and not exchange.answer and last
            shown = text_html(last, "status") if waiting else exchange_html(exchange)
            if chat.unsaved and exchange is chat.exchanges[-1]:
                shown += text_html(f"This chat could not be saved ({chat.unsaved}): copy what you need of it.", "error")
            out.append(_said("assistant", shown))
        return out

    def _answer(self, kept: History, chat: Chat) -> Iterator[Messages]:
        asked = chat.exchanges[-1]
        said = self.messages(chat)[:-1]

        nearest = ""

        def showing(text: str, kind: str) -> Messages:
            return [*said, _said("assistant", text_html(text, kind) + nearest)]

        yield showing("…" if self._loader.ready else "opening the collection …", "status")
        done = dict[str, Any]()
        line = self._loader.line
        ticket = line.join()
        try:
            limits = days(From=asked.limits.get("from", ""), To=asked.limits.get("to", ""))
            rag = self._loader.rag_now()
            if rag.llm:
                for before in line.turn(ticket):
                    yield showing(
                        f"{before} {'question is' if before == 1 else 'questions are'} answered before this one …",
                        "status",
                    )
            without = rag.config.model == NO_MODEL != self._loader.model
            note = (str(self._loader.error) if self._loader.error else _LOADING) if without else ""
            turns = replace(chat, exchanges=chat.exchanges[:-1]).turns
            source = asked.limits.get("source")
            # Closed here, so that a stop frees the model at once.
            with closing(
                rag.stream(asked.question, turns, source=source, after=limits["From"], before=limits["To"])
            ) as events:
                for event in events:
                    if event.kind in ("status", "restart"):
                        yield showing(f"{event.text} …", "status")
                    elif event.evidence:
                        nearest = evidence_html(event.evidence)
                    elif event.answer:
                        done = {"answer": event.answer.as_dict(), "note": note, "liked": None}
        except RagError as error:
            done = {"note": f"{error.what} {error.fix}"}
        finally:
            line.leave(ticket)
        yield self.messages(kept.change(chat.id, asked, **done))

    def _history(self, request: gr.Request) -> History:
        return History(self._loader.index, request.username)

    def _listed(self, kept: History, chat: Chat) -> Any:
        titles: Sequence[tuple[str, str]] = kept.titles()
        return gr.Radio(choices=list(titles), value=chat.id if any(i == chat.id for _, i in titles) else None)


def _asked(question: str) -> str:
    """A question that can be kept: the page holds its length back, a program that calls it may not."""
    try:
        return check_question(question)
    except RagError as error:
        raise gr.Error(str(error)) from None


@contextmanager
def _told(what: str) -> Iterator[None]:
    """An error of the disk told as a sentence on the page."""
    try:
        yield
    except OSError as error:
        raise gr.Error(f"{what} ({error.strerror or error}).") from None


def _said(role: str, escaped: str) -> dict[str, Any]:
    """A message of the chat.

    Gradio would render markup in a plain string, and does not sanitise an HTML component:
    so only what `ui.render` has escaped goes in.
    """
    return {"role": role, "content": gr.HTML(escaped)}


def _number(index: Any) -> int:
    """Which exchange a message belongs to: question and answer take turns."""
    return int(index[0] if isinstance(index, (list, tuple)) else index) // 2
