"""The calls for programs, each a method: what comes in is checked, what goes out has a shape of `ui.schema`.

How they are reached is the business of `ui.api` (Gradio's API) and `ui.tools` (MCP).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from index.errors import InputError
from index.reading.metadata import encodable
from index.store import listing
from index.store.names import article_id
from rag.people import NEWEST, people
from rag.question.check import check_history, check_question, read_days
from rag.quotes import quotes
from rag.schema import AnswerData
from ui import schema
from ui.answering import Answering
from ui.history import History
from ui.loading import Loader

NAME = "rag-articles"
MAX_RESULTS = 50  # passages of one search
MAX_PAGE = 200  # articles, or quotes, of one page
MAX_PEOPLE = 100
# Whether the one who makes the present call still listens, and who it is where people log in.
listens: ContextVar[Callable[[], bool]] = ContextVar("listens", default=lambda: True)
person: ContextVar[str | None] = ContextVar("person", default=None)


class Gone(Exception):
    """The caller has disconnected."""


class Calls:
    """What programs may ask of one collection. Errors that a caller can put right are `index.errors.RagError`."""

    def __init__(self, loader: Loader, answering: Answering) -> None:
        self._loader, self._answering = loader, answering

    def all(self) -> list[Callable[..., Any]]:
        """Every call; each is named, described and typed by its method."""
        return [
            self.about, self.ask, self.ask_in_chat, self.chat, self.search, self.articles, self.article, self.sources,
            self.people, self.quotes,
        ]  # fmt: skip

    def about(self) -> schema.About:
        """Describe the program: its version, its language model, and what is in the collection."""
        store = self._loader.store
        first, last = store.span()
        return {
            "name": NAME,
            "version": product_version(),
            "collection": self._loader.name,
            "articles": int(store.meta["articles"]),
            "sources": len(store.sources()),
            "first": first.isoformat() if first else None,
            "last": last.isoformat() if last else None,
            "model": self._loader.label,
            "embedder": store.meta.get("embedder", ""),
            "ready": self._loader.ready,
        }

    def ask(
        self,
        question: str,
        as_of: str = "",
        source: str = "",
        after: str = "",
        before: str = "",
        history: list[dict[str, str]] | None = None,
    ) -> AnswerData:
        """Answer a question from the article collection; every sentence cites the words that support it.

        Nothing is kept: to hold a conversation, pass its history or use ask_in_chat.

        Args:
            question: the question, in plain words
            as_of: the day it is asked on (YYYY-MM-DD); nothing published later is used
            source: only articles of this source
            after: only articles published on or after this day (YYYY-MM-DD)
            before: only articles published on or before this day (YYYY-MM-DD)
            history: the conversation so far, as messages with role (user or assistant) and content
        """
        limits = read_days(as_of=as_of, after=after, before=before)
        turns = check_history(history or [])
        rag = self._loader.rag()
        there, ticket = listens.get(), self._loader.queue.join()
        try:
            if rag.llm:
                for _ in self._loader.queue.turn(ticket):
                    _unless_gone(there)
            with closing(rag.stream(question, turns, source=source or None, **limits)) as events:
                for event in events:
                    if event.answer:
                        answer: Any = event.answer.as_dict()
                        return answer
                    _unless_gone(there)
            raise AssertionError("a question ends with an answer")
        finally:
            self._loader.queue.leave(ticket)

    def ask_in_chat(
        self, question: str, chat: str = "", as_of: str = "", source: str = "", after: str = "", before: str = ""
    ) -> schema.ChatAnswer:
        """Answer a question in a chat, which is kept with the page's own; what was said in it before is the history.

        Waits for the answer. If the caller disconnects, the answer is still made and kept: read it with chat.

        Args:
            question: the question, in plain words
            chat: the id of the chat, as the first answer gave it; empty to begin a new one
            as_of: the day it is asked on (YYYY-MM-DD); nothing published later is used
            source: only articles of this source
            after: only articles published on or after this day (YYYY-MM-DD)
            before: only articles published on or before this day (YYYY-MM-DD)
        """
        asked, there, kept = check_question(question), listens.get(), self._history()
        days = read_days(as_of=as_of, after=after, before=before)
        named = {"source": source, "from": days["after"], "to": days["before"], "as_of": days["as_of"]}
        limits = {name: str(value) for name, value in named.items() if value}
        made = self._answering.ask(kept, self._known(kept, chat) if chat else None, asked, limits)
        mine = made.exchanges[-1]
        for _ in self._answering.watch(made.id):
            _unless_gone(there)
            if not self._answering.is_open(made.id, mine):
                break
        for exchange in kept.load(made.id).exchanges:
            if exchange.asked == mine.asked:
                return {**schema.exchange(exchange), "chat": made.id}
        raise InputError("The chat was deleted before there was an answer.", "Ask again.")

    def chat(self, chat: str) -> schema.ChatData:
        """Read a chat: every question in it with its answer.

        Args:
            chat: its id, as ask_in_chat gave it or as it stands in the page's address
        """
        kept = self._history()
        return schema.chat(kept.load(self._known(kept, chat)))

    def search(
        self, query: str, k: int = 10, source: str = "", after: str = "", before: str = "", as_of: str = ""
    ) -> schema.Hits:
        """Find the passages of the article collection nearest to a query, without a language model.

        Args:
            query: what to look for
            k: how many passages, 50 at most
            source: only articles of this source
            after: only articles published on or after this day (YYYY-MM-DD)
            before: only articles published on or before this day (YYYY-MM-DD)
            as_of: nothing published after this day (YYYY-MM-DD)
        """
        count, days = _count("k", k, 1, MAX_RESULTS), read_days(after=after, before=before, as_of=as_of)
        return schema.hits(self._loader.rag_now().search(query, count, source=source or None, **days))

    def articles(
        self,
        source: str = "",
        after: str = "",
        before: str = "",
        newest_first: bool = False,
        offset: int = 0,
        limit: int = 50,
    ) -> schema.Articles:
        """List the articles of the collection page by page, oldest first; those without a date come last.

        Args:
            source: only articles of this source
            after: only articles published on or after this day (YYYY-MM-DD)
            before: only articles published on or before this day (YYYY-MM-DD)
            newest_first: the newest article first
            offset: how many articles to skip: the `next` of the previous page
            limit: how many articles, 200 at most
        """
        start, count = _count("offset", offset, 0, 2**31), _count("limit", limit, 1, MAX_PAGE)
        days = read_days(after=after, before=before)
        store, backwards = self._loader.store, newest_first is True
        return schema.page(
            listing.page(
                store, start, count, source=_text("source", source), newest_first=backwards, gaps=False, **days
            ),
            start,
        )

    def article(self, id: str) -> schema.Whole:
        """Read an article: its whole text, with title, source, date and how the date is known.

        Args:
            id: its id, or a beginning or end of it that no other id shares
        """
        store, given = self._loader.store, encodable(_text("id", id))
        try:
            return schema.whole(store.article(given))
        except KeyError:
            return schema.whole(store.article(article_id(given, store.ids())))

    def sources(self) -> schema.Sources:
        """List the sources of the collection, each with its number of articles and the days they are from."""
        return schema.sources(listing.sources(self._loader.store))

    def people(self, limit: int = 20) -> schema.People:
        """List the people whom the newest articles quote by first and last name, those in the most articles first.

        A name counts where it stands beside a verb of saying ("Dmitry Peskov said").

        Args:
            limit: how many people, 100 at most
        """
        found = people(self._loader.store, _count("limit", limit, 1, MAX_PEOPLE))
        looked = min(len(self._loader.store.ids()), NEWEST)
        return {"people": [{"name": p.name, "articles": p.articles} for p in found], "looked_through": looked}

    def quotes(
        self, name: str, source: str = "", after: str = "", before: str = "", offset: int = 0, limit: int = 50
    ) -> schema.Quotes:
        """List what a person is reported to have said, oldest first, each in the article's words and with its position.

        Only sentences that name the person as the speaker are listed, with the whole quotation; "he said" is left out.

        Args:
            name: first and last name, as the articles give it
            source: only articles of this source
            after: only articles published on or after this day (YYYY-MM-DD)
            before: only articles published on or before this day (YYYY-MM-DD)
            offset: how many to skip: the `next` of the previous page
            limit: how many, 200 at most
        """
        start, count = _count("offset", offset, 0, 2**31), _count("limit", limit, 1, MAX_PAGE)
        who, days = encodable(_text("name", name)), read_days(after=after, before=before)
        found = quotes(self._loader.store, who, source=_text("source", source) or None, **days)
        return schema.quotes(who, found, start, count)

    def _history(self) -> History:
        return History(self._loader.index, person.get())

    def _known(self, kept: History, chat: str) -> str:
        """The id, where the caller has a chat by it."""
        if not isinstance(chat, str) or not kept.load(chat).exchanges:
            raise InputError(f"There is no chat {chat!r:.50}.", "Leave chat empty to begin one.")
        return chat


def product_version() -> str:
    """The version of this program, as `rag --version` prints it."""
    try:
        return version(NAME)
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"


def _unless_gone(there: Callable[[], bool]) -> None:
    if not there():
        raise Gone


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"{name} is a {type(value).__name__}, not text.", f"Pass {name} as text.")
    return value


def _count(name: str, value: Any, least: int, most: int) -> int:
    """A number that was given, capped at `most`.

    Raises:
        InputError: it is not a whole number, or less than `least`.
    """
    if isinstance(value, float) and value.is_integer():  # as JavaScript sends 10.0
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"{name} is {value!r:.40}, not a whole number from {least} on.", f"Pass {name} as a number.")
    return min(value, most)
