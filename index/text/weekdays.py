"""Which way a weekday points: "will close on Wednesday" looks ahead, "closed on Wednesday" back.

The tense of the verb that the day belongs to decides, by the sentence's parse. Where it does not, the words stay as
they are: a wrong day is worse than none.
"""

from __future__ import annotations

import re
from typing import Any

from index.text.grammar import parsed

# Days back from which "on Tuesday, he said" is no longer last week's: what was published on Monday and
# tells of "Tuesday" in the past was written over since, as the labelled mentions show (docs/experiments.md).
_FAR = 5
# "every Tuesday", "that Friday", "the following Monday": no day, or one that another day decides.
_PARTS = frozenset("morning afternoon evening night mornings afternoons evenings nights noon".split())
_OTHER = frozenset(
    "that each every any some many most first second third fourth these those no following previous "
    "black good super cyber ash palm bloody easter holy maundy giving".split()
)
_PLANNED = frozenset(
    "expected scheduled set slated due planned forecast likely unlikely supposed projected poised bound predicted booked".split()
)
# What is fixed in a programme is told in the present tense; any other present is a headline's or a caption's.
_PROGRAMME = frozenset(
    "starts start begins begin opens open closes close airs air launches launch kicks kick premieres premiere returns return resumes "
    "resume debuts debut arrives arrive runs run continues continue expires expire ends end comes come goes go plays play meets meet "
    "hosts host travels travel drops drop is are".split()
)
# "Declined to comment Tuesday" tells of Tuesday, "agreed to meet Tuesday" does not.
_DONE = frozenset(
    "declined refused failed managed continued began started tried attempted helped used appeared seemed went came prompted forced led allowed caused".split()
)
# "Moved the vote to Friday" is told of a Friday to come, whatever the tense.
_MOVED = frozenset("moved postponed delayed pushed put rescheduled shifted adjourned deferred extended".split())
_MODALS = frozenset("will 'll ’ll wo shall may might can could should must would".split())
_HEADLINE = re.compile(r"^(?:[►▶•]|[\w’' ]{2,24}:(?=\S)|(?:read|watch|more|related)\b[^:.]{0,20}:)", re.I)
_RANGE = re.compile(r"^\s*(?:[-–—]|to\b|through\b|thru\b)\s*(?:mon|tues|wednes|thurs|fri|satur|sun)day", re.I)
_RANGE_BEFORE = re.compile(r"day\s*(?:[-–—]|to|through|thru)\s*$", re.I)


def direction(sentence: str, start: int, end: int, this: bool, gap: int) -> int | None:
    """Which way the weekday at `start` to `end` of a sentence points, seen from the day of publication.

    Args:
        this: "this" stands before it.
        gap: days from the latest such weekday to the day of publication, 0 to 6.

    Returns:
        -1: the latest one up to that day; 1: the next one from it on; None: it cannot be told.
    """
    if _HEADLINE.match(sentence) or _RANGE.match(sentence[end:]) or _RANGE_BEFORE.search(sentence[:start]):
        return None
    words = parsed(sentence.replace("[", " ").replace("]", " "))  # "[Tuesday]": an editor's word, not the speaker's
    day = next((t for t in words if t.idx <= start < t.idx + len(t)), None)
    if day is None or not _is_a_day(day):
        return None
    way = _way(day)
    if this and way != -1:
        return 1
    if gap == 0:
        return -1  # "will speak later Wednesday", of a Wednesday
    return None if way == -1 and (this or gap >= _FAR) else way


def way(sentence: str, start: int) -> int | None:
    """Whether the verb that the word at `start` of a sentence hangs on looks back (-1) or ahead (1); None where it does not say."""
    if _HEADLINE.match(sentence):
        return None
    word = next((t for t in parsed(sentence) if t.idx <= start < t.idx + len(t)), None)
    return None if word is None else _way(word)


def _is_a_day(day: Any) -> bool:
    before = day.nbor(-1).lower_ if day.i else ""
    if before in _OTHER or (before in ("a", "an", "the") and day.dep_ not in ("compound", "nmod", "amod", "poss")):
        return False  # "on a Tuesday"; "in a Tuesday statement" is a day
    if (
        day.i
        and day.nbor(-1).is_title
        and day.dep_ == "npadvmod"
        and day.head == day.nbor(-1)
        and day.head.pos_ == "PROPN"
    ):
        return False  # "Footloose Friday"
    # "Saturday Night Live", "The Sunday Times"
    return not (day.dep_ in ("compound", "nmod") and day.head.pos_ == "PROPN" and day.head.i > day.i)


def _way(day: Any) -> int | None:
    verb, through = _verb_of(day)
    if through & {"since", "as"}:
        return -1
    if verb is None:  # or it was taken for something else: "polling stations open on Sunday"
        return -1 if "on" in through and not through & _PROGRAMME else None
    if "before" in through or "ahead" in through:
        return None
    way = _tense(verb, linked=day.dep_ in ("poss", "compound", "nmod") and day.head.lower_ not in _PARTS)
    if through & {"starting", "beginning", "effective"} and way == -1:
        return None
    if way == -1 and day.head.lower_ == "to" and day.dep_ == "pobj":
        return 1 if verb.lower_ in _MOVED else None
    return way


def _verb_of(day: Any) -> tuple[Any, set[str]]:
    """The verb that a day belongs to, None if there is none, and the words on the way to it or to the sentence's head."""
    through: set[str] = set()
    token = day
    while token.head != token:
        token = token.head
        if token.pos_ in ("VERB", "AUX") and token.dep_ != "prep" and token.lower_ not in ("starting", "beginning"):
            return token, through
        through.add(token.lower_)
    return None, through


def _tense(verb: Any, linked: bool = False) -> int | None:
    """Whether a verb looks back (-1) or ahead (1); None where it does not say."""
    helpers = {c.lower_ for c in verb.children if c.dep_ in ("aux", "auxpass")} | {verb.lower_} & {
        "is",
        "are",
        "was",
        "were",
    }
    denied = any(c.dep_ == "neg" for c in verb.children)
    modal = helpers & _MODALS
    if modal:
        if linked:
            return None  # "Monday's attack will", "Tuesday's vote will"
        if "have" in helpers and not modal & {"will", "'ll", "’ll", "wo"}:
            return -1
        if denied and modal & {"could", "would"}:
            return -1 if "could" in modal else None
        return 1
    if helpers & {"was", "were", "had", "did"}:
        return None if verb.lower_ in _PLANNED or _planned_below(verb) or verb.lower_ == "going" else -1
    if helpers & {"has", "have", "having", "'ve", "’ve"}:
        return -1
    if "to" in helpers:
        return _of_infinitive(verb)
    if verb.tag_ == "VBG":
        if helpers & {"is", "are", "'s", "’s", "'re", "’re", "am", "'m", "’m"}:
            return None if linked else 1
        return _above(verb)
    if verb.tag_ == "VBN":
        if verb.lower_ in _PLANNED:
            if helpers & {"is", "are"}:
                return 1
            above = _above(verb)
            return None if above == -1 else 1
        return None if helpers or linked else -1
    if verb.tag_ == "VBD":
        return None if verb.lower_ in _PLANNED - {"set"} else -1
    if verb.tag_ in ("VBZ", "VBP"):
        if verb.dep_ == "advcl" and _above(verb) == 1:
            return 1  # "when England plays on Sunday, it will"
        return 1 if verb.lower_ in _PROGRAMME and not linked else None
    return _above(verb) if verb.tag_ == "VB" else None


def _of_infinitive(verb: Any) -> int | None:
    """ "Is expected to meet", "plans to meet": ahead; "sent troops to help": as its verb; "was to meet": unknown."""
    head = verb.head
    if head == verb:
        return None
    if head.lower_ in _DONE:
        return _tense(head)
    if head.lower_ in _PLANNED or head.lower_ in (
        "going",
        "plans",
        "plan",
        "wants",
        "hopes",
        "expect",
        "expects",
        "aims",
        "intends",
    ):
        was = {c.lower_ for t in (head, head.head) for c in t.children if c.dep_ in ("aux", "auxpass")} | {
            head.head.lower_
        }
        return None if was & {"was", "were", "had"} else 1
    while head.pos_ not in ("VERB", "AUX"):
        if head.head == head:
            return None
        head = head.head
    return _tense(head) if verb.dep_ == "advcl" or _tense(head) == 1 else None


def _planned_below(verb: Any) -> bool:
    return any(c.lower_ in _PLANNED for c in verb.children if c.dep_ in ("acomp", "xcomp", "attr"))


def _above(verb: Any) -> int | None:
    """What the next verb up the tree says."""
    token = verb
    while token.head != token:
        token = token.head
        if token.pos_ in ("VERB", "AUX"):
            return _tense(token)
    return None
