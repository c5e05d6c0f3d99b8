"""The three calls for programs: ask, search, articles; over Gradio's API and as MCP tools."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import date
from typing import Any

from index.errors import InputError, RagError
from rag.question.check import check_history
from ui.loading import Loader

_GONE = "Nobody listens any more."
MAX_RESULTS = 50
MAX_CALLS = 40  # at once; those that need the model wait in its queue


def add_endpoints(loader: Loader) -> None:
    """Add `/ask`, `/search` and `/articles` to the page that is being built."""
    import gradio as gr

    def ask(
        question: str,
        as_of: str = "",
        source: str = "",
        after: str = "",
        before: str = "",
        history: list[dict[str, str]] | None = None,
    ) -> dict[str, Any]:
        """Answer a question from the article collection; every sentence cites the words that support it.

        Args:
            question: the question, in plain words
            as_of: the day it is asked on (YYYY-MM-DD); nothing published later is used
            source: only articles of this source
            after: only articles published on or after this day (YYYY-MM-DD)
            before: only articles published on or before this day (YYYY-MM-DD)
            history: the conversation before it, messages with role (user or assistant) and content
        """
        try:
            limits = days(as_of=as_of, after=after, before=before)
            rag = loader.rag()
            there, ticket = _caller(), loader.queue.join()
            try:
                if rag.llm:
                    for _ in loader.queue.turn(ticket):
                        if not there():
                            raise gr.Error(_GONE)
                with closing(
                    rag.stream(question, check_history(history or []), source=source or None, **limits)
                ) as events:
                    for event in events:
                        if event.answer:
                            return event.answer.as_dict()
                        if not there():
                            raise gr.Error(_GONE)
                raise AssertionError("a question ends with an answer")
            finally:
                loader.queue.leave(ticket)
        except RagError as error:
            raise gr.Error(str(error)) from None

    def search(query: str, k: int = 10, source: str = "", after: str = "", before: str = "") -> list[dict[str, Any]]:
        """Find the passages of the article collection nearest to a query, without a language model.

        Args:
            query: what to look for
            k: how many passages, 50 at most
            source: only articles of this source
            after: only articles published on or after this day (YYYY-MM-DD)
            before: only articles published on or before this day (YYYY-MM-DD)
        """
        try:
            hits = loader.rag_now().search(
                query, min(k, MAX_RESULTS), source=source or None, **days(after=after, before=before)
            )
        except RagError as error:
            raise gr.Error(str(error)) from None
        return [
            {
                "chunk_id": h.chunk.id,
                "article_id": h.article.id,
                "title": h.article.title,
                "source": h.article.source,
                "date": h.article.published.isoformat() if h.article.published else None,
                "start": h.chunk.start,
                "end": h.chunk.end,
                "text": h.chunk.text,
                "score": h.score,
            }
            for h in hits
        ]

    def articles() -> list[dict[str, Any]]:
        """List the articles of the collection, oldest first: id, title, source, date, how the date is known, url."""
        return [
            {
                "id": a.id,
                "title": a.title,
                "source": a.source,
                "date": a.published.isoformat() if a.published else None,
                "date_how": a.published_how,
                "url": a.url,
            }
            for a in loader.store.articles()
        ]

    for call in (ask, search, articles):
        gr.api(call, api_name=call.__name__, concurrency_limit=MAX_CALLS)


def _caller() -> Callable[[], bool]:
    """Whether the one who makes the present call still listens."""
    from gradio.context import LocalContext

    page, number = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    # Gradio has no public way to ask; it marks the events of a connection that was closed.
    event = page._queue.event_ids_to_events.get(number) if page and number else None
    return lambda: event is None or event.alive


def days(**named: str) -> dict[str, date | None]:
    """The days of a call, read.

    Raises:
        InputError: one is not a day; it is named.
    """
    read: dict[str, date | None] = {}
    for name, text in named.items():
        try:
            read[name] = date.fromisoformat(text) if text else None
        except (ValueError, TypeError):
            raise InputError(f"{name} is {text!r:.40}, not a day.", "Write it as 2022-03-31.") from None
    return read
