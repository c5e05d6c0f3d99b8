"""The side panel as escaped HTML: an article with its cited words lit, the list of articles."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from index.types import Article, Hit, IndexReport
from ui.render import day_words, open_button

Span = tuple[int, int]
LISTED = 200  # articles in the list, the newest; the search box finds the others
_EXCERPT = 220  # characters


def article_html(article: Article, current: Span = (0, 0), others: Sequence[Span] = ()) -> str:
    """An article; the current span is marked strongly, the others faintly.

    Args:
        current: (start, end) into `article.text`; empty where nothing is to be shown.
        others: further spans that the same answer cites.
    """
    size = len(article.text)
    spans = [(max(0, a), min(size, b)) for a, b in (current, *others)]
    edges = sorted({0, size, *(p for span in spans for p in span if span[0] < span[1])})
    pieces = []
    for start, end in pairwise(edges):
        paragraphs = [_e(part) for part in article.text[start:end].split("\n\n")]
        on = [n for n, (a, b) in enumerate(spans) if a <= start and end <= b and a < b]
        if on:
            kind = "current" if 0 in on else "other"
            paragraphs = [f'<mark class="{kind}">{part}</mark>' for part in paragraphs]
        pieces.append("</p><p>".join(paragraphs))
    facts = [article.source or "source not known", day_words(article.published)]
    if article.published_how:
        facts.append(article.published_how)
    if article.authors:
        facts.append("by " + ", ".join(article.authors))
    return (
        f'<h2 tabindex="-1">{_e(article.label)}</h2><p class="facts">{_e(" · ".join(facts))}{_link(article.url)}</p>'
        f'<div class="text"><p>{"".join(pieces)}</p></div>{removed_html(article)}'
    )


def removed_html(article: Article) -> str:
    """What was taken out of an article as boilerplate, and why; folded away."""
    if not article.removed:
        return ""
    items = "".join(f"<li>{_e(r.text)} <small>{_e(r.why)}</small></li>" for r in article.removed)
    return (
        f"<details><summary>Removed as boilerplate ({len(article.removed)} lines)</summary><ul>{items}</ul></details>"
    )


def list_html(articles: Sequence[Article], total: int, skipped: Sequence[Mapping[str, str]] = ()) -> str:
    """The articles, newest first, each to be opened; and the files that were skipped, with why."""
    shown = sorted(articles, key=lambda a: a.published or date.min, reverse=True)[:LISTED]
    items = "".join(
        f"<li>{open_button(a.id, 0, 0, a.label)}<small>{_e(a.source or 'source not known')}, {_e(day_words(a.published))}"
        f"{f' · {len(a.removed)} lines removed' if a.removed else ''}</small></li>"
        for a in shown
    )
    more = f"<p>{len(shown)} of {total} articles; search finds the others.</p>" if total > len(shown) else ""
    left = "".join(f"<li>{_e(s['path'])}: {_e(s['why'])}</li>" for s in skipped)
    more += (
        f"<details><summary>Skipped when indexed ({len(skipped)})</summary><ul>{left}</ul></details>" if left else ""
    )
    return f'<ul class="articles" aria-label="Articles" tabindex="0">{items}</ul>{more}'


def hits_html(hits: Sequence[Hit], query: str) -> str:
    """What a search found, each passage to be opened where it stands."""
    if not hits:
        return f"<p>Nothing is near “{_e(query)}” within these limits.</p>"
    items = "".join(
        f"<li>{open_button(h.article.id, h.chunk.start, h.chunk.end, h.article.label)}"
        f"<small>{_e(h.article.source or 'source not known')}, {_e(day_words(h.article.published))}</small>"
        f"<p>{_e(_cut(h.chunk.text))}</p></li>"
        for h in hits
    )
    return f'<ol class="hits" aria-label="Found passages" tabindex="0">{items}</ol>'


def report_html(report: IndexReport) -> str:
    """What an addition did: what came in, what was skipped and why."""
    said = f"{report.added} added; the collection has {report.articles} articles now."
    items = "".join(f"<li>{_e(s.path)}: {_e(s.why)}</li>" for s in report.skipped)
    return f'<p role="status">{said}</p>' + (f"<p>Skipped:</p><ul>{items}</ul>" if items else "")


def loaded_line(count: int, first: date | None, last: date | None, model: str) -> str:
    """What is loaded, in one line of text."""
    span = f", {day_words(first)} to {day_words(last)}" if first and last else ""
    return f"{count} article{'' if count == 1 else 's'}{span} · {model}"


def _link(url: str | None) -> str:
    """A link that opens elsewhere, only for http and https; nothing is fetched for it."""
    if not url or not url.lower().startswith(("http://", "https://")):
        return ""
    return f' · <a href="{_e(url)}" target="_blank" rel="noopener noreferrer">original</a>'


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"


def _e(text: str) -> str:
    return html.escape(text, quote=True)
