"""Paragraphs and sentences, as offsets.

Why not a library: pysbd 0.3.4 and sentencex 1.0.32 were tried on the seeds; both split
`…is important, of course," Peskov said. "For now…` after the opening quotation mark, and
pysbd runs `…," he said. "We…` together. Offsets must be exact here, because a citation is
a sentence's offsets.
"""

from __future__ import annotations

import re

# A full stop after one of these never ends a sentence.
_NEVER_LAST = frozenset(
    "mr mrs ms dr prof rev hon st mt ft gen lt col maj capt sgt cmdr adm gov sen rep pres supt det jan feb mar "
    "apr jun jul aug sep sept oct nov dec no nos vs approx dept est fig vol pp ed cf e.g i.e mme mlle sr. messrs".split()
)
# After these it may; it does when the next word commonly opens a sentence.
_MAYBE_LAST = frozenset("u.s u.k u.n e.u a.m p.m inc co corp ltd jr sr etc d.c bros".split())
_OPENERS = frozenset(
    "the a an he she it they we i you in on at but and this that these those there his her its their as after "
    "before when while if since for by with from no not new some many most all both however meanwhile according "
    "although though what who how why".split()
)
_END = re.compile(r"[.!?…]+[\"”’»')\]]*(?=\s+\S)|[。！？]+[」』”]*")
_LAST_WORD = re.compile(r"([^\s\"“‘'(\[]+?)\.+[\"”’»')\]]*$")
_CAN_OPEN = re.compile(r"[\"“‘«'(\[]*[^\W_a-z]|[\"“‘«]|[^\x00-\x7f]|[-–—•]")


def paragraphs(text: str) -> list[tuple[int, int]]:
    """Offsets of the non-empty lines of `text`, without surrounding white space."""
    spans = []
    for line in re.finditer(r"[^\n]+", text):
        body = line.group().strip()
        if body:
            start = line.start() + line.group().index(body)
            spans.append((start, start + len(body)))
    return spans


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Offsets of the sentences of `text[start:end]`; a line break always ends one.

    Every non-space character of the range is in exactly one sentence.
    """
    end = len(text) if end is None else end
    spans: list[tuple[int, int]] = []
    for first, last in paragraphs(text[start:end]):
        spans += _split(text, start + first, start + last)
    return spans


def _split(text: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    opened = start
    for stop in _END.finditer(text, start, end):
        # Only a window around the stop is looked at: a line may be millions of characters long.
        here = stop.end()
        before, after = text[max(opened, here - 60) : here], text[here : min(end, here + 60)]
        if here < end and after.strip() and _ends_sentence(before, after):
            spans.append((opened, here))
            opened = here + len(after) - len(after.lstrip())
    if opened < end:
        spans.append((opened, end))
    return spans


def _ends_sentence(before: str, after: str) -> bool:
    if before[-1] in "。！？」』":
        return True
    after = after.lstrip()
    if not _CAN_OPEN.match(after):
        return False
    word = _LAST_WORD.search(before)
    if not word:
        return True
    last = word.group(1).lower().lstrip("(")
    if last in _NEVER_LAST or re.fullmatch(r"[a-z]", last):
        return False
    if last in _MAYBE_LAST or re.fullmatch(r"([a-z]\.)+[a-z]", last):
        following = re.match(r"\W*(\w+)", after)
        return bool(following and following.group(1).lower() in _OPENERS)
    return True
