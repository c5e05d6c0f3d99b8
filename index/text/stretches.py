"""Which days "last week", "earlier this month" and "last fall" mean in an article.

A stretch is counted from the day of publication, by the calendar. What the calendar does not settle ("this
week" on a Sunday, "this weekend" on a Monday) the verb does, as with weekdays. Where neither does, or where the
words mean no days of the calendar ("the last year", "next season"), they stay as they are.

No library does this: dateparser 1.5 gives one day for "last week" and next November for "last November", and
timefhuman 0.1.5 and ctparse 0.3.6 read neither "last week" nor "this year".
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta

from index.text.dates import in_range
from index.text.sentences import sentences
from index.text.weekdays import way

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}  # the first month, north of the equator
_WORDS = re.compile(
    rf"\b(?:(earlier|later)\s+)?(?:(last|this|next|this\s+past|this\s+coming|the\s+past|the\s+coming)\s+"
    rf"(week|weekend|month|year|{'|'.join(_SEASONS)}|{'|'.join(_MONTHS)})"
    r"|(last\s+night)|(this\s+(?:morning|afternoon|evening)))\b(?!-|\s+(?:of\b|or\s+(?:two|so|more)\b|and\s+a\s+half\b|\d))",
    re.IGNORECASE,
)
# "In the last year" are twelve months up to now, "her last season" is one of hers.
_OWNED = re.compile(
    r"(?:\b(?:the|an?|his|her|its|their|our|my|your|whose|that|every|each|very|one|two)|\w[’']s)\s+$", re.I
)
_QUOTES = re.compile(r"[“”\"]")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_QUOTE = 600  # characters before the words in which a quotation may have begun
_AROUND = 350  # characters of a sentence before and after the words: enough for their verb
_EDGE = 2  # days: "earlier this month" on the 2nd was written before, in another month
_FAR = 8  # months: "this fall", said in January, may be the one before or the next


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words that name a stretch of days, where they stand, and its first and last day."""

    start: int
    end: int
    words: str
    first: date
    last: date

    @property
    def short(self) -> str:
        """The days in short: "29 March", "21 to 27 March", "February 2022", "December 2021 to February 2022", "2022".

        Days are without their year, which is nearly always that of the article. Of a month or a year that is not
        over ("earlier this year") the whole is named.
        """
        if self.first == self.last:
            return _day(self.first)
        unit = self.words.lower().split()[-1]
        if unit.startswith("week"):
            same = self.first.month == self.last.month
            between = "and" if unit == "weekend" else "to"
            return f"{self.first.day if same else _day(self.first)} {between} {_day(self.last)}"
        if unit == "month":
            return _month(self.first)
        if self.first.year == self.last.year:
            return str(self.first.year)
        return f"{_month(self.first)} to {_month(self.last)}"


def stretches(text: str, published: date | None) -> list[Stretch]:
    """Every expression in `text` that names a stretch of days, resolved against the publication day; in order.

    Raises:
        ModelMissing, ModelError: as `index.text.grammar.parsed`.
    """
    if published is None or not in_range(published):
        return []
    found = []
    for match in _WORDS.finditer(text):
        days = None if _no_days(text, match, published) else _days(text, match, published)
        if days and in_range(days[0]) and in_range(days[1]):
            found.append(Stretch(match.start(), match.end(), match.group(), *days))
    return found


def of_calendar(unit: str, shift: int, base: date) -> tuple[date, date]:
    """The first and last day of a week (Monday to Sunday), weekend, month or year: that of `base` (0), the one before (-1) or after (1)."""
    if unit in ("week", "weekend"):
        monday = base + timedelta(days=7 * shift - base.weekday())
        return monday + timedelta(days=5 if unit == "weekend" else 0), monday + timedelta(days=6)
    if unit == "month":
        return _months(base.year, base.month + shift, 1)
    return _months(base.year + shift, 1, 12)


def _no_days(text: str, match: re.Match[str], published: date) -> bool:
    """Whether the words are a name, or are owned, or are said by someone whose day is not known."""
    which, unit = match[2], match[3]
    last_word = match.group().split()[-1]
    if unit and unit.lower() in _MONTHS:
        if last_word in ("may", "march") or not last_word[0].isupper():
            return True
    elif last_word[0].isupper():
        return True  # "CBS This Morning"
    if _OWNED.search(text[max(0, match.start() - 12) : match.start()]) and not (which or "").lower().startswith("this"):
        return True
    if not _quoted(text, match.start()):
        return False
    # A remark may be some days old, and then its "last week" is another one; its year is another where one is named.
    if unit is None or unit.lower() in ("week", "weekend"):
        return True
    first, last = _sentence(text, match)
    return bool(set(_YEAR.findall(text[first:last])) - {str(published.year)})


def _days(text: str, match: re.Match[str], published: date) -> tuple[date, date] | None:
    part, which, unit, night, day = ((group or "").lower() for group in match.groups())
    if night or day:
        that = published - timedelta(days=1 if night else 0)
        return that, that
    which = " ".join(which.split())
    if unit == "week":
        found = _week(text, match, published, which, part)
    elif unit == "weekend":
        found = _weekend(text, match, published, which)
    elif which.endswith(("past", "coming")) and unit in ("month", "year"):
        return None  # "this past year": the twelve months up to now
    elif unit in ("month", "year"):
        found = of_calendar(unit, {"last": -1, "this": 0, "next": 1}[which], published)
    else:
        found = _named(unit, which, published)
    if found is None or not part or not found[0] <= published <= found[1]:
        return found
    if part == "earlier":
        return (found[0], published) if (published - found[0]).days >= (1 if unit == "week" else _EDGE) else None
    return (published, found[1]) if (found[1] - published).days >= (1 if unit == "week" else _EDGE) else None


def _week(text: str, match: re.Match[str], published: date, which: str, part: str) -> tuple[date, date] | None:
    if which.endswith(("past", "coming")):
        return None  # the seven days up to now
    if published.weekday() < 6:
        # What is still to come in a week that is nearly over may be told in next week's paper.
        if which == "this" and not part and published.weekday() > 2 and _way(text, match) == 1:
            return None
        return of_calendar("week", {"last": -1, "this": 0, "next": 1}[which], published)
    # On a Sunday a week has ended for some, and begins for others.
    over = (published - timedelta(days=7), published - timedelta(days=1))
    if which == "last" or part == "earlier":
        return over
    if which == "next" or part == "later":
        return None
    return {-1: over, 1: (published, published + timedelta(days=6)), None: None}[_way(text, match)]


def _weekend(text: str, match: re.Match[str], published: date, which: str) -> tuple[date, date] | None:
    coming = of_calendar("weekend", 0, published)
    gone = of_calendar("weekend", -1, published)
    day = published.weekday()
    if which in ("last", "this past", "the past"):
        return gone
    if which in ("this coming", "the coming"):
        return coming if day < 5 else None
    if which == "next":
        return None  # the coming one for some, the one after it for others
    if day >= 5:
        return coming
    said = _way(text, match)
    if said == -1:
        return gone if day <= 2 else None
    return coming if said == 1 or day > 2 else None


def _named(unit: str, which: str, published: date) -> tuple[date, date] | None:
    """The days of a month or season that has a name: "last fall", "this November"."""
    month, length = (_MONTHS[unit], 1) if unit in _MONTHS else (_SEASONS[unit], 3)
    year, now = published.year, published.month
    if unit == "winter" and now < 7:
        year -= 1  # it is named after the year in which it begins
    first, last = _months(year, month, length)
    if which == "this":
        months = abs((year * 12 + month + length // 2) - (published.year * 12 + now))
        return (first, last) if months <= _FAR else None
    over = last < published
    if which in ("this past", "the past"):
        return _months(year - (not over), month, length) if not first <= published <= last else None
    if which in ("this coming", "the coming"):
        return _months(year + over, month, length) if not first <= published <= last else None
    if which == "last":
        # Of one that was over in this same year nobody can tell whether it is meant or the year before's.
        return None if over and unit != "winter" else _months(year - (not over), month, length)
    return _months(year + 1, month, length) if over or first <= published else None


def _way(text: str, match: re.Match[str]) -> int | None:
    first, last = _sentence(text, match)
    return way(text[first:last], match.end() - len(match.group().split()[-1]) - first)


def _sentence(text: str, match: re.Match[str]) -> tuple[int, int]:
    """Where the sentence begins and ends, as far as it is near: a line may be millions of characters long."""
    spans = sentences(text, max(0, match.start() - _AROUND), min(len(text), match.end() + _AROUND))
    return spans[bisect_right(spans, (match.start(), len(text))) - 1]


def _quoted(text: str, at: int) -> bool:
    """Whether a quotation is open there: the last quotation mark before it opens one."""
    marks = list(_QUOTES.finditer(text, max(0, at - _QUOTE), at))
    if not marks:
        return False
    mark = marks[-1]
    if mark.group() != '"':
        return mark.group() == "“"
    before = text[mark.start() - 1 : mark.start()]
    return (not before or before.isspace() or before in "([—–-") and not text[mark.end() : mark.end() + 1].isspace()


def _months(year: int, month: int, length: int) -> tuple[date, date]:
    year, month = divmod(year * 12 + month - 1, 12)
    end_year, end_month = divmod(year * 12 + month + length - 1, 12)
    return date(year, month + 1, 1), date(end_year, end_month + 1, calendar.monthrange(end_year, end_month + 1)[1])


def _day(day: date) -> str:
    return f"{day.day} {calendar.month_name[day.month]}"


def _month(day: date) -> str:
    return f"{calendar.month_name[day.month]} {day.year}"
