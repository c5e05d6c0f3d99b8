"""The page of articles as escaped HTML: its head, its filters, a page of the list, and the form that edits one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import date

from index.store.listing import Page, Source
from index.types import Article
from ui.icons import icon
from ui.panel import removed_html
from ui.timeline import open_button
from ui.words import NO_SOURCE, count_words, date_how, escaped, folded, span_words

LISTED = 50  # articles on one page of the list
_PILLS = 5  # sources with a button of their own; more of them are a list to choose from
_EXCERPT = 240  # characters


@dataclass(frozen=True)
class Shown:
    """Which of the articles are listed.

    Attributes:
        source, after, before: only articles of this source and these days, as text; empty for all.
        gaps: only those that name no source or have no date.
        offset: how many newer ones are passed over.
    """

    source: str = ""
    after: str = ""
    before: str = ""
    gaps: bool = False
    offset: int = 0


def head_html(total: int, first: date | None, last: date | None, gaps: int) -> str:
    """How many articles there are and from when, and a button to add more."""
    if total:
        span = f", {span_words(first, last)}" if first and last else ""
        missing = f" {gaps:,} {'has' if gaps == 1 else 'have'} no source or no date." if gaps else ""
        title, told = "Articles", f"{count_words(total, 'article')}{span}.{missing}"
    else:
        title = "Add your first articles"
        told = "They stay on this computer. Title, source and date are found for you where the text gives them."
    return (
        f'<div class="page-head"><div><h2>{title}</h2><p>{escaped(told)}</p></div>'
        f'<button type="button" class="btn primary" data-act="add">{icon("plus")}Add articles</button></div>'
    )


def filters_html(sources: Sequence[Source], total: int, gaps: int, first: date | None, last: date | None) -> str:
    """The filters of the list: a source, days, articles that lack something."""
    choices = [("", "All", total), *((s.name, s.name, s.articles) for s in sources[:_PILLS])]
    pills = "".join(_pill("source", value, text, count, not value) for value, text, count in choices)
    if len(sources) > _PILLS:
        options = "".join(
            f'<option value="{escaped(s.name)}">{escaped(s.name)} ({s.articles:,})</option>' for s in sources[_PILLS:]
        )
        pills += f'<select data-only="more" aria-label="More sources"><option value="">More sources</option>{options}</select>'
    if gaps:
        pills += _pill("gaps", "yes", "No source or no date", gaps, False)
    span = f'min="{first}" max="{last}"' if first else ""
    days = " to ".join(
        f'<input type="date" data-only="{name}" aria-label="{label}" {span}>'
        for name, label in (("after", "Published from"), ("before", "Published to"))
    )
    whole = (
        f'<button type="button" class="pill" data-act="summarise">{icon("chat", True)}Summarise these</button>'
        if total
        else ""
    )
    return f'<div class="filters" role="group" aria-label="Which articles">{pills}<span class="dates">{days}</span>{whole}</div>'


def _pill(name: str, value: str, text: str, count: int, on: bool) -> str:
    return (
        f'<button type="button" class="pill{" on" if on else ""}" aria-pressed="{str(on).lower()}" data-only="{name}" '
        f'data-value="{escaped(value)}">{escaped(text)} <span class="num">{count:,}</span></button>'
    )


def list_html(
    page: Page,
    shown: Shown,
    own: Set[str] = frozenset(),
    edited: Set[str] = frozenset(),
    skipped: Sequence[Mapping[str, str]] = (),
) -> str:
    """A page of the articles, each with buttons to open and edit it; and the files that were skipped, with the reason.

    The form that edits an article comes with it, as data of its row: the page opens it at once, and again where the list
    is made anew meanwhile (see `static/app.js`). The list says which articles it shows, as the page may want others by now.

    Args:
        own: ids of those that were added in the chat, which can be removed here.
        edited: ids of those that a person has corrected.
    """
    rows = "".join(_row(a, a.id in own, a.id in edited) for a in page.articles)
    none = "" if page.articles else "<p>No article is of this source and these days.</p>"
    left = "".join(f"<li>{escaped(s['path'])}: {escaped(s['why'])}</li>" for s in skipped)
    more = (
        f'<details class="fold"><summary>{count_words(len(skipped), "file")} skipped when indexed{icon("right", True)}</summary>'
        f"<ul>{left}</ul></details>"
        if left
        else ""
    )
    which = escaped(json.dumps(asdict(shown)))
    return f'<ul class="rows" aria-label="Articles" data-shown="{which}">{rows}</ul>{none}{_pager(page, shown.offset)}{more}'


def _pager(page: Page, offset: int) -> str:
    """Which of the articles are shown, and buttons to the others."""
    if page.total <= LISTED:
        return ""
    last = offset + len(page.articles)
    steps = "".join(
        f'<button type="button" class="btn" data-act="page" data-offset="{to}"{"" if there else " disabled"}>{text}</button>'
        for text, to, there in (
            ("Newer", max(0, offset - LISTED), offset > 0),
            ("Older", offset + LISTED, last < page.total),
        )
    )
    return f'<div class="pager"><span role="status">{offset + 1:,} to {last:,} of {page.total:,}</span>{steps}</div>'


def _row(article: Article, own: bool, edited: bool) -> str:
    day, name = article.published, escaped(article.id)
    when = f"<b>{day.day} {day:%b}</b><small>{day.year}</small>" if day else "<small>No date</small>"
    meta = [_known("source", article.source, article), _known("title", article.title, article, shown=False)]
    meta.append(
        f"<span>{escaped(date_how(article.published_how).split(':')[0])}</span>"
        if day
        else _known("date", None, article)
    )
    remove = (
        f'<button type="button" class="icon s" data-act="remove" data-id="{name}" '
        f'aria-label="Remove {escaped(article.label)}">{icon("bin", True)}</button>'
        if own
        else ""
    )
    edit = (
        f'<button type="button" class="icon s" data-act="edit" data-id="{name}" '
        f'aria-label="Edit title, source and date of {escaped(article.label)}">{icon("edit", True)}</button>'
    )
    lede = folded(article.text[article.after_title :][:_EXCERPT])
    return (
        f'<li data-id="{name}" data-form="{escaped(_form(article, own, edited))}"><div class="day">{when}</div><div class="main"><h3>{open_button(article.id, 0, 0, article.label, "open")}</h3>'
        f'<div class="meta">{"".join(meta)}{removed_html(article)}</div><p class="lede">{escaped(lede)}</p></div>'
        f'<div class="acts">{remove}{edit}</div></li>'
    )


def _known(field: str, value: str | None, article: Article, shown: bool = True) -> str:
    """A field's value, or a button that adds it if there is none."""
    if value:
        return f"<b>{escaped(value)}</b>" if shown else ""
    return (
        f'<button type="button" class="todo" data-act="edit" data-id="{escaped(article.id)}" data-field="{field}">'
        f'{icon("plus", True)}Add a {field}<span class="unseen"> to {escaped(article.label)}</span></button>'
    )


def _form(article: Article, own: bool, edited: bool) -> str:
    buttons = ""
    if edited:
        buttons += '<button type="button" class="btn quiet" data-act="as-read">As it was read</button>'
    if own:
        buttons += (
            f'<button type="button" class="btn quiet danger" data-act="remove" data-id="{escaped(article.id)}">'
            f"{icon('bin', True)}Remove article</button>"
        )
    return (
        f'<form class="edit" data-id="{escaped(article.id)}" aria-label="Edit {escaped(article.label)}">'
        f'{fields_html(article, "edit")}<div class="row"><button type="submit" class="btn primary">Save</button>'
        f'<button type="button" class="btn quiet" data-act="edit-end">Cancel</button>{buttons}</div></form>'
    )


def fields_html(article: Article, prefix: str) -> str:
    """Title, source and date of an article, for correction, each with how it is known.

    Args:
        prefix: what the ids of the fields begin with, unique on the page.
    """
    day = article.published.isoformat() if article.published else ""
    fields = (
        ("title", "text", article.title or "", 300, "" if article.title else "None found: its first words are shown."),
        ("source", "text", article.source or "", 100, "" if article.source else NO_SOURCE + "."),
        ("date", "date", day, 10, f"{date_how(article.published_how)}." if day else "None found."),
    )
    placeholder = f' placeholder="{escaped(article.label)}"' if not article.title else ""
    items = "".join(
        f'<div class="field"><label for="{prefix}-{name}">{name.title()}</label><input id="{prefix}-{name}" name="{name}" '
        f'type="{kind}" value="{escaped(value)}" maxlength="{most}" autocomplete="off"{placeholder if name == "title" else ""}>'
        f'<p class="hint">{escaped(hint)}</p></div>'
        for name, kind, value, most, hint in fields
    )
    return f'<div class="grid">{items}</div>'
