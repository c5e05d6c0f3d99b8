"""Adding articles: title, source and date are shown for correction before anything is stored."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr

from index import additions, edits, pages
from index.errors import InputError, RagError
from index.fetch import host_of
from index.types import Article, Skipped
from rag.question.check import read_days
from ui.articles import fields_html
from ui.icons import icon
from ui.loading import Loader
from ui.panel import report_html
from ui.render import text_html
from ui.words import count_words, escaped

_SHOWN = 50  # articles that are shown for correction; those after them are taken as they were understood


@dataclass(frozen=True)
class Understood:
    """What was looked at.

    Attributes:
        articles: those that were shown for correction.
        page: the name and the content of the page that was fetched, where one was.
    """

    articles: tuple[Article, ...] = ()
    page: tuple[str, bytes] | None = None


class Adding:
    """What a page does to add articles to a collection."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def look(self, files: Sequence[str] | None, text: str, address: str = "") -> Iterator[tuple[str, Understood]]:
        """What would be taken of files, a pasted text and a page, as HTML to be corrected, and as it is.

        Nothing is stored. A connection is made where an address is given, to that address alone (and to
        where it leads), never to a private network; before it is made the first value says where to.
        """
        page: tuple[str, bytes] | None = None
        try:
            if address := address.strip():
                yield f'<p class="status" role="status">Connecting to {escaped(host_of(address))} …</p>', Understood()
                page = pages.get(address)
            if not files and not text.strip() and not page:
                yield "", Understood()
                return
            embedder = self._loader.rag_now().embedder
            with _with_page(files, page) as paths:
                found, skipped = additions.look(self._loader.index, paths, text, embedder)
        except RagError as error:
            yield text_html(str(error), "error"), Understood()
        except OSError as error:
            yield text_html(f"It could not be read ({error.strerror or error}).", "error"), Understood()
        else:
            yield review_html(found, skipped), Understood(tuple(found[:_SHOWN]), page)

    def take(
        self,
        files: Sequence[str] | None,
        text: str,
        seen: Understood,
        corrected: Mapping[str, Any],
        progress: gr.Progress,
    ) -> tuple[str, bool]:
        """Add what was looked at to the collection, as corrected; returns what was done, and whether all went well.

        Args:
            corrected: title, source and date of each article of `seen`, by its place in it.
        """
        reports: list[str] = []

        def tick(done: int, total: int) -> None:
            progress((done, total), desc="embedding")

        try:
            changes = [(a, _changes(a, corrected.get(str(n)))) for n, a in enumerate(seen.articles)]
            if not files and not text.strip() and not seen.page:
                raise InputError("There is nothing to add.", "Choose files, paste a text or give an address.")
            index, embedder = self._loader.index, self._loader.rag_now().embedder
            progress(0, desc="reading")
            if files or seen.page:
                with _with_page(files, seen.page) as paths:
                    reports.append(report_html(additions.add(index, paths, embedder, tick)))
                for path in files or ():
                    Path(path).unlink(missing_ok=True)  # the upload; the collection has a copy
            if text.strip():
                reports.append(report_html(additions.add_text(index, text, embedder)))
            for article, changed in changes:
                stored = self._loader.store.with_text(article.text) if changed else None
                if stored:
                    edits.set_fields(index, stored, embedder, **changed)
        except RagError as error:
            return "".join(reports) + text_html(str(error), "error"), False
        except OSError as error:
            return "".join(reports) + text_html(f"It could not be written ({error.strerror or error}).", "error"), False
        return "".join(reports), True


@contextmanager
def _with_page(files: Sequence[str] | None, page: tuple[str, bytes] | None) -> Iterator[list[Path]]:
    """The files, and the page as one more for as long as it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(file) for file in files or ()]
        if page:
            name, data = page
            (Path(folder) / name).write_bytes(data)
            paths.append(Path(folder) / name)
        yield paths


def _changes(article: Article, given: Any) -> dict[str, Any]:
    """What a person has corrected of an article, as `edits.set_fields` takes it.

    Raises:
        InputError: a date that is not one.
    """
    fields = {name: str(value).strip() for name, value in given.items()} if isinstance(given, dict) else {}
    was = {"title": article.title or "", "source": article.source or ""}
    changed: dict[str, Any] = {name: fields[name] for name in was if fields.get(name) and fields[name] != was[name]}
    day: date | None = read_days(Date=fields.get("date", ""))["Date"]
    if day and day != article.published:
        changed["published"] = day
    return changed


def review_html(found: Sequence[Article], skipped: Sequence[Skipped]) -> str:
    """Articles that are not stored yet, with their fields for correction."""
    wanting = sum(not (a.title and a.source and a.published) for a in found)
    look = f" {wanting:,} {'needs' if wanting == 1 else 'need'} a look." if wanting else ""
    rows = "".join(_row(article, number) for number, article in enumerate(found[:_SHOWN]))
    more = len(found) - _SHOWN
    rest = f"<p>And {more:,} more, which are taken as they are.</p>" if more > 0 else ""
    left = "".join(f"<li>{escaped(Path(s.path).name)}: {escaped(s.why)}</li>" for s in skipped)
    not_taken = f'<p class="label">Not taken:</p><ul class="left">{left}</ul>' if left else ""
    count = count_words(len(found), "article")
    add = f'<button type="submit" class="btn primary">Add {count}</button>' if found else ""
    title = f"{count} ready.{look}" if found else "There is nothing new in it."
    return (
        f'<form class="ready" aria-labelledby="ready"><header><h3 id="ready">{title}</h3>'
        f'<button type="button" class="btn quiet" data-act="add-nothing">Cancel</button>{add}</header>'
        f"<ul>{rows}</ul>{rest}{not_taken}</form>"
    )


def _row(article: Article, number: int) -> str:
    """An article with its fields; what is missing is also said in words."""
    whole = bool(article.title and article.source and article.published)
    mark = (
        f'<span class="tick" title="Title, source and date are known">{icon("check")}</span>'
        if whole
        else '<span class="tick ask" title="Please look at this one">?</span>'
    )
    removed = len(article.removed)
    lines = f"{count_words(removed, 'line')} that {'is' if removed == 1 else 'are'} not the article will be removed"
    told = f'<p class="hint">{lines}</p>' if removed else ""
    return f'<li data-row="{number}">{mark}<div>{fields_html(article, f"new{number}")}{told}</div></li>'
