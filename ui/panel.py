"""Articles as escaped HTML: one with its cited words highlighted, a search's results, a question's filters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from index.text.words import content, stem
from index.types import Article, Hit, IndexReport
from ui.icons import icon
from ui.timeline import open_button
from ui.words import NO_SOURCE, count_words, date_how, day_words, escaped, folded, span_words

Span = tuple[int, int]
_EXCERPT = 240  # characters
_LINES = 60  # removed lines that are shown
_LINE = 300  # characters of one of them
_SUMMARISE = '<button type="button" class="link" data-act="summarise-shown">Summarise</button>'
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
    edges = sorted({article.after_title, size, *(p for span in spans for p in span if span[0] < span[1])})
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
        facts.append(date_how(article.published_how))
    if article.authors:
        facts.append("By " + ", ".join(article.authors))
    told = "".join(f"<span>{escaped(fact)}</span>" for fact in facts)
    where = f"{article.source or NO_SOURCE}, {day_words(article.published)}"
    return (
        f'<h2 tabindex="-1" data-where="{escaped(where)}">{escaped(article.label)}</h2>'
        f'<p class="facts">{told}{_link(article.url)}{_SUMMARISE}</p>'
        f'<div class="text"><p>{"".join(pieces)}</p></div>{removed_html(article)}'
    )


def removed_html(article: Article) -> str:
    """What was removed from an article as boilerplate, and why; folded away."""
    if not article.removed:
        return ""
    items = "".join(
        f"<li>{escaped(folded(r.text)[:_LINE])} <small>{escaped(r.why)}</small></li>" for r in article.removed[:_LINES]
    )
    left = len(article.removed) - _LINES
    more = f"<li>{left} more</li>" if left > 0 else ""
    count = count_words(len(article.removed), "line")
    return (
        f'<details class="fold"><summary>{count} removed{icon("right", True)}</summary>'
        f'<div class="gone"><p>Taken out because they are not part of the article:</p><ul>{items}{more}</ul></div></details>'
    )


def hits_html(hits: Sequence[Hit], query: str) -> str:
    """What a search found, article by article: the matching words highlighted, with the passage around them.

    Passages that have all of the words come first; the others are near in meaning.
    """
    if not hits:
        return f"<p>Nothing is near “{escaped(query)}” within these limits.</p>"
    wanted = content(query)
    have = [h for h in hits if wanted and wanted <= content(f"{h.article.label} {h.chunk.text}")]
    exact = _by_article(have)
    near = _by_article([h for h in hits if h.article.id not in exact])
    passages, articles = sum(map(len, exact.values())), len(exact)
    verb = "has" if passages == 1 else "have"
    told = f"{count_words(passages, 'passage')} in {count_words(articles, 'article')} {verb} these words"
    parts = [_hits(told, exact, query), _hits("Similar meaning", near, query)]
    clear = '<button type="button" class="btn quiet" data-act="clear-search">All articles</button>'
    return f'<div class="found">{clear}{"".join(parts)}</div>'


def _by_article(hits: Sequence[Hit]) -> dict[str, list[Hit]]:
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.article.id, []).append(hit)
    return found


def _hits(label: str, found: Mapping[str, Sequence[Hit]], query: str) -> str:
    if not found:
        return ""
    items = []
    for hits in found.values():
        article, first = hits[0].article, hits[0].chunk
        count = f", {count_words(len(hits), 'passage')}" if len(hits) > 1 else ""
        title = open_button(article.id, first.start, first.end, article.label, "open")
        items.append(
            f'<li><h3>{title}</h3><p class="meta">{escaped(article.source or NO_SOURCE)}, '
            f'{escaped(day_words(article.published))}{count}</p><p class="q">{lit(first.text, query)}</p></li>'
        )
    return (
        f'<h3 class="label">{escaped(label)}</h3><ol class="hits" aria-label="{escaped(label)}">{"".join(items)}</ol>'
    )


def lit(text: str, query: str) -> str:
    """The part of a passage with most words of a search, these highlighted; its beginning if it has none."""
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
    """The filters for the next questions: a source, and days within the collection's span."""
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
    """What an addition did: what was added, what was skipped and why."""
    said = f"{report.added} added; the collection has {report.articles} articles now."
    items = "".join(f"<li>{escaped(s.path)}: {escaped(s.why)}</li>" for s in report.skipped)
    return f'<p role="status">{said}</p>' + (f"<p>Skipped:</p><ul>{items}</ul>" if items else "")


def _link(url: str | None) -> str:
    """A link that opens elsewhere, only for http and https; nothing is fetched for it."""
    if not url or not url.lower().startswith(("http://", "https://")):
        return ""
    return f'<a href="{escaped(url)}" target="_blank" rel="noopener noreferrer">Original</a>'
