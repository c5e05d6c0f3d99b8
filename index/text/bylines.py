"""What the lines that open an article say of it: the day it was published, and who wrote it."""

from __future__ import annotations

import re
from datetime import date

from index.text.dates import CALENDAR, MONTH, parse_day

_LONGEST = 200  # characters of a line that is no paragraph
_DAY = rf"(?:{MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|\d{{1,2}}(?:st|nd|rd|th)?\s+{MONTH},?\s+\d{{4}}|\d{{4}}-\d{{2}}-\d{{2}})"
_GAP = r"[\s,|·•–—-]"
_LINE = re.compile(
    rf"(?:by\s+(?P<who>.{{3,120}}?){_GAP}+)?(?:(?:first\s+)?(?:published|updated|posted|last\s+updated|date)\b)?:?\s*(?:on\s+)?"
    rf"(?:\w+day,?\s+)?(?P<day>{_DAY})(?:(?:{_GAP}|T)*(?:at\s+)?\d{{1,2}}[:.]\d{{2}}\b.{{0,60}})?(?:{_GAP}+(?:last\s+)?updated\b.{{0,60}})?",
    re.IGNORECASE,
)
# "TURKU, Finland, May 3, 2023 (Reuters) — The harbour …"; one without its year says no day.
_DATELINE = re.compile(
    rf"(?P<place>[^\d()]{{2,60}}?)[\s,(]+(?P<day>{_DAY})\)?\s*(?:\([^()]{{2,40}}\)\s*|/[^/]{{2,40}}/\s*)?(?:--|[-–—])\s",
    re.IGNORECASE,
)
_OPENERS = CALENDAR | frozenset(
    "on in at by to from of for since until till after before during as and but the a an this that".split()
)


def day_of_line(line: str) -> date | None:
    """The day on a line that holds nothing but a date ("March 30, 2022"), or a byline and a date, or None."""
    found = _parts(line)
    return parse_day(found["day"]) if found else None


def writers_of_line(line: str) -> tuple[str, ...]:
    """The names on such a line: ("Ann Ek", "Ville Salo") of "By Ann Ek and Ville Salo | 3 May 2023"."""
    found = _parts(line)
    return _names(found["who"]) if found and found["who"] else ()


def day_of_dateline(line: str) -> date | None:
    """The day in the dateline that a report begins with, or None."""
    found = _DATELINE.match(line.strip()[:_LONGEST])
    if not found:
        return None
    words = found["place"].replace(",", " ").split()
    if len(words) > 6 or not all(word[0].isupper() for word in words):
        return None
    # A town in small letters is told from the beginning of a sentence: "On May 3, 2023 — a Wednesday — …" is no dateline.
    is_town = found.string[found.end("place")] == "," and not _OPENERS & {word.lower() for word in words}
    return parse_day(found["day"]) if words[0].isupper() or is_town else None


def _parts(line: str) -> re.Match[str] | None:
    line = line.strip()
    found = _LINE.fullmatch(line) if len(line) <= _LONGEST else None
    return found if found and (not found["who"] or _names(found["who"])) else None


def _names(who: str) -> tuple[str, ...]:
    """The names in a byline; none where it does not begin with one."""
    parts = [part.split() for part in re.split(r"\s*[,&|·•]\s*|\s+and\s+", who.strip()) if part.strip()]
    named = [
        len(words) <= 5 and all(w[0].isalpha() for w in words) and words[0][0].isupper() and words[-1][0].isupper()
        for words in parts
    ]
    return (
        tuple(" ".join(words) for words, is_name in zip(parts, named, strict=True) if is_name)
        if named and named[0]
        else ()
    )
