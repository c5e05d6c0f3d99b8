"""What the chat keeps on disk, without an answer to keep: `tests/real/test_chat.py` has those."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ui import history
from ui.history import Exchange, History, as_json, new_chat, split_markers


def test_a_chat_that_cannot_be_read_is_kept_aside(tmp_path: Path) -> None:
    kept, chat = History(tmp_path), replace(new_chat(), exchanges=(Exchange("q"),))
    kept.save(chat)
    path = next((tmp_path / "chats" / "local").glob("*.json"))
    path.write_text(path.read_text()[:-20])
    assert kept.load(chat.id).exchanges == () and path.with_suffix(".unreadable").is_file()


def test_what_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    kept, first, second = History(tmp_path), Exchange("one", {"text": "1"}, "t1"), Exchange("two", None, "t2")
    chat = replace(new_chat(), exchanges=(first, second))
    kept.save(chat)
    kept.change(chat.id, first, liked=True)  # a thumb, while the second is being answered
    after = kept.change(chat.id, second, answer={"text": "2"})
    assert [(e.liked, e.answer) for e in after.exchanges] == [(True, {"text": "1"}), (None, {"text": "2"})]
    kept.delete(chat.id)
    kept.change(chat.id, second, answer={"text": "late"})
    assert kept.load(chat.id).exchanges == (), "what was deleted stays so"


def test_only_markers_at_the_end_are_citations() -> None:
    assert split_markers('He wrote "see [2]" twice [1][3].') == ('He wrote "see [2]" twice', (1, 3), ".")
    assert split_markers('"It is so." [1]') == ('"It is so."', (1,), "")
    assert split_markers("See [2] there.") == ("See [2] there.", (), "")


def test_a_deleted_chat_comes_back_within_a_minute_and_not_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = History(tmp_path)
    chat = kept.save(replace(new_chat(), exchanges=(Exchange("Who won?", {"text": "Ann won."}),)))
    kept.delete(chat.id)
    assert not kept.recent() and not kept.load(chat.id).exchanges
    assert kept.restore(chat.id) and kept.load(chat.id) == chat and not kept.restore(chat.id)
    kept.delete(chat.id)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + history.UNDO + 1)
    assert not kept.recent() and not kept.restore(chat.id)
    assert not list((tmp_path / "chats").rglob("*.*")), "nothing is left of it"


def test_chats_are_found_by_their_words_and_renamed(tmp_path: Path) -> None:
    kept = History(tmp_path)
    won = kept.append(None, Exchange("Who won?", {"text": "Ann won."}, "t1"))
    sank = kept.append(None, Exchange("What sank?", {"text": "The ferry Aurora."}, "t2"))
    assert kept.append(sank.id, Exchange("Where?", {"text": "Off Turku."}, "t3")).title == "What sank?"
    assert [chat.id for chat, _ in kept.recent("aurora")] == [sank.id] == [chat.id for chat, _ in kept.recent("TURKU")]
    assert {chat.id for chat, _ in kept.recent()} == {won.id, sank.id} and not kept.recent("nothing")
    kept.rename(sank.id, "  The   ferry ")
    assert kept.load(sank.id).title == "The ferry" and json.loads(as_json(kept.load(sank.id)))["name"] == "The ferry"
    assert kept.rename(sank.id, "").title == "What sank?"


def test_a_chat_of_an_older_version_is_read_with_what_became_of_each_question(tmp_path: Path) -> None:
    kept = History(tmp_path)
    chat = kept.save(replace(new_chat(), exchanges=(Exchange("q", {"text": "a"}),)))
    path = next((tmp_path / "chats").rglob("*.json"))
    old = json.loads(path.read_text())
    answered = {k: v for k, v in old["exchanges"][0].items() if k != "state"}
    exchanges = [answered, {**answered, "answer": None, "note": "The engine stopped."}, {**answered, "answer": None}]
    path.write_text(json.dumps({"id": chat.id, "exchanges": exchanges}))
    assert [e.state for e in kept.load(chat.id).exchanges] == ["done", "failed", "stopped"]
