"""An answer by day: statements side by side on a line of days, and a timeline of what was read, each point with its quote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from rag import summary
from ui.words import NO_SOURCE, count_words, day_words, escaped, folded, short_day, where

Data = dict[str, Any]
_TIMELINE = 8  # articles on a timeline, at most
# What a statement among others begins with, in an escaped sentence.
_HEAD = re.compile(r"^(<span[^>]*>)?[^()<>]{1,120} \((?:\d[^()<>]{0,40}|undated)\)(?: writes)?: ")


def days_html(said: Sequence[str], answer: Data) -> str:
    """The sentences of an answer as cards in order of day, each below its source; empty where they are one text.

    They are cards where several articles say something of their own, and where it was asked what changed since a day.

    Args:
        said: the sentences as HTML.
    """
    by = [[c for c in answer["citations"] if c["marker"] in s["markers"]] for s in answer["sentences"]]
    if len({c[0]["article_id"] for c in by if c}) < 2 or not (_changes(answer) or all(map(_HEAD.match, said))):
        return ""
    together = sorted(
        zip(said, by, strict=True), key=lambda item: (item[1][0]["date"] or "9999") if item[1] else "9999"
    )
    known = [c[0]["date"] if c else None for _, c in together]
    gaps = [*(_gap(a, b) for a, b in pairwise(known)), ""]
    cards = [
        f'<li>{gap}<div class="stmt"><time>{escaped(short_day(c[0]["date"]) if c else "")}</time>'
        f'<span class="from">{escaped((c[0]["source"] or NO_SOURCE) if c else "")}</span>'
        f"<blockquote>{_headless(text)}</blockquote></div></li>"
        for (text, c), gap in zip(together, gaps, strict=True)
    ]
    return f'<div class="days"><ol>{"".join(cards)}</ol></div>'


def timeline_html(answer: Data) -> str:
    """The articles that were read, on a line of days, those that are quoted filled; then what was quoted, day by day.

    Empty where fewer than two articles are dated.
    """
    known = articles_read(answer)
    if len(known) < 2:
        return ""
    quoted = {c["article_id"]: c for c in reversed(answer["citations"])}
    days = [date.fromisoformat(item["date"]) for item in known]
    gaps = [0, *((b - a).days for a, b in pairwise(days))]
    many_years = len({d.year for d in days}) > 1
    items = []
    for item, day, gap in zip(known, days, gaps, strict=True):
        at = quoted.get(item["article_id"])
        label = f"{where(item)}: {item['title'] or item['article_id']}, {'quoted' if at else 'read, not quoted'}"
        start, end = (at["start"], at["end"]) if at else (0, 0)
        kind = "dot on" if at else "dot"
        items.append(
            f'<li style="flex-grow:{min(gap, 60)}">{open_button(item["article_id"], start, end, "", kind, label)}'
            f"<small>{day.day} {day:%b}{f' {day.year}' if many_years else ''}</small></li>"
        )
    return f'<ol class="timeline" aria-label="The articles read, by day">{"".join(items)}</ol>{_points(answer)}'


def _points(answer: Data) -> str:
    """What is quoted, oldest first, each below its day and source; it opens where it stands in its article."""
    points = sorted(answer["citations"], key=lambda c: (c["date"] or "9999", c["article_id"], c["start"]))
    items, before = "", None
    for c in points:
        head = (c["date"], c["source"])
        told = f"<b>{escaped(day_words(c['date']))}</b><small>{escaped(c['source'] or NO_SOURCE)}</small>"
        words = open_button(c["article_id"], c["start"], c["end"], f"“{folded(c['quote'])}”", "quote")
        items += f"<li><span>{told if head != before else ''}</span>{words}</li>"
        before = head
    return f'<ol class="points" aria-label="What was said and reported, by day">{items}</ol>'


def articles_read(answer: Data) -> list[Data]:
    """The dated articles that were quoted or read, each once, oldest first."""
    known: dict[str, Data] = {}
    for item in (*answer["citations"], *answer["passages"]):
        if item["date"] and len(known) < _TIMELINE:
            known.setdefault(item["article_id"], item)
    return sorted(known.values(), key=lambda p: (p["date"], p["article_id"]))


def open_button(article: str, start: int, end: int, text: str, kind: str = "link", label: str = "") -> str:
    """A button that opens an article beside the page, at given words."""
    told = f' aria-label="{escaped(label)}" data-tip="{escaped(label)}"' if label else ""
    return (
        f'<button type="button" class="{kind}" data-article="{escaped(article)}" data-start="{start}" data-end="{end}"'
        f"{told}>{escaped(text)}</button>"
    )


def _changes(answer: Data) -> bool:
    """Whether it was asked what changed since a day."""
    today = date.fromisoformat(answer["as_of"]) if answer["as_of"] else date.today()
    wanted = summary.wanted(answer["standalone_question"], today)
    return bool(wanted and wanted.since)


def _gap(before: str | None, after: str | None) -> str:
    """How many days lie between two cards."""
    if not before or not after or before == after:
        return ""
    return f'<span class="gap"><i>{count_words((date.fromisoformat(after) - date.fromisoformat(before)).days, "day")}</i></span>'


def _headless(text: str) -> str:
    """A statement without "The Moscow Times (30 March 2022): ", which stands above it."""
    return _HEAD.sub(r"\1", text)
