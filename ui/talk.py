"""What happens in a conversation: asking, stopping, asking again, thumbs, past chats.

Everything said is kept on disk first (`ui.history`) and shown from there, so that a page
that is reloaded, or opened twice, shows what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from index.errors import RagError
from rag.config import NO_MODEL
from ui import feedback, history
from ui.api import days
from ui.history import Chat, Exchange, History
from ui.loading import Loader
from ui.render import exchange_html, text_html

Messages = list[dict[str, Any]]
EVERY_SOURCE = "All sources"
_LOADING = "The language model was still loading: these are the articles' own words. Ask again for a written answer."


class Talk:
    """The conversations over one collection."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def ask(
        self,
        question: str,
        chat_id: str | None,
        source: str,
        after: str | None,
        before: str | None,
        request: gr.Request,
    ) -> Iterator[tuple[Any, Messages, str]]:
        """Ask in a chat: (box, messages, chat id) again and again while the answer is made."""
        question = question.strip()
        kept = self._history(request)
        chat = kept.load(chat_id)
        if not question:
            yield gr.skip(), self.messages(chat), chat.id
            return
        limits = {
            "source": source if source != EVERY_SOURCE else "",
            "from": (after or "").strip(),
            "to": (before or "").strip(),
        }
        exchange = Exchange(question, asked=history.now(), limits={k: v for k, v in limits.items() if v})
        yield from self._answer(kept, replace(chat, exchanges=(*chat.exchanges, exchange)))

    def again(self, chat_id: str | None, request: gr.Request) -> Iterator[tuple[Any, Messages, str]]:
        """Ask the last question once more."""
        kept = self._history(request)
        chat = kept.load(chat_id)
        if not chat.exchanges:
            yield gr.skip(), [], chat.id
            return
        yield from self._answer(kept, chat.with_last(answer=None, note="", liked=None, asked=history.now()))

    def stopped(self, chat_id: str | None, request: gr.Request) -> Messages:
        """The chat as it stands after its question was stopped."""
        return self.messages(self._history(request).load(chat_id))

    def restore(self, chat_id: str | None, request: gr.Request) -> tuple[Messages, str, Any]:
        """A chat read back: its messages, its id, the list of chats."""
        kept = self._history(request)
        chat = kept.load(chat_id)
        return self.messages(chat), chat.id, self._listed(kept, chat)

    def begin(self, request: gr.Request) -> tuple[Messages, str, Any]:
        """A new chat."""
        chat = history.new_chat()
        return [], chat.id, self._listed(self._history(request), chat)

    def delete(self, chat_id: str | None, request: gr.Request) -> tuple[Messages, str, Any]:
        """Delete a chat and begin a new one."""
        if chat_id:
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

    def liked(self, chat_id: str | None, data: gr.LikeData, request: gr.Request) -> tuple[Any, int]:
        """Keep a thumb: the row that asks why, and which exchange it is about."""
        number = _number(data.index)
        kept = self._history(request)
        chat = kept.load(chat_id)
        if not 0 <= number < len(chat.exchanges):
            return gr.Row(visible=False), -1
        exchanges = list(chat.exchanges)
        exchanges[number] = replace(exchanges[number], liked=data.liked if isinstance(data.liked, bool) else None)
        chat = replace(chat, exchanges=tuple(exchanges))
        kept.save(chat)
        if exchanges[number].liked is None:
            return gr.Row(visible=False), -1
        feedback.record(self._loader.index, chat, number)
        return gr.Row(visible=True), number

    def reason(self, why: str, number: int, chat_id: str | None, request: gr.Request) -> tuple[Any, str]:
        """Keep a word of why beside the thumb."""
        chat = self._history(request).load(chat_id)
        if 0 <= number < len(chat.exchanges) and (why or "").strip():
            feedback.record(self._loader.index, chat, number, why.strip()[:500])
            gr.Info(f"Thank you. It is kept in {self._loader.index / feedback.FILE}.")
        return gr.Row(visible=False), ""

    def messages(self, chat: Chat) -> Messages:
        """The whole chat as the page shows it."""
        return [
            m
            for e in chat.exchanges
            for m in (_said("user", text_html(e.question)), _said("assistant", exchange_html(e)))
        ]

    def _answer(self, kept: History, chat: Chat) -> Iterator[tuple[Any, Messages, str]]:
        kept.save(chat)
        asked = chat.exchanges[-1]
        before = self.messages(replace(chat, exchanges=chat.exchanges[:-1]))
        before.append(_said("user", text_html(asked.question)))

        def showing(html: str) -> tuple[Any, Messages, str]:
            return "", [*before, _said("assistant", html)], chat.id

        yield showing(text_html("opening the collection …" if not self._loader.ready else "…", "status"))
        draft = ""
        try:
            limits = days(after=asked.limits.get("from", ""), before=asked.limits.get("to", ""))
            rag = self._loader.rag_now()
            loading = rag.config.model == NO_MODEL != self._loader.model
            turns = replace(chat, exchanges=chat.exchanges[:-1]).turns
            for event in rag.stream(asked.question, turns, source=asked.limits.get("source"), **limits):
                if event.kind == "status":
                    yield showing(text_html(f"{event.text} …", "status"))
                elif event.kind == "restart":
                    draft = ""
                elif event.kind == "draft":
                    draft += event.text
                    yield showing(text_html(draft, "draft"))
                elif event.answer:
                    chat = chat.with_last(answer=event.answer.as_dict(), note=_LOADING if loading else "")
        except RagError as error:
            chat = chat.with_last(note=f"{error.what} {error.fix}")
        kept.save(chat)
        yield showing(exchange_html(chat.exchanges[-1]))

    def _history(self, request: gr.Request) -> History:
        return History(self._loader.index, request.username)

    def _listed(self, kept: History, chat: Chat) -> Any:
        titles: Sequence[tuple[str, str]] = kept.titles()
        return gr.Radio(choices=list(titles), value=chat.id if any(i == chat.id for _, i in titles) else None)


def _said(role: str, escaped: str) -> dict[str, Any]:
    """A message of the chat.

    Gradio would render markup in a plain string, and does not sanitise an HTML component:
    so only what `ui.render` has escaped goes in.
    """
    return {"role": role, "content": gr.HTML(escaped)}


def _number(index: Any) -> int:
    """Which exchange a message belongs to: question and answer take turns."""
    return int(index[0] if isinstance(index, (list, tuple)) else index) // 2
