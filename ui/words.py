"""How the page writes sources, days and numbers."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

NO_SOURCE = "No source given"
NO_DATE = "No date"


def where(item: Mapping[str, Any]) -> str:
    """Source and day of an article or of a citation."""
    return f"{item['source'] or NO_SOURCE}, {day_words(item['date'])}"


def day_words(day: str | date | None) -> str:
    """A day as people write it: 30 March 2022."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{day.day} {day:%B %Y}" if day else NO_DATE


def short_day(day: str | date | None) -> str:
    """The same in short: 30 Mar 2022."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{day.day} {day:%b %Y}" if day else NO_DATE


def span_words(first: date, last: date) -> str:
    """From the first day to the last, with nothing said twice: 13 to 30 March 2022."""
    if first == last:
        return day_words(first)
    if first.year != last.year:
        return f"{day_words(first)} to {day_words(last)}"
    begin = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
    return f"{begin} to {day_words(last)}"


def date_how(how: str) -> str:
    """How a day of publication is known: "Date stated in the text", "Date worked out from the text: the Monday …"."""
    told = re.sub(r"^inferred:?", "worked out from the text:", how).rstrip(": ")
    return f"Date {told}" if told else "Date given"


def count_words(count: int, noun: str, plural: str = "") -> str:
    """A number and what it counts: 1 article, 5 articles."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def folded(text: str) -> str:
    """Text on one line."""
    return " ".join(text.split())


def quoted(quote: str, exact: Sequence[int] | None = None) -> str:
    """A quote on one line as HTML, with the words of the shortest answer highlighted.

    Args:
        exact: where these begin and end in the quote.
    """
    if not exact:
        return escaped(folded(quote))
    pieces = quote[: exact[0]], quote[exact[0] : exact[1]], quote[exact[1] :]
    before, inside, after = (escaped(re.sub(r"\s+", " ", piece)) for piece in pieces)
    return f'{before.lstrip()}<b class="exact">{inside}</b>{after.rstrip()}'


def escaped(text: str) -> str:
    """The text escaped for HTML, also inside an attribute."""
    return html.escape(text, quote=True)
