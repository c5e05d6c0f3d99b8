"""The time a question asks about: "last week", "in mid-March", "after 22 March", "the latest"."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from index.text.dates import MONTH, in_range, mentions
from index.text.sentences import sentences
from index.text.stretches import of_calendar
from index.text.weekdays import way
from index.text.words import content

_MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if name}
_MONTH_WORDS = "|".join(_MONTHS)
_PART = re.compile(
    rf"\b(early|mid|middle of|late|end of|beginning of|start of)[- ](?:of )?({_MONTH_WORDS})(?:,? (\d{{4}}))?\b", re.I
)
_MONTH = re.compile(rf"\b(?:in|during|throughout|of)\s+({_MONTH_WORDS})(?:,? (\d{{4}}))?\b(?!\s+\d)", re.I)
_NAMED_MONTH = re.compile(rf"\b({_MONTH_WORDS.title()})\b(?:,? (\d{{4}}))?(?!\s+\d)")
_YEAR = re.compile(
    r"\b(?:in|during|throughout)\s+(?:(?:the\s+)?(?:early|mid|late|spring|summer|autumn|fall|winter|beginning|start|middle|end)"
    r"(?:\s+of)?[-\s]+)?(\d{4})\b",
    re.I,
)
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent(?:ly)?|now|currently|at the moment|so far|these days|right now|today)\b", re.I
)
_RELATIVE = re.compile(
    r"\b(?:(yesterday|today|last night|this morning)|(last|past|this|previous|next|coming)\s+(week|weekend|month|year))\b",
    re.I,
)
_EVENT = re.compile(
    r"\b(?:after|since|following)\s+(?:the|its|their|this|that)\s+((?:[\w’'-]+\s+){0,3}?(?:talks|negotiations|meeting|summit|"
    r"round|conference|election|elections|vote|referendum|visit|attack|invasion|strike|ceasefire|deal|speech|trial|match|storm|fire|"
    r"crash|earthquake|flood)(?:\s+(?:in|of|at|on|over)\s+(?-i:[A-Z])[\w’'-]+)?)",
    re.I,
)
_SPAN = re.compile(
    rf"\b(?:between|from)\s+(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?: (?:of )?({_MONTH_WORDS}))?\s+(?:and|to|until)\s+"
    rf"(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH_WORDS})(?:,? (\d{{4}}))?\b",
    re.I,
)
_CALENDAR = re.compile(rf"\b{MONTH}\b", re.I)
_YEAR_OF_DAYS = 365
_SOON = 31  # days ahead in which a day may be meant that the articles do not reach
_AROUND = re.compile(r"\b(before|until|prior to|after|since|from|on|by)\s+$", re.I)


@dataclass(frozen=True)
class Period:
    """The days a question asks about, as far as it says.

    Attributes:
        first, last: inclusive; None where it is open.
        words: what in the question says so.
        latest: the question asks for the newest state of things.
    """

    first: date | None = None
    last: date | None = None
    words: str = ""
    latest: bool = False

    @property
    def bounded(self) -> bool:
        """Whether it names any day at all."""
        return self.first is not None or self.last is not None

    @property
    def with_year(self) -> bool:
        """Whether the question names the year, too, and nothing has to be guessed."""
        return bool(re.search(r"\d{4}", self.words))

    def holds(self, day: date | None, slack: int = 0) -> bool:
        """Whether a day lies in it, with some days of slack at both ends."""
        if day is None or not self.bounded:
            return True
        late = self.first is None or (day - self.first).days >= -slack
        return late and (self.last is None or (day - self.last).days <= slack)


def period(question: str, as_of: date | None) -> Period:
    """What the question says of time, resolved against the day it is asked.

    A month or a day without a year is the nearest one; if that is more than a month ahead and the verb looks back
    ("who retired in December?", asked in August), the one before.
    """
    found = _named(question, as_of)
    day, at = found.first or found.last, question.find(found.words)
    if (
        not (as_of and day and (day - as_of).days > _SOON and at >= 0 and _CALENDAR.search(found.words))
        or found.with_year
    ):
        return found
    start, end = next(((a, b) for a, b in sentences(question) if a <= at < b), (0, len(question)))
    if way(question[start:end], at - start) != -1:
        return found
    return replace(found, first=_year_before(found.first), last=_year_before(found.last))


def _named(question: str, as_of: date | None) -> Period:
    latest = bool(_LATEST.search(question))
    if as_of is None or not in_range(as_of):
        return Period(latest=latest)
    if re.search(r"\bbetween\b", question, re.I) and len(days := [m.day for m in mentions(question, as_of)]) >= 2:
        return Period(min(days[:2]), max(days[:2]), "between two days", latest)
    if (found := _SPAN.search(question)) and (span := _days_between(found, as_of)):
        return Period(*span, found.group(), latest)
    if found := _PART.search(question):
        return _month_part(found, as_of, latest)
    for mention in mentions(question, as_of):
        before = _AROUND.search(question[: mention.start])
        word = before.group(1).lower() if before else "on"
        if mention.words.lower() == "today":
            return Period(mention.day, mention.day, mention.words, latest)
        if word in ("before", "until", "prior to", "by"):
            return Period(None, mention.day, f"{word} {mention.words}", latest)
        if word in ("after", "since", "from"):
            return Period(mention.day, None, f"{word} {mention.words}", latest)
        return Period(mention.day, mention.day, mention.words, latest)
    if found := _RELATIVE.search(question):
        return _relative(found, as_of, latest)
    if found := _MONTH.search(question):
        return _whole_month(found, as_of, latest)
    if found := _YEAR.search(question):
        year = int(found.group(1))
        if 1900 <= year <= 2200:
            return Period(date(year, 1, 1), date(year, 12, 31), found.group(), latest)
    return Period(latest=latest)


def _days_between(found: re.Match[str], as_of: date) -> tuple[date, date] | None:
    """The days of "between 13 and 22 March"; None where they are no days."""
    last_month = _MONTHS[found.group(4).lower()]
    first_month = _MONTHS[found.group(2).lower()] if found.group(2) else last_month
    year = int(found.group(5)) if found.group(5) else _year_for(last_month, as_of)
    try:
        first, last = date(year, first_month, int(found.group(1))), date(year, last_month, int(found.group(3)))
    except ValueError:
        return None
    return (first, last) if first <= last else None


def after_event(question: str, sentences: Iterable[tuple[str, date | None]], latest: bool = False) -> Period:
    """The time after an event that the question names ("after the Istanbul talks").

    The event's day is the one that most sentences name which have all of its words. Where they
    do not agree, or the event has no name in it ("after the talks"), the time stays open.

    Args:
        sentences: what was found for the question, each with its article's day.
    """
    found = _EVENT.search(question)
    if not found or not re.search(r"\b[A-Z]", found.group(1)):
        return Period(latest=latest)
    wanted = content(found.group(1))
    days = Counter(
        m.day
        for text, published in dict.fromkeys(sentences)
        if wanted <= content(text)
        for m in mentions(text, published)
        if published and m.day <= published  # what is announced has not happened
    )
    ranked = days.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[1][1] == ranked[0][1]):
        return Period(latest=latest)
    return Period(ranked[0][0], None, found.group(), latest)


def months(text: str, near: date) -> list[date]:
    """The first day of each month that a text names; where it names no year ("in September"), of both that are near a day."""
    found = list[date]()
    for named in _NAMED_MONTH.finditer(text):
        month = _MONTHS[named.group(1).lower()]
        years = [int(named.group(2))] if named.group(2) else range(max(1, near.year - 1), near.year + 2)
        firsts = [date(year, month, 1) for year in years if 1 <= year <= 9999]
        found += [first for first in firsts if named.group(2) or abs((first - near).days) < _YEAR_OF_DAYS]
    return found


def _relative(found: re.Match[str], as_of: date, latest: bool) -> Period:
    words = found.group()
    if found.group(1):
        day = as_of - timedelta(days=1 if found.group(1).lower() in ("yesterday", "last night") else 0)
        return Period(day, day, words, latest)
    which, unit = found.group(2).lower(), found.group(3).lower()
    shift = {"last": -1, "past": -1, "previous": -1, "this": 0, "next": 1, "coming": 1}[which]
    if which == "past" and unit == "week":
        return Period(as_of - timedelta(days=7), as_of, words, latest)
    return Period(*of_calendar(unit, shift, as_of), words, latest)


def _month_part(found: re.Match[str], as_of: date, latest: bool) -> Period:
    part, month = found.group(1).lower(), _MONTHS[found.group(2).lower()]
    year = _year(found.group(3), month, as_of)
    if part.startswith(("early", "beginning", "start")):
        first, last = date(year, month, 1), date(year, month, 10)
    elif part.startswith("mid"):
        first, last = date(year, month, 11), date(year, month, 20)
    else:
        first, last = date(year, month, 21), _month_end(year, month)
    return Period(first, last, found.group(), latest)


def _whole_month(found: re.Match[str], as_of: date, latest: bool) -> Period:
    month = _MONTHS[found.group(1).lower()]
    year = _year(found.group(2), month, as_of)
    return Period(date(year, month, 1), _month_end(year, month), found.group(), latest)


def _year(said: str | None, month: int, as_of: date) -> int:
    return int(said) if said and 1900 <= int(said) <= 2200 else _year_for(month, as_of)


def _year_for(month: int, as_of: date) -> int:
    """The year that puts the month nearest to the day the question is asked."""
    middle = [(abs((date(y, month, 15) - as_of).days), y) for y in (as_of.year - 1, as_of.year) if y >= 1]
    if as_of.year < 9999:
        middle.append((abs((date(as_of.year + 1, month, 15) - as_of).days), as_of.year + 1))
    return min(middle)[1]


def _year_before(day: date | None) -> date | None:
    return day and date(day.year - 1, day.month, min(day.day, calendar.monthrange(day.year - 1, day.month)[1]))


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
