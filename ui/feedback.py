"""Thumbs and reasons, kept as draft golden questions that `rag eval --golden` reads.

A line holds the question, the answer and what a person thought of it. It is a draft until a person checks it, corrects
it and sets "reviewed": true.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

from index.text.sentences import sentences
from rag.markers import without_markers
from ui.history import Chat

FILE = "feedback.jsonl"
_FACT = re.compile(r"\b(?:[A-Z][\w’'-]+(?:\s+[A-Z][\w’'-]+)*|\d[\d,.]*\d|\d)")
_lock = threading.Lock()


def record(index: Path, chat: Chat, number: int, why: str = "") -> Path:
    """Record the thumb (`liked`) for exchange `number` of a chat; returns the file written.

    A second verdict on the same answer replaces the first, and a thumb that was taken back removes it. A line that a
    person has reviewed stays as it is.
    """
    line = as_golden(chat, number, why)
    new = [json.dumps(line, ensure_ascii=False)] if chat.exchanges[number].liked is not None else []
    path = index / FILE
    with _lock:
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        kept = [old for old in lines if old.strip() and not _is_draft(old, line["id"])]
        part = path.with_suffix(".part")
        part.write_text("".join(f"{one}\n" for one in [*kept, *new]), "utf-8")
        part.replace(path)
    return path


def _is_draft(line: str, name: str) -> bool:
    """Whether a line is the draft with this id, not one that a person has reviewed or written."""
    try:
        data = json.loads(line)
    except ValueError:
        return False
    return isinstance(data, dict) and data.get("id") == name and not data.get("reviewed", True)


def as_golden(chat: Chat, number: int, why: str = "") -> dict[str, Any]:
    """An exchange as a draft golden question.

    A liked answer gives its facts (names and numbers that its quotes have too) and quotes, a liked refusal is one that
    is due. A disliked answer says nothing yet about the right one: it may be refused or not, until a person has written
    what is right.
    """
    exchange = chat.exchanges[number]
    answer = exchange.answer or {}
    good = exchange.liked and not answer.get("abstained")
    quotes = [
        {"article": c["article_id"], "text": c["quote"]} for c in answer.get("citations", ()) if len(c["quote"]) >= 3
    ]
    facts = _facts(answer) if good else []
    due = bool(exchange.liked and answer.get("abstained") and not exchange.limits)
    limited = f"; limited to {exchange.limits}" if exchange.limits else ""
    history = [turn for e in chat.exchanges[:number] if e.answer for turn in _turns(e.question, e.answer["text"])]
    return {
        "id": f"chat-{chat.id[:12]}-{number + 1}",
        "kind": "unanswerable" if due else "follow_up" if history else "single",
        "question": exchange.question,
        "history": history,
        "as_of": answer.get("as_of"),
        "facts": [[fact] for fact in facts],
        "refuse": "never" if facts else "must" if due else "may",
        "articles": sorted({q["article"] for q in quotes}) if facts else [],
        "quotes": quotes if facts else [],
        "why": f"{'liked' if exchange.liked else 'not liked'}: {why or 'no reason given'}{limited}; it said: {answer.get('text', '')}",
        "reviewed": False,
    }


def _turns(question: str, text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": text}]


def _facts(answer: dict[str, Any]) -> list[str]:
    """Names and numbers of the answer that its quotes have too, each once."""
    said = " ".join(c["quote"] for c in answer["citations"])
    text = without_markers(answer["text"])
    opens = {start for start, _ in sentences(text)}
    # A capital at the beginning of a sentence makes no name.
    found = [m.group() for m in _FACT.finditer(text) if m.start() not in opens or " " in m.group()]
    return [f for f in dict.fromkeys(found) if f in said]
