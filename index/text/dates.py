"""Days: when an article was published, and which day "on Monday" means in it.

A day is only ever read from the text. What cannot be resolved stays unresolved: in a news answer, no date is better
than a wrong one.
"""

from __future__ import annotations

import calendar
import re
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from index.text.sentences import sentences
from index.text.weekdays import direction

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CALENDAR = frozenset(WEEKDAYS) | {name.lower() for name in (*calendar.month_name, *calendar.month_abbr, "Sept") if name}
MONTH = (
    r"(?:jan(?:uary|\.)?|feb(?:ruary|\.)?|mar(?:ch|\.)?|apr(?:il|\.)?|may|june?|july?|"
    r"aug(?:ust|\.)?|sept?(?:ember|\.)?|oct(?:ober|\.)?|nov(?:ember|\.)?|dec(?:ember|\.)?)"
)
_ABSOLUTE = re.compile(
    rf"\b(?:{MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH}(?:,?\s+\d{{4}})?"
    r"|\d{4}-\d{2}-\d{2})\b(?!\s*%)",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(rf"\b(?:(last|past|next|coming|this)\s+)?({'|'.join(WEEKDAYS)})s?\b", re.IGNORECASE)
# "Friday night, 29 July": the day is said.
_DATED = re.compile(
    rf"(?:\s+(?:morning|afternoon|evening|night))?,?\s+(?:{MONTH}\s*\d|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH}\b)",
    re.IGNORECASE,
)
_NEARBY = re.compile(r"\b(today|tonight|yesterday|tomorrow|the next day|the day before)\b", re.IGNORECASE)
_BEFORE, _AFTER = 350, 200  # characters of a sentence around a weekday that are parsed: enough for its verb
_URL_DAY = re.compile(r"/(\d{4})/(\d{1,2})/(\d{1,2})(?:/|$)")


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name a day, their position, and the day meant."""

    start: int
    end: int
    words: str
    day: date


def parse_day(words: str, near: date | None = None) -> date | None:
    """The day an absolute date names ("March 14", "24 Feb. 2022", "2022/06/16"), or None.

    Where the year is missing, the year that brings it nearest to `near` is taken.
    """
    day = _parsed(words.strip(), near if in_range(near) else None)
    return day if in_range(day) else None


def in_range(day: date | None) -> bool:
    """Whether news can be of this day: databases write 0001-01-01 or 9999-12-31 for "none"."""
    return day is not None and 1000 <= day.year <= 2200


def _parsed(words: str, near: date | None) -> date | None:
    numeric = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?", words)
    if numeric:
        return _day(*(int(part) for part in numeric.groups()))
    base = datetime(near.year, near.month, near.day) if near else None
    has_year = re.search(r"\b\d{4}\b", words)
    if not has_year and near is None:
        return None
    settings: dict[str, Any] = {"REQUIRE_PARTS": ["day", "month"], "PREFER_DATES_FROM": "past"}
    if base:
        settings["RELATIVE_BASE"] = base
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import dateparser

        found = dateparser.parse(words, languages=["en"], settings=settings)
    if found is None:
        return None
    if has_year or near is None:
        return found.date()
    years = [_day(near.year + shift, found.month, found.day) for shift in (-1, 0, 1)]
    return min((day for day in years if day), key=lambda day: abs((day - near).days), default=None)


def published_from_url(url: str | None) -> date | None:
    """The day in an address such as `…/2022/03/30/title`, or None."""
    match = _URL_DAY.search(url or "")
    return parse_day("-".join(match.groups())) if match else None


def mentions(text: str, published: date | None) -> list[Mention]:
    """Every expression in `text` that names a day, resolved against the publication day.

    A weekday is the latest one up to the publication day if its verb looks back, the next one from that day on if the
    verb looks ahead ("talks are set to resume Monday"); if the verb decides nothing it stays unresolved
    (`index.text.weekdays`). The weekday of publication itself is that day ("later Wednesday"), unless "next" stands
    before it. Plural weekdays ("on Mondays") and anything relative in an article without a date stay unresolved.
    """
    published = published if in_range(published) else None
    found: list[Mention] = []
    spans: list[tuple[int, int]] = []
    for match in _ABSOLUTE.finditer(text):
        day = parse_day(match.group(), published)
        if day:
            found.append(Mention(match.start(), match.end(), match.group(), day))
    if published:
        for match in _WEEKDAY.finditer(text):
            if match.group().lower().endswith("s") or _DATED.match(text, match.end()):
                continue
            spans = spans or sentences(text)
            first, last = spans[bisect_right(spans, (match.start(), len(text))) - 1]
            day = _meant(text, max(first, match.start() - _BEFORE), min(last, match.end() + _AFTER), match, published)
            if day:
                found.append(Mention(match.start(), match.end(), match.group(), day))
        for match in _NEARBY.finditer(text):
            shift = {"yesterday": -1, "tomorrow": 1, "today": 0, "tonight": 0}.get(match.group().lower())
            if shift is not None:
                day = published + timedelta(days=shift)
                found.append(Mention(match.start(), match.end(), match.group(), day))
    return sorted(found, key=lambda mention: mention.start)


def weekday(name: str, base: date, direction: int) -> date:
    """The weekday `name` nearest to `base`, a day `in_range`: up to it (-1), from it on (1), or after it (2)."""
    gap = (WEEKDAYS.index(name.lower()) - base.weekday()) % 7
    if direction > 0:
        return base + timedelta(days=gap or (7 if direction > 1 else 0))
    return base - timedelta(days=(7 - gap) % 7)


def _meant(text: str, first: int, last: int, match: re.Match[str], published: date) -> date | None:
    """The day that a weekday in the sentence `text[first:last]` means; None if the sentence does not say."""
    before, name = (match.group(1) or "").lower(), match.group(2)
    if before == "next":
        return weekday(name, published, 2)
    latest = weekday(name, published, -1)
    if before in ("last", "past"):
        return latest if latest < published else latest - timedelta(days=7)
    gap = (published - latest).days
    if before == "coming":
        return weekday(name, published, 1)
    way = direction(text[first:last], match.start(2) - first, match.end(2) - first, before == "this", gap)
    return None if way is None else weekday(name, published, way)


def spell(day: date) -> str:
    """A day in words: "Tuesday 29 March 2022"."""
    return f"{calendar.day_name[day.weekday()]} {day.day} {calendar.month_name[day.month]} {day.year}"


def short(day: date) -> str:
    """A day in short: "29 March 2022"."""
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
