"""Answering in the background: a question belongs to its chat, not to the page that asked it.

Each chat with open questions has a thread, which answers them one after the other and waits its turn at the model. A
page only watches (`Answering.watch`), so a reload, a second tab or a closed laptop loses nothing: questions and their
outcomes are on disk.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from index.errors import InputError, RagError
from rag import language
from rag.config import NO_MODEL, Caution
from rag.question.check import read_days
from rag.types import EvidenceSentence
from ui import history
from ui.history import Chat, Exchange, History
from ui.loading import Loader

_log = logging.getLogger(__name__)
_LOOK = 5.0  # seconds after which one who looks on is shown the same again, so that who is gone is noticed
_CAUTIONS: Mapping[str, Caution] = {"strict": "strict", "lenient": "lenient"}
_WAITING = 10  # open questions of one chat, at most
_LOADING = "The language model was still loading: these are the articles' own words. Ask again for a written answer."


@dataclass(frozen=True)
class Working:
    """An open question, as a page shows it.

    Attributes:
        steps: what was done so far, the last one still being done; empty while it waits.
        before: how many questions are answered before this one.
        nearest: the article's words that look nearest, once something was found.
    """

    exchange: Exchange
    steps: tuple[str, ...] = ()
    before: int = 0
    nearest: EvidenceSentence | None = None


class _Job:
    """An open question and where it stands."""

    def __init__(self, kept: History, chat_id: str, exchange: Exchange, ticket: object) -> None:
        self.kept, self.chat_id, self.ticket = kept, chat_id, ticket
        self.working = Working(exchange)
        self.stopped = threading.Event()


class _Stopped(Exception):
    """A person pressed Stop."""


class Answering:
    """The open questions of all chats over one collection."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._jobs: dict[str, list[_Job]] = {}  # by chat, in the order in which they were asked
        self._changes = 0
        self._changed = threading.Condition()

    def ask(self, kept: History, chat_id: str | None, question: str, limits: Mapping[str, str]) -> Chat:
        """Put a question to a chat; returns the chat with it. It is answered whether anybody is watching or not.

        Raises:
            InputError: the chat has too many open questions.
        """
        if len(self._jobs.get(chat_id or "", ())) >= _WAITING:
            raise InputError(f"{_WAITING} questions of this chat are waiting.", "Wait for an answer, or stop them.")
        exchange = Exchange(question, asked=history.now(), limits=dict(limits), state="waiting")
        chat = kept.append(chat_id, exchange)
        self._begin(kept, chat.id, exchange)
        return chat

    def again(self, kept: History, chat_id: str, number: int) -> Chat:
        """Answer a question of a chat again, in its place; returns the chat, unchanged if there is no such question."""
        chat = kept.load(chat_id)
        if not 0 <= number < len(chat.exchanges) or self.is_open(chat.id, chat.exchanges[number]):
            return chat
        old = chat.exchanges[number]
        fresh = Exchange(old.question, asked=history.now(), limits=old.limits, state="waiting")
        chat = kept.change(chat.id, old, **vars(fresh))
        self._begin(kept, chat.id, fresh)
        return chat

    def stop(self, chat_id: str) -> None:
        """Stop all open questions of a chat."""
        with self._changed:
            for job in self._jobs.get(chat_id, ()):
                job.stopped.set()
            self._tell()

    def open(self, chat_id: str) -> list[Working]:
        """The open questions of a chat, in order."""
        with self._changed:
            return [job.working for job in self._jobs.get(chat_id, ())]

    def watch(self, chat_id: str) -> Iterator[list[Working]]:
        """The open questions of a chat now, and again whenever something changes; when none is left, an empty list."""
        while True:
            with self._changed:
                seen = self._changes
            now = self.open(chat_id)
            yield now
            if not now:
                return
            with self._changed:
                self._changed.wait_for(lambda: self._changes != seen, _LOOK)  # noqa: B023 - asked at once

    def is_open(self, chat_id: str, exchange: Exchange) -> bool:
        """Whether a question is waiting or being answered; one for which only the file says so was interrupted."""
        return any(w.exchange.asked == exchange.asked for w in self.open(chat_id))

    def _begin(self, kept: History, chat_id: str, exchange: Exchange) -> None:
        job = _Job(kept, chat_id, exchange, self._loader.queue.join())
        with self._changed:
            jobs = self._jobs.setdefault(chat_id, [])
            jobs.append(job)
            self._tell()
            if len(jobs) == 1:
                threading.Thread(target=self._work, args=(chat_id,), name="answering", daemon=True).start()

    def _work(self, chat_id: str) -> None:
        while True:
            with self._changed:
                job = self._jobs[chat_id][0]
            became = self._answer(job)
            try:
                job.kept.change(chat_id, job.working.exchange, **became)
            finally:
                self._loader.queue.leave(job.ticket)
                with self._changed:
                    left = self._jobs[chat_id]
                    left.remove(job)
                    if not left:  # decided where it is removed: a question that comes now begins a new thread
                        del self._jobs[chat_id]
                    self._tell()
            if not left:
                return

    def _answer(self, job: _Job) -> dict[str, Any]:
        """The outcome of a question: its answer, or why there is none."""
        try:
            return self._answered(job)
        except _Stopped:
            return {"state": "stopped"}
        except RagError as error:
            return {"state": "failed", "note": f"{error.what} {error.fix}"}
        except Exception as error:  # noqa: BLE001 - whatever it is, the question must not stay open
            _log.exception("a question could not be answered")
            return {"state": "failed", "note": f"Something went wrong ({type(error).__name__}). Ask again."}

    def _answered(self, job: _Job) -> dict[str, Any]:
        asked = job.working.exchange
        rag = self._loader.rag_now()
        if rag.llm:
            for before in self._loader.queue.turn(job.ticket):
                self._show(job, before=before)
            rag = self._loader.rag_now()  # another model may be there by now
        self._show(job, before=0, steps=("getting ready",))
        job.kept.change(job.chat_id, asked, state="running")
        without = rag.config.model == NO_MODEL != self._loader.model
        notes = [str(self._loader.error) if self._loader.error else _LOADING] if without else []
        notes += [language.TOLD] if language.is_foreign(asked.question) else []
        limits = read_days(From=asked.limits.get("from"), To=asked.limits.get("to"), as_of=asked.limits.get("as_of"))
        chat = job.kept.load(job.chat_id)
        position = next((n for n, e in enumerate(chat.exchanges) if e.asked == asked.asked), len(chat.exchanges))
        turns = replace(chat, exchanges=chat.exchanges[:position]).turns
        source = asked.limits.get("source")
        rag = rag.with_caution(_CAUTIONS.get(asked.limits.get("caution", ""), rag.config.caution))
        # Closed here, so that a stop frees the model at once.
        with closing(
            rag.stream(
                asked.question, turns, source=source, after=limits["From"], before=limits["To"], as_of=limits["as_of"]
            )
        ) as events:
            for event in events:
                if event.kind in ("status", "restart"):
                    steps = job.working.steps
                    self._show(job, steps=steps if steps[-1] == event.text else (*steps, event.text))
                elif event.evidence:
                    self._show(job, nearest=event.evidence)
                elif event.answer:
                    return {"answer": event.answer.as_dict(), "note": " ".join(notes), "liked": None, "state": "done"}
                self._unless_stopped(job)
        raise AssertionError("a question ends with an answer")

    def _unless_stopped(self, job: _Job) -> None:
        if job.stopped.is_set():
            raise _Stopped

    def _show(self, job: _Job, **changes: Any) -> None:
        self._unless_stopped(job)
        now = replace(job.working, **changes)
        if now != job.working:
            with self._changed:
                job.working = now
                self._tell()

    def _tell(self) -> None:
        self._changes += 1
        self._changed.notify_all()
