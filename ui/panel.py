"""Articles as escaped HTML: one with its cited words lit, the list of them, what a search found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from datetime import date
from itertools import pairwise

from index.text.words import content, stem
from index.types import Article, Hit, IndexReport
from ui.icons import icon
from ui.render import open_button
from ui.words import NO_SOURCE, count_words, day_words, escaped, folded, span_words

Span = tuple[int, int]
LISTED = 200  # articles in the list, the newest; the search box finds the others
_EXCERPT = 240  # characters
_BEFORE = 60  # of them before the first word that matches


def article_html(article: Article, current: Span = (0, 0), others: Sequence[Span] = (), exact: Span = (0, 0)) -> str:
    """An article; the current span is marked strongly, the others faintly.

    Args:
        current: (start, end) into `article.text`; empty where nothing is to be shown.
        others: further spans that the same answer cites.
        exact: where the shortest answer stands in the current one.
    """
    size = len(article.text)
    spans = [(max(0, a), min(size, b)) for a, b in (current, *others)]
    # A title that is cited is shown twice: its span begins before the text does.
    edges = sorted({_after_title(article), size, *(p for span in spans for p in span if span[0] < span[1])})
    pieces = []
    for start, end in pairwise(edges):
        whole = escaped(article.text[start:end])
        if start <= exact[0] < exact[1] <= end:
            a, b = exact
            before, inside, after = (escaped(article.text[x:y]) for x, y in ((start, a), (a, b), (b, end)))
            whole = f'{before}<b class="exact">{inside}</b>{after}' if "\n\n" not in article.text[a:b] else whole
        paragraphs = whole.split("\n\n")
        on = [n for n, (a, b) in enumerate(spans) if a <= start and end <= b and a < b]
        if on:
            kind = "current" if 0 in on else "other"
            paragraphs = [f'<mark class="{kind}">{part}</mark>' for part in paragraphs]
        pieces.append("</p><p>".join(paragraphs))
    facts = [day_words(article.published)]
    if article.published_how:
        facts.append(article.published_how)
    if article.authors:
        facts.append("By " + ", ".join(article.authors))
    told = "".join(f"<span>{escaped(fact)}</span>" for fact in facts)
    where = f"{article.source or NO_SOURCE}, {day_words(article.published)}"
    return (
        f'<h2 tabindex="-1" data-where="{escaped(where)}">{escaped(article.label)}</h2>'
        f'<p class="facts">{told}{_link(article.url)}</p>'
        f'<div class="text"><p>{"".join(pieces)}</p></div>{removed_html(article)}'
    )


def _after_title(article: Article) -> int:
    """Where the text goes on after a first line that is the title, which stands above it already."""
    first = article.text.split("\n", 1)[0]
    return (
        len(first) if article.title and folded(first) == folded(article.title) and len(first) < len(article.text) else 0
    )


def removed_html(article: Article) -> str:
    """What was taken out of an article as boilerplate, and why; folded away."""
    if not article.removed:
        return ""
    items = "".join(f"<li>{escaped(r.text)} <small>{escaped(r.why)}</small></li>" for r in article.removed)
    count = count_words(len(article.removed), "line")
    return (
        f'<details class="fold"><summary>{count} removed{icon("right", True)}</summary>'
        f"<p>Taken out because they are not part of the article:</p><ul>{items}</ul></details>"
    )


def list_html(
    articles: Sequence[Article], total: int, skipped: Sequence[Mapping[str, str]] = (), own: Set[str] = frozenset()
) -> str:
    """The articles, newest first, each to be opened; and the files that were skipped, with why.

    Args:
        own: ids of those that were added on this page, which can be removed here.
    """
    shown = sorted(articles, key=lambda a: a.published or date.min, reverse=True)[:LISTED]
    items = "".join(_row(a, a.id in own) for a in shown)
    more = (
        f"<p>{len(shown)} of {count_words(total, 'article')}; search finds the others.</p>"
        if total > len(shown)
        else ""
    )
    left = "".join(f"<li>{escaped(s['path'])}: {escaped(s['why'])}</li>" for s in skipped)
    more += (
        f'<details class="fold"><summary>{count_words(len(skipped), "file")} skipped when indexed{icon("right", True)}</summary>'
        f"<ul>{left}</ul></details>"
        if left
        else ""
    )
    return f'<ul class="rows" aria-label="Articles">{items}</ul>{more}'


def _row(article: Article, own: bool) -> str:
    day = article.published
    when = f"<b>{day.day} {day:%b}</b><small>{day.year}</small>" if day else "<small>No date</small>"
    meta = [f"<b>{escaped(article.source or NO_SOURCE)}</b>"]
    if article.removed:
        meta.append(f"<span>{count_words(len(article.removed), 'line')} removed</span>")
    remove = (
        f'<button type="button" class="icon s" data-act="remove" data-id="{escaped(article.id)}" '
        f'aria-label="Remove {escaped(article.label)}">{icon("bin", True)}</button>'
        if own
        else ""
    )
    return (
        f'<li><div class="day">{when}</div><div class="main"><h3>{open_button(article.id, 0, 0, article.label, "open")}</h3>'
        f'<p class="meta">{"".join(meta)}</p><p class="lede">{escaped(folded(article.text[:_EXCERPT]))}</p></div>'
        f'<div class="acts">{remove}</div></li>'
    )


def hits_html(hits: Sequence[Hit], query: str) -> str:
    """What a search found: each passage around the words that match, lit, to be opened where it stands."""
    if not hits:
        return f"<p>Nothing is near “{escaped(query)}” within these limits.</p>"
    items = "".join(
        f"<li><h3>{open_button(h.article.id, h.chunk.start, h.chunk.end, h.article.label, 'open')}</h3>"
        f'<p class="meta">{escaped(h.article.source or NO_SOURCE)}, {escaped(day_words(h.article.published))}</p>'
        f'<p class="q">{lit(h.chunk.text, query)}</p></li>'
        for h in hits
    )
    return f'<ol class="hits" aria-label="Found passages">{items}</ol>'


def lit(text: str, query: str) -> str:
    """The part of a passage where most words of a search stand, these lit; its beginning where none does."""
    text = folded(text)
    wanted = content(query)
    found = [m.span() for m in re.finditer(r"\w+", text) if stem(m.group().lower()) in wanted]
    start = max((a for a, _ in found), key=lambda a: sum(a <= b < a + _EXCERPT for b, _ in found), default=0)
    start = text.rfind(" ", 0, max(0, start - _BEFORE)) + 1
    end = len(text) if len(text) <= start + _EXCERPT else text.rfind(" ", start, start + _EXCERPT)
    out, last = ["… " if start else ""], start
    for a, b in found:
        if start <= a and b <= end:
            out += [escaped(text[last:a]), f"<mark>{escaped(text[a:b])}</mark>"]
            last = b
    return "".join([*out, escaped(text[last:end]), " …" if end < len(text) else ""])


def limits_html(sources: Sequence[str], first: date | None, last: date | None) -> str:
    """What the next questions can be limited to: a source, days of the collection's span."""
    options = "".join(f'<option value="{escaped(s)}">{escaped(s)}</option>' for s in sources)
    span = f'min="{first}" max="{last}"' if first else ""
    told = f"Your articles run from {span_words(first, last)}." if first and last else "None of your articles is dated."
    days = "".join(
        f'<div class="field"><label for="limit-{name}">{name.title()}</label>'
        f'<input id="limit-{name}" type="date" data-limit="{name}" {span}></div>'
        for name in ("from", "to")
    )
    return (
        f'<details class="pop" data-for="source"><summary>{icon("news", True)}<span>All sources</span></summary>'
        '<div class="panel field"><label for="limit-source">Source</label><select id="limit-source" data-limit="source">'
        f'<option value="">All sources</option>{options}</select></div></details>'
        f'<details class="pop" data-for="days"><summary>{icon("calendar", True)}<span>Any date</span></summary>'
        f'<div class="panel dates2">{days}<p class="hint">{escaped(told)}</p></div></details>'
    )


def report_html(report: IndexReport) -> str:
    """What an addition did: what came in, what was skipped and why."""
    said = f"{report.added} added; the collection has {report.articles} articles now."
    items = "".join(f"<li>{escaped(s.path)}: {escaped(s.why)}</li>" for s in report.skipped)
    return f'<p role="status">{said}</p>' + (f"<p>Skipped:</p><ul>{items}</ul>" if items else "")


def _link(url: str | None) -> str:
    """A link that opens elsewhere, only for http and https; nothing is fetched for it."""
    if not url or not url.lower().startswith(("http://", "https://")):
        return ""
    return f'<a href="{escaped(url)}" target="_blank" rel="noopener noreferrer">Original</a>'
