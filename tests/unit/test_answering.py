"""Answering in the background: what is asked is answered whether anybody looks on or not. A scripted model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import Rule, ScriptedModel, Words, news

from index.build import build
from index.errors import EngineCrashed, InputError
from index.store.sqlite import Store
from rag.assistant import Rag
from rag.config import Config
from ui.answering import Answering, Working
from ui.conversation import Conversation
from ui.history import History
from ui.queue import Queue
from ui.render import thread_html, working_html

ARTICLES = [
    ("ferry", "The Post", "2023-05-03", "The ferry Aurora sank off Turku on Wednesday, Liisa Virtanen said."),
    ("pass", "The Times", "2024-01-09", "Snow closed the Brenner pass for nine hours on Tuesday."),
]
FERRY = "Where did the ferry Aurora sink?"
SNOW = "How long was the Brenner pass closed?"


class Gate:
    """A model that waits before it reads, until it is let go on."""

    def __init__(self, model: ScriptedModel) -> None:
        self.model, self.open, self.reached = model, threading.Event(), threading.Event()

    @classmethod
    def sharing(cls, other: Gate, model: ScriptedModel) -> Gate:
        """The same gate before a model that counts by itself."""
        made = cls(model)
        made.open, made.reached = other.open, other.reached
        return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def for_question(self) -> Gate:
        return Gate.sharing(self, self.model.for_question())

    def score(self, prompts: Any) -> list[float]:
        self.reached.set()
        assert self.open.wait(20)
        return self.model.score(prompts)


@pytest.fixture
def gate() -> Gate:
    return Gate(
        ScriptedModel(
            Rule("Can the question be answered", 3.0),
            Rule("Is the proposed answer right", 4.0),
            Rule("Reply with only the name", "it sank for nine hours"),
            Rule(FERRY, "The ferry Aurora sank off Turku."),
            Rule(SNOW, "Snow closed the Brenner pass for nine hours."),
        )
    )


@pytest.fixture
def answering(tmp_path: Path, gate: Gate) -> Iterator[Answering]:
    embedder = Words()
    build(tmp_path / "ix", [news(tmp_path / "in", ARTICLES)], embedder)
    rag = Rag(Store(tmp_path / "ix", embedder), embedder, gate, Config(model="scripted"))  # type: ignore[arg-type]
    loader: Any = SimpleNamespace(queue=Queue(), rag_now=lambda: rag, error=None, model="scripted", index=tmp_path)
    yield Answering(loader)
    gate.open.set()
    rag.close()


def until_done(answering: Answering, chat_id: str) -> list[list[Working]]:
    return list(answering.watch(chat_id))


def test_a_question_asked_while_another_is_answered_waits_and_nothing_is_lost(
    answering: Answering, gate: Gate, tmp_path: Path
) -> None:
    kept = History(tmp_path)
    chat = answering.ask(kept, None, FERRY, {})
    assert gate.reached.wait(20), "it is answered though nobody looks on"
    answering.ask(kept, chat.id, SNOW, {})
    first, second = answering.open(chat.id)
    assert first.steps and not second.steps and second.exchange.question == SNOW
    assert [e.state for e in kept.load(chat.id).exchanges] == ["running", "waiting"]
    # Another page, or this one reloaded, sees both, and each once.
    assert "<h2>" not in thread_html(kept.load(chat.id), [w.exchange for w in answering.open(chat.id)])
    shown = working_html(answering.open(chat.id))
    assert FERRY in shown and SNOW in shown and "Waiting" in shown
    gate.open.set()
    assert until_done(answering, chat.id)[-1] == []
    done = kept.load(chat.id)
    assert [e.state for e in done.exchanges] == ["done", "done"]
    assert [(e.answer or {})["text"].split(" [")[0] for e in done.exchanges] == [
        "The ferry Aurora sank off Turku", "Snow closed the Brenner pass for nine hours",
    ]  # fmt: skip


def test_two_chats_wait_for_one_model_in_the_order_in_which_they_asked(
    answering: Answering, gate: Gate, tmp_path: Path
) -> None:
    kept = History(tmp_path)
    mine = answering.ask(kept, None, FERRY, {})
    assert gate.reached.wait(20)
    theirs = answering.ask(History(tmp_path, "bob"), None, SNOW, {})
    for working in answering.watch(theirs.id):
        if working and working[0].before:
            assert working[0].before == 1 and "1 question is answered first" in working_html(working)
            gate.open.set()
    assert until_done(answering, mine.id)[-1] == []
    assert History(tmp_path, "bob").load(theirs.id).exchanges[0].state == "done"


def test_stop_stops_what_is_open_and_frees_the_model(answering: Answering, gate: Gate, tmp_path: Path) -> None:
    kept = History(tmp_path)
    chat = answering.ask(kept, None, FERRY, {})
    answering.ask(kept, chat.id, SNOW, {})
    assert gate.reached.wait(20)
    answering.stop(chat.id)
    gate.open.set()
    assert until_done(answering, chat.id)[-1] == []
    chat = kept.load(chat.id)
    assert [(e.state, e.answer) for e in chat.exchanges] == [("stopped", None)] * 2
    assert thread_html(chat).count("Stopped before there was an answer.") == 2
    answering.again(kept, chat.id, 1)
    assert until_done(answering, chat.id)[-1] == []
    first, second = kept.load(chat.id).exchanges
    assert (first.state, second.state, second.question) == ("stopped", "done", SNOW)


def test_a_crash_leaves_the_question_with_ask_again(
    answering: Answering, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = History(tmp_path)
    for error, told in (
        (EngineCrashed("The engine stopped.", "Ask again."), "The engine stopped. Ask again."),
        (ZeroDivisionError(), "Something went wrong (ZeroDivisionError). Ask again."),
    ):

        def broken(gate: Gate, prompts: Any, error: Exception = error) -> list[float]:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(Gate, "score", broken)
            chat = answering.ask(kept, None, FERRY, {})
            assert until_done(answering, chat.id)[-1] == []
        exchange = kept.load(chat.id).exchanges[0]
        assert (exchange.state, exchange.note) == ("failed", told)
        assert 'data-act="again"' in thread_html(kept.load(chat.id))


def test_a_question_that_was_open_when_the_program_ended_can_be_asked_again(
    answering: Answering, gate: Gate, tmp_path: Path
) -> None:
    kept = History(tmp_path)
    chat = answering.ask(kept, None, FERRY, {})
    assert gate.reached.wait(20)
    after = Answering(answering._loader)  # a new program over the same disk
    shown = thread_html(kept.load(chat.id), [w.exchange for w in after.open(chat.id)])
    assert "The program ended before there was an answer." in shown and 'data-act="again"' in shown
    gate.open.set()
    until_done(answering, chat.id)


def test_a_chat_deleted_meanwhile_stays_deleted(answering: Answering, gate: Gate, tmp_path: Path) -> None:
    kept = History(tmp_path)
    chat = answering.ask(kept, None, FERRY, {})
    assert gate.reached.wait(20)
    kept.delete(chat.id)
    gate.open.set()
    assert until_done(answering, chat.id)[-1] == [] and not kept.recent()


def test_a_chat_takes_ten_open_questions(answering: Answering, gate: Gate, tmp_path: Path) -> None:
    kept = History(tmp_path)
    chat = answering.ask(kept, None, FERRY, {})
    for _ in range(9):
        answering.ask(kept, chat.id, SNOW, {})
    with pytest.raises(InputError, match="10 questions of this chat are waiting"):
        answering.ask(kept, chat.id, SNOW, {})
    answering.stop(chat.id)
    gate.open.set()
    until_done(answering, chat.id)
    assert len(kept.load(chat.id).exchanges) == 10


def test_what_another_person_asked_is_not_stopped_by_deleting_it(
    answering: Answering, gate: Gate, tmp_path: Path
) -> None:
    chat = answering.ask(History(tmp_path, "ann"), None, FERRY, {})
    assert gate.reached.wait(20)
    conversation = Conversation(answering._loader)
    conversation._answering = answering
    event: Any = SimpleNamespace(_data={"chat": chat.id})
    conversation.deleted("", event, SimpleNamespace(username="bob"))  # type: ignore[arg-type]
    gate.open.set()
    assert until_done(answering, chat.id)[-1] == []
    assert History(tmp_path, "ann").load(chat.id).exchanges[0].state == "done"


def test_a_page_that_watches_another_chat_is_no_longer_shown_the_one_before(
    answering: Answering, gate: Gate, tmp_path: Path
) -> None:
    conversation, page = Conversation(answering._loader, answering), SimpleNamespace(username=None, session_hash="one")
    chat_id = conversation.put(FERRY, "", {}, page)[-1]  # type: ignore[arg-type]
    watching = conversation.look_on(chat_id, page)  # type: ignore[arg-type]
    other_page = conversation.look_on(chat_id, SimpleNamespace(username=None, session_hash="two"))  # type: ignore[arg-type]
    assert FERRY in next(watching)[1] and FERRY in next(other_page)[1]
    assert conversation.picked({"chat": ""}, page)[-1] != chat_id  # type: ignore[arg-type]
    gate.open.set()
    assert [shown for view in watching for shown in view if isinstance(shown, str)] == []
    *_, last = other_page
    assert f'data-chat="{chat_id}"' in last[0]
    assert not isinstance(last[-1], str), "which chat a page shows is not for what comes late to say"
