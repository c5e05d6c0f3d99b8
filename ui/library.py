"""What happens to the collection from the page: look through it, open, add, remove."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from index import additions
from index.errors import InputError, RagError
from ui import examples, panel
from ui.api import days
from ui.chat import EVERY_SOURCE
from ui.loading import Loader
from ui.render import text_html

_FOUND = 12
_MAX_SPANS = 50


class Shelf:
    """The articles of one collection."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def header(self) -> str:
        """The page's heading: what is loaded, and whether it is still loading."""
        store = self._loader.store
        first, last = store.span()
        line = panel.loaded_line(int(store.meta["articles"]), first, last, self._loader.label)
        if self._loader.error:
            state = text_html(str(self._loader.error), "error")
        else:
            state = "" if self._loader.ready else text_html("The models are loading; you can ask already.", "status")
        return f"<header><h1>Ask the articles</h1>{text_html(line, 'loaded')}{state}</header>"

    def listing(self) -> str:
        """The articles."""
        meta = self._loader.store.meta
        return panel.list_html(
            self._loader.store.articles(panel.LISTED), int(meta["articles"]), json.loads(meta["skipped"])
        )

    def examples(self) -> list[dict[str, str]]:
        """Questions to begin with."""
        return [{"text": question} for question in examples.questions(self._loader.store.articles(examples.MOST))]

    def sources(self) -> list[str]:
        """What the next question can be limited to."""
        return [EVERY_SOURCE, *self._loader.store.sources()]

    def own(self) -> list[tuple[str, str]]:
        """(label, id) of what was added here."""
        return [(a.label, a.id) for a in additions.own(self._loader.store)]

    def find(self, query: str, source: str, after: str, before: str) -> str:
        """The passages nearest to some words, within the limits of the next question."""
        if not (query or "").strip():
            return ""
        try:
            limits = days(From=after or "", To=before or "")
            only = source if source != EVERY_SOURCE else None
            found = self._loader.rag_now().search(query, _FOUND, source=only, after=limits["From"], before=limits["To"])
        except RagError as error:
            return text_html(str(error), "error")
        return panel.hits_html(found, query)

    def open_article(self, wanted: Mapping[str, Any]) -> str:
        """An article of the collection with cited words lit.

        Args:
            wanted: what a browser sends: `article` (an id, never a path), `start`, `end`, and
                `others`, the spans that are to be lit faintly.
        """
        try:
            article = self._loader.store.article(str(wanted["article"]))
        except (KeyError, TypeError):
            return text_html("There is no such article in the collection (any more).", "error")
        except RagError as error:
            return text_html(str(error), "error")
        try:
            others = [(int(a), int(b)) for a, b in wanted.get("others", [])[:_MAX_SPANS]]
            return panel.article_html(article, (int(wanted["start"]), int(wanted["end"])), others)
        except (KeyError, TypeError, ValueError, OverflowError):
            return panel.article_html(article)

    def add(
        self, files: Sequence[str] | None, text: str, title: str, source: str, day: str, progress: gr.Progress
    ) -> tuple[str, bool]:
        """Take files and a pasted text into the collection: what was done, and whether all went well."""
        reports: list[str] = []

        def tick(done: int, total: int) -> None:
            progress((done, total), desc="embedding")

        try:
            published = days(day=day.strip())["day"]
            if not files and not text.strip():
                raise InputError("There is nothing to add.", "Choose files or paste a text.")
            embedder = self._loader.rag_now().embedder
            progress(0, desc="reading")
            if files:
                paths = [Path(file) for file in files]
                reports.append(panel.report_html(additions.add(self._loader.index, paths, embedder, tick)))
                for path in paths:
                    path.unlink(missing_ok=True)  # the upload; the collection has a copy
            if text.strip():
                done = additions.add_text(self._loader.index, text, embedder, title.strip(), source.strip(), published)
                reports.append(panel.report_html(done))
        except RagError as error:
            return "".join(reports) + text_html(str(error), "error"), False
        except OSError as error:
            return "".join(reports) + text_html(f"It could not be written ({error.strerror or error}).", "error"), False
        return "".join(reports), True

    def remove(self, article_id: str | None) -> str:
        """Take out again what was added; what was done."""
        try:
            if not article_id:
                raise InputError("No article is chosen.", "Choose one of those that were added.")
            report = additions.remove(self._loader.index, article_id, self._loader.rag_now().embedder)
        except RagError as error:
            return text_html(str(error), "error")
        except OSError as error:
            return text_html(f"It could not be removed ({error.strerror or error}).", "error")
        return text_html(f"Removed; the collection has {report.articles} articles now.", "status")

    def refreshed(self) -> tuple[Any, ...]:
        """Everything on the page that shows the collection, as it is now."""
        return (
            self.header(),
            self.listing(),
            gr.Dropdown(choices=self.sources()),
            gr.Dropdown(choices=list(self.own()), value=None),
        )
