"""Past chats on disk: one JSON file a chat, kept beside the index they were held over.

FOLDER/chats/USER/ID.json; a deleted one is ID.deleted until it can no longer be brought back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from rag.types import Turn

CHATS = "chats"
_ID = re.compile(r"[0-9a-f]{32}")
_DELETED = ".deleted"
_URL = ":/?#@!$&'*+,;=%~"  # characters of an address that mean nothing in Markdown
_TITLE = 60  # characters
_SHOWN = 200  # chats that are listed, at most
_UNSAVED = 100  # chats kept in memory, at most, that could not be written
UNDO = 60  # seconds for which a deleted chat can be brought back
_NAME = 120  # characters of a name that a person gives a chat

State = Literal["waiting", "running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Exchange:
    """A question and its answer as plain data (`rag.types.Answer.as_dict`).

    Attributes:
        answer: None where there is none (yet): see `state`.
        asked: the moment, which identifies it.
        limits: source, from, to and as_of, as far as the question was limited.
        note: what a person should know about this answer.
        liked: the thumb given, if any.
    """

    question: str
    answer: dict[str, Any] | None = None
    asked: str = ""
    limits: dict[str, str] = field(default_factory=dict)
    note: str = ""
    liked: bool | None = None
    state: State = "done"


@dataclass(frozen=True)
class Chat:
    """A conversation; `id` is 32 hexadecimal digits.

    Attributes:
        name: what a person calls it; if empty, its first question is shown.
        unsaved: why it is only in memory; empty if it is on disk.
    """

    id: str
    exchanges: tuple[Exchange, ...] = ()
    name: str = ""
    unsaved: str = ""

    @property
    def title(self) -> str:
        """Its name, or its first question, cut."""
        if self.name:
            return self.name
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
            return Chat(data["id"], tuple(_exchange(e) for e in data["exchanges"]), data.get("name", ""))
        except (ValueError, KeyError, TypeError):
            # Kept aside: a chat of another version, or one that was cut off, is not ours to delete.
            path.replace(path.with_suffix(".unreadable"))
            return new_chat()

    def save(self, chat: Chat) -> Chat:
        """Write a chat; a reader sees the old one or the new one.

        If it cannot be written, as on a full disk, it is kept in memory: the conversation can go on, and `Chat.unsaved`
        of the returned chat says why.
        """
        with _writing:
            return self._write(chat)

    def append(self, chat_id: str | None, exchange: Exchange) -> Chat:
        """Add a question to a chat as it is on disk now, so that two pages lose nothing; returns the new chat."""
        with _writing:
            chat = self.load(chat_id)
            return self._write(replace(chat, exchanges=(*chat.exchanges, exchange)))

    def rename(self, chat_id: str, name: str) -> Chat:
        """Rename a chat; an empty name brings back its first question."""
        with _writing:
            chat = self.load(chat_id)
            return self._write(replace(chat, name=" ".join(name.split())[:_NAME])) if chat.exchanges else chat

    def change(self, chat_id: str, exchange: Exchange, **changes: Any) -> Chat:
        """Change one exchange of a chat, as it is on disk now; returns the new chat.

        Nothing is done if the chat or the exchange is gone: what was meanwhile deleted or asked again stays so.
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
        """Remove a chat. `restore` brings it back for a minute; one that was never written is gone at once.

        Raises:
            OSError: its file cannot be removed.
        """
        self._purge()
        path = self._path(chat_id)
        if path is None:
            return
        with _writing:
            _unsaved.pop(path, None)
            if path.is_file():
                os.utime(path)  # from now on it is counted for how long it can come back
                path.replace(path.with_suffix(_DELETED))

    def restore(self, chat_id: str) -> bool:
        """Bring back a chat that was just deleted; returns whether it could be."""
        path = self._path(chat_id)
        with _writing:
            if path is None or path.exists() or not path.with_suffix(_DELETED).is_file():
                return False
            path.with_suffix(_DELETED).replace(path)
        return True

    def recent(self, words: str = "") -> list[tuple[Chat, datetime]]:
        """The chats with the moment they were last used, newest first.

        Args:
            words: only chats whose name, questions or answers contain this.
        """
        self._purge()
        wanted = words.casefold().strip()
        files = sorted(self._folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)[:_SHOWN]
        chats = [(self.load(path.stem), path) for path in files]
        return [
            (chat, datetime.fromtimestamp(path.stat().st_mtime))
            for chat, path in chats
            if chat.exchanges and path.exists() and (not wanted or wanted in _words(chat))
        ]

    def _purge(self) -> None:
        """Delete for good what was deleted more than a minute ago."""
        for path in self._folder.glob(f"*{_DELETED}"):
            if time.time() - path.stat().st_mtime > UNDO:
                path.unlink(missing_ok=True)

    def _path(self, chat_id: str | None) -> Path | None:
        # What a browser sends is no path until it is known to be an id.
        return self._folder / f"{chat_id}.json" if chat_id and _ID.fullmatch(chat_id) else None


def _exchange(data: dict[str, Any]) -> Exchange:
    """An exchange as it was written, even by a version without states."""
    given = "done" if data.get("answer") else "failed" if data.get("note") else "stopped"
    return Exchange(**{"state": given, **data})


def _words(chat: Chat) -> str:
    said = (f"{e.question} {(e.answer or {}).get('text', '')}" for e in chat.exchanges)
    return " ".join((chat.name, *said)).casefold()


def as_json(chat: Chat) -> str:
    """The chat as JSON, everything in it."""
    data = {"id": chat.id, "name": chat.name, "exchanges": [asdict(e) for e in chat.exchanges]}
    return json.dumps(data, ensure_ascii=False, indent=1)


def as_markdown(chat: Chat) -> str:
    """The chat as Markdown, every citation a footnote with its words, source and day."""
    out, notes = [f"# {_plain(chat.title)}"], list[str]()
    for exchange in chat.exchanges:
        if exchange.answer:
            text, more = markdown_exchange(exchange.question, exchange.answer, len(notes))
            notes += more
        else:
            text = f"**{_plain(exchange.question)}**\n\n*({_plain(exchange.note or exchange.state)})*"
        out.append(text)
    return "\n\n".join([*out, *notes]) + "\n"


def markdown_exchange(question: str, answer: dict[str, Any], base: int) -> tuple[str, list[str]]:
    """A question with its answer as Markdown, and its footnotes, numbered from `base` + 1."""
    said = [split_markers(s["text"]) for s in answer["sentences"]] or [(answer["text"], (), "")]
    text = " ".join(f"{_plain(t)}{''.join(f'[^{base + m}]' for m in marks)}{end}" for t, marks, end in said)
    notes = []
    for c in answer["citations"]:
        where = f"{c['source'] or 'source not known'}, {c['date'] or 'undated'}: {c['title'] or c['article_id']}"
        link = f" <{quote(c['url'], _URL)}>" if (c["url"] or "").startswith(("http://", "https://")) else ""
        notes.append(f"[^{base + c['marker']}]: “{_plain(c['quote'])}” — {_plain(where)}{link}")
    return f"**{_plain(question)}**\n\n{text}", notes


def split_markers(sentence: str) -> tuple[str, tuple[int, ...], str]:
    """A sentence of an answer without its citations, their markers, and the full stop behind them.

    Only the markers at its end are citations: "[2]" may also be in an article's own words.
    """
    found = re.search(r"\s*((?:\[\d+\])+)(\W*)$", sentence)
    if not found:
        return sentence, (), ""
    return sentence[: found.start()], tuple(map(int, re.findall(r"\d+", found.group(1)))), found.group(2)


def _plain(text: str) -> str:
    """The text escaped for Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", " ".join(text.split()))
