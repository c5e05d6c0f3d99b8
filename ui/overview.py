"""The first view: what is in the collection, and questions it can answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ui.words import NO_SOURCE, count_words, day_words, escaped, span_words

_BARS = 40  # columns of the chart over time, at most
_SOURCES = 4


@dataclass(frozen=True)
class Overview:
    """What the first view shows of a collection.

    Attributes:
        by_day: articles of each day, oldest first; `undated` ones are not among them.
        by_source: articles of each source, most first; None stands for those that name none.
        named: the people quoted most, with the number of articles that quote each.
        places: the places named most, with the number of articles that name each.
        questions: pairs of what kind of question it is and the question; each is known to have an answer.
    """

    articles: int
    by_day: Mapping[date, int]
    by_source: Mapping[str | None, int]
    named: Sequence[tuple[str, int]] = ()
    questions: Sequence[tuple[str, str]] = ()
    places: Sequence[tuple[str, int]] = ()


def overview_html(seen: Overview) -> str:
    """The first view as HTML."""
    if not seen.articles:
        return (
            '<section class="hello"><h2>There are no articles yet.</h2><p class="lead">Add some, and ask about them.</p>'
            '<button type="button" class="btn primary" data-act="add">Add articles</button></section>'
        )
    said = (
        f"Answers come only from your {count_words(seen.articles, 'article')}. Every sentence shows the exact words behind it, "
        "with source and date. If the articles don’t say, you’ll be told so."
    )
    return (
        f'<section class="hello"><h2>What would you like to know?</h2><p class="lead">{said}</p>'
        f'<div class="glance">{_chart(seen)}{_by_source(seen)}{_named(seen)}{_places(seen)}</div>{_questions(seen)}</section>'
    )


def _chart(seen: Overview) -> str:
    if not seen.by_day:
        return f'<section><h3 class="label">{count_words(seen.articles, "article")}, none of them dated</h3></section>'
    first, last = min(seen.by_day), max(seen.by_day)
    label = f"{count_words(seen.articles, 'article')}, {span_words(first, last)}"
    bars = columns(seen.by_day)
    most = max(count for _, _, count in bars)
    items = "".join(
        f'<li title="{escaped(_bar_words(a, b, n))}">{f"<i style=height:{max(6, round(100 * n / most))}%></i>" if n else ""}</li>'
        for a, b, n in bars
    )
    return (
        f'<section><h3 class="label">{escaped(label)}</h3><div class="histo" role="img" aria-label="{escaped(_in_words(bars))}">'
        f'<ol>{items}</ol><div class="axis"><span>{escaped(day_words(first))}</span><span>{escaped(day_words(last))}</span>'
        "</div></div></section>"
    )


def columns(by_day: Mapping[date, int]) -> list[tuple[date, date, int]]:
    """Articles in equal stretches of time, at most 40: (first day, last day, how many)."""
    first, last = min(by_day), max(by_day)
    days = (last - first).days + 1
    step = -(-days // _BARS)
    out = []
    for n in range(-(-days // step)):
        begin = first + timedelta(n * step)
        end = min(last, begin + timedelta(step - 1))
        out.append((begin, end, sum(count for day, count in by_day.items() if begin <= day <= end)))
    return out


def _bar_words(first: date, last: date, count: int) -> str:
    return f"{span_words(first, last)}: {count_words(count, 'article')}"


def _in_words(bars: Sequence[tuple[date, date, int]]) -> str:
    """The chart for those who do not see it: where most is."""
    top = sorted((bar for bar in bars if bar[2]), key=lambda bar: -bar[2])[:3]
    return "Most articles: " + "; ".join(_bar_words(*bar) for bar in sorted(top))


def _by_source(seen: Overview) -> str:
    most = max(seen.by_source.values(), default=1)
    shown = list(seen.by_source.items())[:_SOURCES]
    items = "".join(
        f'<li{"" if name else " class=none"}>{escaped(name or NO_SOURCE)}<span class="num">{count:,}</span>'
        f'<span class="bar"><i style="width:{100 * count / most:.0f}%"></i></span></li>'
        for name, count in shown
    )
    left = len(seen.by_source) - len(shown)
    more = f'<li class="none">{left} more</li>' if left > 0 else ""
    return f'<section><h3 class="label">Sources</h3><ul class="bysource">{items}{more}</ul></section>'


def _named(seen: Overview) -> str:
    return _chips("Quoted most", [(name, count, f"What did {name} say?") for name, count in seen.named])


def _places(seen: Overview) -> str:
    return _chips("Places named most", [(name, count, f"Summarise the news on {name}") for name, count in seen.places])


def _chips(label: str, named: Sequence[tuple[str, int, str]]) -> str:
    """Names with how many articles have them; each asks for more."""
    if not named:
        return ""
    pills = "".join(
        f'<button type="button" class="pill" data-ask="{escaped(question)}" title="{escaped(question)}">{escaped(name)} '
        f'<span class="num">{count}</span></button>'
        for name, count, question in named
    )
    return f'<section class="full"><h3 class="label">{label}</h3><div class="people-chips">{pills}</div></section>'


def _questions(seen: Overview) -> str:
    if not seen.questions:
        return ""
    items = "".join(
        f'<li><button type="button" data-ask="{escaped(question)}"><small>{escaped(kind)}</small><span>{escaped(question)}'
        "</span></button></li>"
        for kind, question in seen.questions
    )
    return f'<div class="starters"><h3 class="label">Questions these articles can answer</h3><ul>{items}</ul></div>'
