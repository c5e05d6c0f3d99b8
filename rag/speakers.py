"""Who speaks, and who is who: a statement belongs to its speaker, an office to its holder."""

from __future__ import annotations

import re

from index.dates import CALENDAR

_SAID = (
    r"(?:said|says|told|wrote|added|warned|argued|claimed|stated|noted|tweeted|announced|insisted|suggested|reported)"
)
# In the evidence more verbs than these make a speaker: "Peskov hailed …" may become "Peskov said that … was good".
_SAYS_SOMEHOW = (
    _SAID[:-1]
    + "|indicated|confirmed|hailed|praised|denied|declined|acknowledged|admitted|expressed|described|called|explained|"
    "emphasi[sz]ed|stressed|urged|promised|vowed|predicted|believes?d?|expects?|expected|hopes?|hoped|played down|refused|"
    "rejected|accused|replied|asked|thinks?|thought|signall?ed|conceded|cautioned|posted|welcomed|criticised|criticized|"
    "dismissed|demanded|proposed|offered|pledged|saw|sees|wants?|wanted|met|renewed|estimated|recalled|recounted|wrote)"
)
_WHEN = r"(?:,?\s+(?:\w+ly|has|had|have|also|later|earlier|late|then|previously|on\s+\w+|\w+day))*"
_CAPITAL = r"[A-Z][\w’-]+"
_OF = r"(?<!\bon\s)(?<!\bin\s)(?<!\bat\s)(?<!\bof\s)(?<!\bto\s)(?<!\bby\s)(?<!\bfor\s)(?<!\bfrom\s)(?<!\bwith\s)"  # "on Twitter" says nothing
_NO_NAME = CALENDAR | frozenset(
    "the a an it he she they we i this that these those in on at by for from with according after before during as his her "
    "their its there when while if but and or so no yes both some many most several however although since because".split()
)
_OFFICE = re.compile(
    r"\b((?:(?:[A-Z][\w-]+(?:['’]s)?|deputy|prime|foreign|defen[cs]e|interior|finance|vice|health|justice)\s+)*)"
    r"((?i:minister|president|chancellor|premier|ambassador|envoy|mayor|governor))\s+((?:[A-Z][\w’-]+\s+){0,2}[A-Z][\w’-]+)"
)
_HOLDS = frozenset("deputy prime foreign defence defense interior finance vice health justice".split())
_NATION = re.compile(r"(?:[a-z](?:ian|ean|ish|ese|can|eek)|nch|tch|iss|[a-z]i)$")
_BEFORE = 8  # words before a surname that may say who it is


def problems(sentence: str, said: str, around: str, everything: str) -> list[str]:
    """Words put in the wrong mouth, and offices given to the wrong person.

    Args:
        said: the evidence.
        around: the passage around it, which may say who "he" is.
        everything: the article and whatever else was read, which may say who holds an office.
    """
    return _wrong_mouth(sentence, said, around, everything) + _wrong_office(sentence, everything)


def speakers(text: str, verbs: str = _SAYS_SOMEHOW) -> set[str]:
    """The last names of those who are said to say something in a text."""
    found = {m[1] for m in re.finditer(rf"\b{_OF}({_CAPITAL})(?:,\s[^,.;\"“”]{{3,80}},)?{_WHEN},?\s+{verbs}\b", text)}
    found |= {
        m[1]
        for m in re.finditer(
            rf"[,\"”]\s*{verbs}\s+(?:(?!that\b)[a-z’'-]+\s+){{0,4}}?(?:{_CAPITAL}\s+)*({_CAPITAL})", text
        )
    }
    for m in re.finditer(r"\b[Aa]ccording to ([^,.;\"“”]{2,80})", text):
        found |= set(re.findall(_CAPITAL, m[1]))
    return {name for name in found if name.lower() not in _NO_NAME}


def _wrong_mouth(sentence: str, said: str, around: str, everything: str) -> list[str]:
    speak = speakers(said)
    there = {name for name in speak if _is_person(name, everything)}
    found = []
    for name in sorted(speakers(sentence, _SAID) - speak):
        # "Russia said" for "Moscow said" is no mistake: only people are held to their own words.
        if name in everything and not _is_person(name, everything):
            continue
        if name in said and (not there or re.search(r"\b(?:he|she|they|his|her)\b", said, re.I)):
            continue
        if there and not re.search(rf"\b{re.escape(name)}\b.{{0,400}}\b(?:he|she|they)\b", around, re.S):
            found.append(f"the words are {' and '.join(sorted(there))}'s in the evidence, not {name}'s")
        elif name not in around:
            found.append(f"{name} does not speak in the evidence")
    return found


def _is_person(name: str, everything: str) -> bool:
    """Whether the articles put a first name or a title before it: "Dmitry Peskov", not "in Moscow"."""
    before = re.findall(rf"({_CAPITAL}) {re.escape(name)}\b", everything)
    return any(word.lower() not in _NO_NAME for word in before)


def _wrong_office(sentence: str, everything: str) -> list[str]:
    """An office (or the country it is held in) that no text read gives to this person, and another one does."""
    found = []
    for before, office, name in _OFFICE.findall(sentence):
        surname = re.sub(r"[’']s$", "", name.split()[-1])
        near = _called(surname, everything) - set(name.split())
        stems = {w.lower()[:5] for w in near}
        if office.lower() not in {w.lower() for w in near}:
            continue  # nothing to compare with: the office may be general knowledge, or another word for it
        for word in before.split():
            bare = re.sub(r"['’]s$", "", word)
            if bare.lower()[:5] in stems:
                continue
            if bare.lower() in _HOLDS or (
                _NATION.search(bare) and any(_NATION.search(w) and w[0].isupper() for w in near)
            ):
                found.append(f"{before.strip()} {office} is not what {surname} is called in the articles")
                break
    return found


def _called(surname: str, everything: str) -> set[str]:
    """The words beside a surname that may say who it is: those before it, and an apposition after it."""
    found: set[str] = set()
    for place in re.finditer(rf"\b{re.escape(surname)}\b", everything):
        before = re.split(r"[,.;:!?]\s", everything[max(0, place.start() - 120) : place.start()])[-1]
        apposition = re.match(r",\s([^,.;:!?]{3,80})[,.;]", everything[place.end() :][:90])
        found |= set(
            re.findall(r"[\w-]+", " ".join(before.split()[-_BEFORE:]) + " " + (apposition[1] if apposition else ""))
        )
    return found
