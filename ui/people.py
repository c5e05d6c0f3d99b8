"""The page of people: who is quoted, and all that one of them is reported to have said, by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any, Literal

from index.errors import RagError
from rag.people import NEWEST, Person, people
from rag.quotes import Quote, quotes
from ui.icons import icon
from ui.loading import Loader
from ui.render import text_html
from ui.words import NO_SOURCE, count_words, day_words, escaped, folded, span_words

_LISTED = 100  # people
_MOST = 300  # quotes of one person, the newest
_SHOWS = {"": "Everything", "direct": "In quotation marks", "reported": "Reported"}
Show = Literal["", "direct", "reported"]


class People:
    """The people of one collection."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def person(self, wished: Any) -> str:
        """The page, with the person chosen; if none was, or nobody has that name any more, the one quoted most.

        Args:
            wished: what the page wants to see: `name` and `show` of its "person" are read, and not trusted.
        """
        wanted = wished.get("person") if isinstance(wished, dict) else None
        wanted = wanted if isinstance(wanted, dict) else {}
        name, show = str(wanted.get("name", "")), str(wanted.get("show", ""))
        store = self._loader.store
        found, looked = people(store, _LISTED), min(NEWEST, int(store.meta["articles"]))
        names = [person.name for person in found]
        current = name if name in names else next(iter(names), "")
        try:
            said_by = quotes(store, current) if current else []
        except RagError as error:
            return people_html(found, looked, current) + text_html(str(error), "error")
        return people_html(found, looked, current, said_by, show if show in _SHOWS else "")


def people_html(
    found: Sequence[Person], looked: int, current: str = "", said: Sequence[Quote] = (), show: str = ""
) -> str:
    """Who is quoted, and what the current one said.

    Args:
        found: who is quoted in the `looked` newest articles.
        said: all that the current person is reported to have said.
        show: "direct" for what stands in quotation marks alone, "reported" for the rest.
    """
    if not found:
        return (
            f"<p>Nobody is quoted by first and last name in the newest {count_words(looked, 'article')}.</p>"
            if looked
            else "<p>There are no articles yet.</p>"
        )
    links = "".join(
        f'<button type="button" data-act="person" data-name="{escaped(p.name)}"{" aria-current=true" if p.name == current else ""}>'
        f'{escaped(p.name)}<span class="num" title="{count_words(p.articles, "article")}">{p.articles}</span></button>'
        for p in found
    )
    return (
        f'<div class="people"><nav class="who-list" aria-label="People"><p class="label">Articles that quote them, of the '
        f"newest {looked:,}</p>{links}</nav>{person_html(current, said, show)}</div>"
    )


def person_html(name: str, said: Sequence[Quote], show: str = "") -> str:
    """What one person said, newest day first, quotation and report told apart."""
    direct = sum(quote.direct for quote in said)
    counts = {"": len(said), "direct": direct, "reported": len(said) - direct}
    pills = "".join(
        f'<button type="button" class="pill{" on" if key == show else ""}" aria-pressed="{str(key == show).lower()}" '
        f'data-act="person" data-name="{escaped(name)}" data-show="{key}">{text} <span class="num">{counts[key]}</span></button>'
        for key, text in _SHOWS.items()
    )
    ask = (
        f'<button type="button" class="pill go-ask" data-ask="{escaped(f"What did {name} say?")}">{icon("chat", True)}'
        f"Ask about {escaped(name.rsplit(' ', 1)[-1])}</button>"
    )
    shown = [quote for quote in said if not show or quote.direct is (show == "direct")]
    newest = sorted(shown, key=lambda q: q.article.published or date.min, reverse=True)[:_MOST]
    days = "".join(_day(list(group)) for _, group in groupby(newest, key=lambda q: (q.article.published, q.article.id)))
    more = f"<p>The newest {_MOST} of {len(shown):,}.</p>" if len(shown) > _MOST else ""
    none = "" if shown else "<p>Nothing of this kind is reported with the whole name.</p>"
    return (
        f'<section class="person" aria-labelledby="person"><h3 id="person">Everything {escaped(name)} said, by day</h3>'
        f'<p class="as">{escaped(_told(said))}</p><div class="filters" role="group" aria-label="Show">{pills}{ask}</div>'
        f"{days}{more}{none}</section>"
    )


def _told(said: Sequence[Quote]) -> str:
    """In how many articles, and from when to when."""
    articles = {quote.article.id: quote.article.published for quote in said}
    days = sorted(day for day in articles.values() if day)
    span = f", {span_words(days[0], days[-1])}" if days else ""
    return f"{count_words(len(said), 'statement')} in {count_words(len(articles), 'article')}{span}"


def _day(group: Sequence[Quote]) -> str:
    """What the person says in one article of one day."""
    article = group[0].article
    where = f"{article.source or NO_SOURCE}, {day_words(article.published)}"
    items = "".join(
        f"<li{'' if quote.direct else ' class=told'}><blockquote>{escaped(folded(quote.text))}</blockquote>"
        f'<button type="button" class="icon s" data-article="{escaped(article.id)}" data-start="{quote.start}" '
        f'data-end="{quote.end}" aria-label="Open in the article: {escaped(where)}">{icon("right", True)}</button></li>'
        for quote in group
    )
    return (
        f'<section class="byday"><header><b>{escaped(day_words(article.published))}</b>'
        f"<small>{escaped(article.source or NO_SOURCE)}</small></header><ul>{items}</ul></section>"
    )
