"""What a page does with the collection: look through it, open, add, remove."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr

from index import additions, edits
from index.errors import InputError, RagError
from index.types import Article
from rag.question.check import read_days
from ui import panel
from ui.loading import Loader
from ui.overview import Overview, overview_html
from ui.rail import foot_html, rail_html
from ui.render import text_html
from ui.words import count_words, escaped

_FOUND = 12
_MAX_SPANS = 50
_UNDO = 600.0  # seconds for which a removed article can be brought back


@dataclass(frozen=True)
class _Removed:
    """An article that can be brought back: when it was removed, its file, and what a person had set of it."""

    when: float
    name: str
    content: bytes
    edit: edits.Edit | None


class Library:
    """The articles of one collection."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._removed: dict[str, _Removed] = {}  # by article id

    def overview(self) -> str:
        """The first view: what is in the collection, and what it can be asked."""
        store = self._loader.store
        seen = Overview(
            int(store.meta["articles"]), store.by_day(), store.by_source(), self._loader.named, self._loader.questions
        )
        return overview_html(seen)

    def rail(self) -> str:
        """The head of the rail."""
        return rail_html(int(self._loader.store.meta["articles"]))

    def foot(self) -> str:
        """The foot of the rail: where the model runs, or what is still missing."""
        if self._loader.error:
            state = str(self._loader.error)
        else:
            state = "" if self._loader.ready else "The models are loading; you can ask already."
        return foot_html(self._loader.name, self._loader.where, state)

    def settings(self) -> str:
        """What runs where."""
        rows = {
            "Language model": self._loader.label,
            "Where it runs": self._loader.where,
            "Collection": str(self._loader.index),
            "Embedding model": self._loader.store.meta.get("embedder", ""),
            "Read ahead": f"{self._loader.prefetch} passages while nobody asks" if self._loader.prefetch else "off",
        }
        items = "".join(f"<dt>{k}</dt><dd>{escaped(v)}</dd>" for k, v in rows.items() if v)
        return f'<section class="set"><h3>What runs where</h3><dl>{items}</dl></section>'

    def listing(self) -> str:
        """The articles."""
        store = self._loader.store
        own = {article.id for article in additions.own(store)}
        return panel.list_html(
            store.articles(panel.LISTED), int(store.meta["articles"]), json.loads(store.meta["skipped"]), own
        )

    def limits(self) -> str:
        """What the next questions can be limited to: a source, days."""
        return panel.limits_html(self._loader.store.sources(), *self._loader.store.span())

    def find(self, query: str, limits: Mapping[str, str] | None) -> str:
        """The passages nearest to some words, within the limits of the next question."""
        if not (query or "").strip():
            return ""
        given = limits or {}
        try:
            range_ = read_days(From=given.get("from", ""), To=given.get("to", ""))
            found = self._loader.rag_now().search(
                query, _FOUND, source=given.get("source") or None, after=range_["From"], before=range_["To"]
            )
        except RagError as error:
            return text_html(str(error), "error")
        return panel.hits_html(found, query)

    def open_article(self, wanted: Mapping[str, Any]) -> str:
        """An article of the collection with cited words lit.

        Args:
            wanted: what a browser sends: `article` (an id, never a path), `start`, `end`,
                `others`, the spans that are to be lit faintly, and `exact`, the one to be lit most.
        """
        try:
            article = self._loader.store.article(str(wanted["article"]))
        except (KeyError, TypeError):
            return text_html("There is no such article in the collection (any more).", "error")
        except RagError as error:
            return text_html(str(error), "error")
        try:
            others = [(int(a), int(b)) for a, b in wanted.get("others", [])[:_MAX_SPANS]]
            exact = [int(n) for n in wanted.get("exact") or (0, 0)][:2]
            return panel.article_html(
                article, (int(wanted["start"]), int(wanted["end"])), others, (exact[0], exact[-1])
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            return panel.article_html(article)

    def add(self, files: Sequence[str], text: str, about: Mapping[str, str], progress: gr.Progress) -> tuple[str, bool]:
        """Take files and a pasted text into the collection: what was done, and whether all went well.

        Args:
            about: title, source and day of the pasted text, as far as a person gave them.
        """
        reports: list[str] = []

        def tick(done: int, total: int) -> None:
            progress((done, total), desc="embedding")

        try:
            published = read_days(Date=about.get("day", "").strip())["Date"]
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
                title, source = about.get("title", "").strip(), about.get("source", "").strip()
                done = additions.add_text(self._loader.index, text, embedder, title, source, published)
                reports.append(panel.report_html(done))
        except RagError as error:
            return "".join(reports) + text_html(str(error), "error"), False
        except OSError as error:
            return "".join(reports) + text_html(f"It could not be written ({error.strerror or error}).", "error"), False
        return "".join(reports), True

    def remove(self, article_id: str) -> str:
        """Take out again what was added; what was done. `bring_back` undoes it for ten minutes."""
        try:
            article = self._own(article_id)
            file = Path(article.path.split(" line ")[0])
            content, edit = file.read_bytes(), edits.read(self._loader.index).get(article_id)
            report = additions.remove(self._loader.index, article_id, self._loader.rag_now().embedder)
        except RagError as error:
            return text_html(str(error), "error")
        except OSError as error:
            return text_html(f"It could not be removed ({error.strerror or error}).", "error")
        self._forget()
        self._removed[article_id] = _Removed(time.monotonic(), file.name, content, edit)
        return (
            f'<p class="status" role="status">Removed “{escaped(article.label)}”; the collection has '
            f'{count_words(report.articles, "article")} now. <button type="button" class="link" data-act="bring-back" '
            f'data-id="{escaped(article_id)}">Undo</button></p>'
        )

    def bring_back(self, article_id: str) -> str:
        """Undo a removal; what was done."""
        self._forget()
        kept = self._removed.pop(article_id, None)
        if kept is None:
            return text_html("It can no longer be brought back: add it again.", "error")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / kept.name
            path.write_bytes(kept.content)
            done, whole = self.add([str(path)], "", {}, gr.Progress())
        if kept.edit and whole:
            told = kept.edit.told
            day = date.fromisoformat(told["date"]) if "date" in told else None
            try:
                embedder = self._loader.rag_now().embedder
                edits.set_fields(self._loader.index, article_id, embedder, told.get("title"), told.get("source"), day)
            except RagError as error:
                return done + text_html(f"What you had set of it is lost. {error}", "error")
        return done

    def _own(self, article_id: str) -> Article:
        for article in additions.own(self._loader.store):
            if article.id == article_id:
                return article
        raise InputError("This article was not added here.", "Remove its file from its folder and run `rag index`.")

    def _forget(self) -> None:
        now = time.monotonic()
        self._removed = {name: kept for name, kept in self._removed.items() if now - kept.when < _UNDO}
