"""The settings that hold for the whole chat: which collection, which language model, whether it reads ahead; what runs where.

Theme, text size and caution are each browser's own: `static/app.js` keeps them there.
"""

from __future__ import annotations

import gradio as gr

from index.errors import InputError, RagError
from rag import collection, models
from rag.collection import CollectionInfo
from rag.config import NO_MODEL
from ui.loading import Loader
from ui.render import text_html
from ui.words import count_words, escaped, span_words

_WORDS = 0.75  # of English to a token
_MEASURED = 2.0  # seconds that a model must have read, until it is said how fast it is


class Settings:
    """The settings of one chat."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def shown(self, request: gr.Request) -> str:
        """The settings; whoever shares the chat with others can only read them."""
        return self.html(not request.username)

    def change(self, wanted: gr.EventData, request: gr.Request) -> str:
        """Change one of them as a page wants it; the settings after it, or why not.

        A page that shows another collection than before is loaded anew: see `data-reload` in `static/app.js`.
        """
        said = wanted._data if isinstance(wanted._data, dict) else {}
        what, value = str(said.get("what", "")), str(said.get("value", ""))
        try:
            if request.username:
                raise InputError("This chat is used by others, too.", "Whoever started it can change this.")
            self._set(what, value)
        except RagError as error:
            return self.html(not request.username) + text_html(str(error), "error")
        return self.html(True) + ("<span data-reload hidden></span>" if what == "collection" else "")

    def _set(self, what: str, value: str) -> None:
        if what == "collection":
            self._loader.use_collection(collection.existing(value))
        elif what == "model":
            if value not in self._models():
                raise InputError(f"There is no model {value!r:.80} here.", "`rag models list` lists them.")
            self._loader.use_model(value)
        elif what == "read-ahead":
            self._loader.reads_ahead = value == "on"

    def html(self, own: bool) -> str:
        """All of it.

        Args:
            own: whether whoever looks may change it.
        """
        loader = self._loader
        out = []
        if own and not loader.on_a_server:
            rows = [(name, name if name != NO_MODEL else "None", self._about(name)) for name in self._models()]
            told = "It changes once the questions that were asked are answered, and holds until the chat is stopped."
            out.append(_choice("model", "Language model", rows, loader.model, told))
        if own and loader.can_read_ahead:
            on = "on" if loader.reads_ahead else "off"
            told = (
                f"While nobody asks, the model reads the newest {loader.prefetch or loader.most:,} passages, so that an answer "
                "comes sooner. It keeps a processor busy for some minutes."
            )
            out.append(_choice("read-ahead", "Reading ahead", [("on", "On", ""), ("off", "Off", "")], on, told))
        if own:
            there = collection.collections()
            rows = [(info.name, info.name, _told(info)) for info in there]
            current = collection.name_of(loader.index) or ""
            told = "Each collection has chats of its own. Make another with: rag index FOLDER --collection NAME"
            if rows and (rows != [(current, current, rows[0][2])]):
                out.append(_choice("collection", "Collection", rows, current, told))
        items = "".join(f"<dt>{k}</dt><dd>{escaped(v)}</dd>" for k, v in self._where().items() if v)
        return f'{"".join(out)}<section class="set"><h3>What runs where</h3><dl>{items}</dl></section>'

    def _models(self) -> list[str]:
        """The language models that are on this machine, and the one in use."""
        here = [name for name, model in models.registry().items() if model.kind == "llm" and model.present]
        return [*dict.fromkeys([*here, self._loader.model, NO_MODEL])]

    def _about(self, name: str) -> str:
        """How large a model is, and how fast, once that is known."""
        if name == NO_MODEL:
            return "Answers are the articles’ own sentences, at once."
        known = models.registry().get(name)
        size = f"{known.bytes / 1e9:.1f} GB, {known.about}" if known else "a file of your own"
        read, seconds = self._loader.usage(name)
        speed = f"; reads {read * _WORDS / seconds:,.0f} words a second on this computer" if seconds > _MEASURED else ""
        return size + speed

    def _where(self) -> dict[str, str]:
        loader = self._loader
        return {
            "Language model": loader.label,
            "Where it runs": loader.where,
            "Collection": str(loader.index),
            "Embedding model": loader.store.meta.get("embedder", ""),
            "Read ahead": f"{loader.prefetch} passages while nobody asks" if loader.prefetch else "off",
        }


def _told(info: CollectionInfo) -> str:
    """What is in a collection, in a few words."""
    if info.error:
        return info.error
    span = f", {span_words(info.first, info.last)}" if info.first and info.last else ""
    return f"{count_words(info.articles, 'article')}{span}"


def _choice(what: str, title: str, rows: list[tuple[str, str, str]], current: str, told: str) -> str:
    """Values to choose from, each with a few words on it."""
    buttons = "".join(
        f'<button type="button" role="radio" aria-checked="{str(value == current).lower()}" data-use="{what}" '
        f'data-value="{escaped(value)}"><b>{escaped(name)}</b>{f"<small>{escaped(about)}</small>" if about else ""}</button>'
        for value, name, about in rows
    )
    return (
        f'<section class="set"><h3>{title}</h3><p>{escaped(told)}</p><div class="body options" role="radiogroup" '
        f'aria-label="{title}">{buttons}</div></section>'
    )
