"""What a page does with the collection: look through it, open, add, remove."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from index import additions, edits
from index.errors import InputError, RagError
from index.store import listing
from index.types import Article
from rag.question.check import read_days
from ui import articles, panel
from ui.articles import Shown
from ui.loading import Loader
from ui.overview import Overview, overview_html
from ui.rail import foot_html, rail_html
from ui.render import text_html
from ui.words import count_words, escaped

_FOUND = 30  # passages of a search
_MAX_SPANS = 50
_UNDO = 600.0  # seconds for which a removed article can be brought back


@dataclass(frozen=True)
class _Removed:
    """An article that can be brought back: when it was removed, its file, and what a person had corrected."""

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
        """The first view: what is in the collection, and questions to ask."""
        store = self._loader.store
        seen = Overview(
            int(store.meta["articles"]), store.by_day(), store.by_source(), self._loader.named, self._loader.questions,
            self._loader.places,
        )  # fmt: skip
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

    def head(self) -> str:
        """How many articles there are, and a button to add more."""
        store = self._loader.store
        return articles.head_html(int(store.meta["articles"]), *store.span(), listing.count_gaps(store))

    def filters(self) -> str:
        """Which articles can be listed."""
        store = self._loader.store
        return articles.filters_html(
            listing.sources(store), int(store.meta["articles"]), listing.count_gaps(store), *store.span()
        )

    def listing(self, shown: Shown) -> str:
        """A page of the articles."""
        store = self._loader.store
        try:
            days = read_days(From=shown.after, To=shown.before)
            source = shown.source if shown.source in store.sources() else None  # its last article may be gone
            page = listing.page(
                store, shown.offset, articles.LISTED,
                source=source, after=days["From"], before=days["To"], newest_first=True, gaps=shown.gaps,
            )  # fmt: skip
            edited = set(edits.read(self._loader.index))
        except RagError as error:
            return text_html(str(error), "error")
        own = {article.id for article in additions.own(store)}
        return articles.list_html(page, shown, own, edited, json.loads(store.meta["skipped"]))

    def set(self, given: Mapping[str, Any]) -> tuple[str, bool]:
        """Set title, source and date of an article as given; returns what was done, and whether it was.

        An emptied field goes back to what was read; with `as_read` all of them do.
        """
        try:
            article = self._loader.store.article(str(given.get("id", "")))
            edit = edits.read(self._loader.index).get(article.id)
            told = set(edit.told) if edit else set()
            if given.get("as_read"):
                changed, restore = dict[str, Any](), told
            else:
                changed, restore = _changed(article, given, told)
            if not changed and not restore:
                return "", True
            embedder = self._loader.rag_now().embedder
            edits.set_fields(self._loader.index, article.id, embedder, **changed, restore=restore)
        except KeyError:
            return text_html("There is no such article in the collection (any more).", "error"), False
        except RagError as error:
            return text_html(str(error), "error"), False
        except OSError as error:
            return text_html(f"It could not be written ({error.strerror or error}).", "error"), False
        return '<p class="status" role="status">Saved. Indexing again does not overwrite it.</p>', True

    def limits(self) -> str:
        """The filters for the next questions: a source, days."""
        return panel.limits_html(self._loader.store.sources(), *self._loader.store.span())

    def find(self, query: str, shown: Shown) -> str:
        """The passages nearest to some words, in the articles that are listed."""
        if not (query or "").strip():
            return ""
        try:
            days = read_days(From=shown.after, To=shown.before)
            found = self._loader.rag_now().search(
                query, _FOUND, source=shown.source or None, after=days["From"], before=days["To"]
            )
        except RagError as error:
            return text_html(str(error), "error")
        return panel.hits_html(found, query)

    def open_article(self, wanted: Mapping[str, Any]) -> str:
        """An article of the collection with its cited words highlighted.

        Args:
            wanted: what a browser sends: `article` (an id, never a path), `start`, `end`, `others`, the spans to
                highlight faintly, and `exact`, the one to highlight most.
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

    def remove(self, article_id: str) -> str:
        """Remove an article that was added; returns what was done. `bring_back` undoes it for ten minutes."""
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
        """Undo a removal; returns what was done."""
        self._forget()
        kept = self._removed.pop(article_id, None)
        if kept is None:
            return text_html("It can no longer be brought back: add it again.", "error")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / kept.name
            path.write_bytes(kept.content)
            try:
                embedder = self._loader.rag_now().embedder
                done = panel.report_html(additions.add(self._loader.index, [path], embedder))
            except (RagError, OSError) as error:
                return text_html(str(error), "error")
        if kept.edit:
            told = kept.edit.told
            day = date.fromisoformat(told["date"]) if "date" in told else None
            try:
                edits.set_fields(
                    self._loader.index, article_id, embedder,
                    title=told.get("title"), source=told.get("source"), published=day,
                )  # fmt: skip
            except RagError as error:
                return done + text_html(f"What you had corrected in it is lost. {error}", "error")
        return done

    def _own(self, article_id: str) -> Article:
        for article in additions.own(self._loader.store):
            if article.id == article_id:
                return article
        raise InputError("This article was not added here.", "Remove its file from its folder and run `rag index`.")

    def _forget(self) -> None:
        now = time.monotonic()
        self._removed = {name: kept for name, kept in self._removed.items() if now - kept.when < _UNDO}


def _changed(article: Article, given: Mapping[str, Any], told: set[str]) -> tuple[dict[str, Any], set[str]]:
    """What a person changed in an article, as `edits.set_fields` takes it, and the fields to put back as read.

    Raises:
        InputError: a date that is not one, or an emptied field that its file fills.
    """
    fields = {name: str(given.get(name) or "").strip() for name in edits.FIELDS}
    was = {"title": article.title or "", "source": article.source or "", "date": str(article.published or "")}
    changed: dict[str, Any] = {name: fields[name] for name in ("title", "source") if fields[name] != was[name]}
    if fields["date"] != was["date"]:
        changed["published"] = read_days(Date=fields["date"])["Date"]
    restore = {name for name in told if not fields[name]}
    for name in fields:
        if was[name] and not fields[name] and name not in restore:
            raise InputError(f"The {name} is empty.", f"Give a {name}; the one in the file cannot be removed.")
    names = {name: "published" if name == "date" else name for name in restore}
    return {name: value for name, value in changed.items() if name not in names.values()}, restore
