"""Past chats on disk: one JSON file a chat, kept beside the index they were held over.

FOLDER/chats/USER/ID.json
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rag.types import Turn

CHATS = "chats"
_ID = re.compile(r"[0-9a-f]{32}")
_URL = ":/?#@!$&'*+,;=%~"  # characters of an address that mean nothing in Markdown
_TITLE = 60  # characters
_SHOWN = 200  # chats that are listed, at most
_UNSAVED = 100  # chats kept in memory, at most, that could not be written


@dataclass(frozen=True)
class Exchange:
    """A question and its answer as plain data (`rag.types.Answer.as_dict`).

    Attributes:
        answer: None where it was stopped or has not been given yet.
        limits: source, after and before, as far as the question was limited.
        note: what a person should know of this answer.
        liked: the thumb given, if any.
    """

    question: str
    answer: dict[str, Any] | None = None
    asked: str = ""
    limits: dict[str, str] = field(default_factory=dict)
    note: str = ""
    liked: bool | None = None


@dataclass(frozen=True)
class Chat:
    """A conversation; `id` is 32 hexadecimal digits.

    Attributes:
        unsaved: why it is in memory only; empty where it is on disk.
    """

    id: str
    exchanges: tuple[Exchange, ...] = ()
    unsaved: str = ""

    @property
    def title(self) -> str:
        """Its first question, cut."""
        first = self.exchanges[0].question if self.exchanges else "New chat"
        return first if len(first) <= _TITLE else first[: _TITLE - 1].rsplit(" ", 1)[0] + " …"

    @property
    def turns(self) -> list[Turn]:
        """The conversation as `Rag.answer` takes it: what was answered, oldest first."""
        out: list[Turn] = []
        for exchange in self.exchanges:
            if exchange.answer:
                out.append({"role": "user", "content": exchange.question})
                out.append({"role": "assistant", "content": exchange.answer["text"]})
        return out


def new_chat() -> Chat:
    """An empty chat with an id of its own."""
    return Chat(uuid.uuid4().hex)


def now() -> str:
    """This moment, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


_writing = threading.Lock()
_unsaved: OrderedDict[Path, Chat] = OrderedDict()  # what no disk took, until one does


class History:
    """The chats of one person over one collection."""

    def __init__(self, index: Path, user: str | None = None) -> None:
        # A digest: no two names fall together, and none is a path.
        name = hashlib.sha256(user.encode()).hexdigest()[:32] if user else "local"
        self._folder = index / CHATS / name

    def load(self, chat_id: str | None) -> Chat:
        """The chat with this id; a new one where there is none, or it cannot be read."""
        path = self._path(chat_id)
        if path is None:
            return new_chat()
        if path in _unsaved:
            return _unsaved[path]
        if not path.is_file():
            return new_chat()
        try:
            data = json.loads(path.read_text("utf-8"))
            return Chat(data["id"], tuple(Exchange(**e) for e in data["exchanges"]))
        except (ValueError, KeyError, TypeError):
            # Kept aside: a chat of another version, or one that was cut off, is not ours to delete.
            path.replace(path.with_suffix(".unreadable"))
            return new_chat()

    def save(self, chat: Chat) -> Chat:
        """Write a chat; a reader sees the old one or the new one.

        Where it cannot be written, as on a full disk, it is kept in memory: a conversation can
        go on, and `Chat.unsaved` of what is given back says why.
        """
        with _writing:
            return self._write(chat)

    def change(self, chat_id: str, exchange: Exchange, **changes: Any) -> Chat:
        """Change one exchange of a chat, as it is on disk now; the chat after it.

        Nothing is done where the chat or the exchange is gone: what was deleted or asked anew
        meanwhile stays so.
        """
        with _writing:
            chat = self.load(chat_id)
            same = [e.asked == exchange.asked and e.question == exchange.question for e in chat.exchanges]
            if any(same):
                pairs = zip(chat.exchanges, same, strict=True)
                chat = replace(chat, exchanges=tuple(replace(e, **changes) if hit else e for e, hit in pairs))
                chat = self._write(chat)
        return chat

    def _write(self, chat: Chat) -> Chat:
        path = self._path(chat.id)
        if path is None:
            raise ValueError(f"{chat.id!r} is no id of a chat")
        part = path.with_suffix(f".{uuid.uuid4().hex}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                part.write_text(as_json(chat), "utf-8")
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)  # half a chat, where the disk is full
        except OSError as error:
            chat = _unsaved[path] = replace(chat, unsaved=error.strerror or str(error))
            while len(_unsaved) > _UNSAVED:
                _unsaved.popitem(last=False)
            return chat
        _unsaved.pop(path, None)
        return replace(chat, unsaved="")

    def delete(self, chat_id: str) -> None:
        """Remove a chat.

        Raises:
            OSError: its file cannot be removed.
        """
        if path := self._path(chat_id):
            _unsaved.pop(path, None)
            if path.is_file():
                path.unlink(missing_ok=True)

    def titles(self) -> list[tuple[str, str]]:
        """(title with the day it was last used, id) of every chat, newest first."""
        files = sorted(self._folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
        chats: Sequence[tuple[Path, Chat]] = [(p, self.load(p.stem)) for p in files[:_SHOWN]]
        return [
            (f"{chat.title} · {datetime.fromtimestamp(path.stat().st_mtime):%d %b %Y}", chat.id)
            for path, chat in chats
            if chat.exchanges and path.exists()
        ]

    def _path(self, chat_id: str | None) -> Path | None:
        # What a browser sends is no path until it is known to be an id.
        return self._folder / f"{chat_id}.json" if chat_id and _ID.fullmatch(chat_id) else None


def as_json(chat: Chat) -> str:
    """The chat as JSON, everything in it."""
    return json.dumps({"id": chat.id, "exchanges": [asdict(e) for e in chat.exchanges]}, ensure_ascii=False, indent=1)


def as_markdown(chat: Chat) -> str:
    """The chat as Markdown, every citation a footnote with its words, source and day."""
    out, notes = [f"# {_plain(chat.title)}"], list[str]()
    for exchange in chat.exchanges:
        out.append(f"**{_plain(exchange.question)}**")
        if not exchange.answer:
            out.append("*(stopped)*")
            continue
        base = len(notes)
        said = [split_markers(s["text"]) for s in exchange.answer["sentences"]] or [(exchange.answer["text"], (), "")]
        out.append(" ".join(f"{_plain(t)}{''.join(f'[^{base + m}]' for m in marks)}{end}" for t, marks, end in said))
        for c in exchange.answer["citations"]:
            where = f"{c['source'] or 'source not known'}, {c['date'] or 'undated'}: {c['title'] or c['article_id']}"
            link = f" <{quote(c['url'], _URL)}>" if (c["url"] or "").startswith(("http://", "https://")) else ""
            notes.append(f"[^{base + c['marker']}]: “{_plain(c['quote'])}” — {_plain(where)}{link}")
    return "\n\n".join([*out, *notes]) + "\n"


def split_markers(sentence: str) -> tuple[str, tuple[int, ...], str]:
    """A sentence of an answer without its citations, their markers, and the full stop behind them.

    Only the markers at its end are citations: "[2]" may stand in the words of an article too.
    """
    found = re.search(r"\s*((?:\[\d+\])+)(\W*)$", sentence)
    if not found:
        return sentence, (), ""
    return sentence[: found.start()], tuple(map(int, re.findall(r"\d+", found.group(1)))), found.group(2)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", " ".join(text.split()))
