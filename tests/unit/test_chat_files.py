"""What the chat keeps on disk, without an answer to keep: `tests/real/test_chat.py` has those."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from ui.chat import _asked
from ui.history import Exchange, History, new_chat, split_markers


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


def test_a_question_of_any_length_is_not_kept() -> None:
    assert _asked("Who  met\nin Istanbul?") == "Who met in Istanbul?"
    with pytest.raises(gr.Error, match="the most is"):
        _asked("x" * 5_000_000)
