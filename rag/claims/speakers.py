"""Who speaks: a statement belongs to its speaker, whom the parse of its sentence gives.

A gate: where the words leave a doubt, it gives no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from index.text.grammar import PROPER, parsed, people

# Verbs that are always of saying, and those that are only before a clause or a quotation.
_ALWAYS = frozenset("say said says tell told tells write wrote writes tweeted argued insisted stated warned".split())
_SOMETIMES = frozenset(
    "added adds claimed announced reported noted suggested confirmed denied promised explained admitted predicted "
    "continued recalled".split()
)
_HE = re.compile(r"[\"“]?(?:He|She|They)\b")
LONGEST = 2_000  # characters of a sentence that is parsed: what is longer is a list or a table
_AROUND = 60  # characters before and after a name
_MENTIONS = 30  # of a name, that are looked at to tell whether it is a person's
_SAYING = re.compile(rf"\b(?:{'|'.join(sorted(_ALWAYS | _SOMETIMES))})\b", re.I)


def speakers(text: str) -> list[str]:
    """The last names of those who are named as saying something in a text, in order, each once."""
    names = (_last_name(who) for verb in _verbs(text) for who in _subjects(verb))
    return list(dict.fromkeys(name for name in names if name))


def may_say(text: str) -> bool:
    """Whether a text has a verb of saying, and is no longer than what is parsed."""
    return len(text) <= LONGEST and bool(_SAYING.search(text))


def problems(sentence: str, said: Sequence[str], around: str, everything: str) -> list[str]:
    """Words put in the wrong mouth.

    Args:
        said: the sentences of the evidence.
        around: the passage around them, which may say who "he" is.
        everything: the article and whatever else was read, which may say who is a person.
    """
    return [
        problem
        for name in speakers(sentence)
        if name not in everything or _is_person(name, everything)  # "Russia said" for "Moscow said" is no mistake
        if (problem := _wrong_mouth(name, said, around, everything))
    ]


def _wrong_mouth(name: str, said: Sequence[str], around: str, everything: str) -> str:
    named = re.compile(rf"\b{re.escape(name)}\b")
    if re.search(rf"\b[Aa]ccording to [^,.;\"“”]{{0,60}}{named.pattern}", " ".join(said)) or any(map(_doubtful, said)):
        return ""
    known = [who for who in dict.fromkeys(w for text in said for w in speakers(text)) if _is_person(who, everything)]
    theirs = f"the words are {' and '.join(sorted(known))}'s in the evidence, not {name}'s"
    if name in known or (not known and any(map(named.search, said))):
        return ""
    if any(map(named.search, said)):
        return theirs if all(_only_told_of(name, text) for text in said if named.search(text)) else ""
    if known and not re.search(rf"{named.pattern}.{{0,400}}\b(?:he|she|they)\b", around, re.S):
        return theirs
    return "" if named.search(around) else f"{name} does not speak in the evidence"


def _doubtful(text: str) -> bool:
    """Whether somebody speaks whose name the sentence does not give: "He said", "the captain said"."""
    unnamed = ("PRP", "NN", "NNS")
    who = [noun for verb in _verbs(text) for noun in _subjects(verb)]
    return any(noun.tag_ in unnamed and not _last_name(noun) for noun in who) or bool(_HE.match(text))


def _only_told_of(name: str, text: str) -> bool:
    """Whether a name stands only in what others say: "Slutsky said Peskov was wrong"."""
    words = [word for word in parsed(text) if word.text == name]
    return bool(words) and all(any(verb in _above(word) for verb in _verbs(text)) for word in words)


def _above(word: Any) -> Iterator[Any]:
    """The words in whose clauses or phrases, not as whose subjects, a word stands."""
    for under, verb in zip((word, *word.ancestors), word.ancestors, strict=False):
        if under.dep_ in ("ccomp", "dobj", "pobj", "prep", "dative"):
            yield verb


def _is_person(name: str, everything: str) -> bool:
    """Whether the articles give this last name to a person, by first and last name or with a title."""
    mentions = re.finditer(rf"\b[A-Z][\w’'-]{{1,40}}\.?\s+{re.escape(name)}\b", everything)
    near = (line_around(everything, *m.span()) for m in islice(mentions, _MENTIONS))
    return any(who.split()[-1] == name for line in near for who in people(line))


def line_around(text: str, start: int, end: int) -> str:
    """As much of the line around a name as tells what it is a name of."""
    before, after = text[max(0, start - _AROUND) : start], text[start : end + _AROUND]
    return (before.rsplit("\n", 1)[-1] + after[: end - start] + after[end - start :].split("\n")[0]).strip()


def _verbs(text: str) -> Iterable[Any]:
    """The verbs of saying in a text."""
    if not may_say(text):
        return ()
    words = parsed(text)
    quotes = any(word.is_quote for word in words)
    return [
        word
        for word in words
        if word.lower_ in _ALWAYS
        or (word.lower_ in _SOMETIMES and (quotes or any(child.dep_ == "ccomp" for child in word.children)))
    ]


def _subjects(verb: Any) -> list[Any]:
    """Who does what a verb says; of "came and said" who came."""
    own = [child for child in verb.children if child.dep_ == "nsubj"]
    if not own and verb.dep_ == "conj":
        return _subjects(verb.head)
    return [*own, *(word for noun in own for word in noun.conjuncts if word.i < verb.i or noun.i > verb.i)]


def _last_name(noun: Any) -> str:
    """The last name of a proper noun, or of the one that explains a noun: "the spokesman, Dmitry Peskov"."""
    explained = (noun, *(child for child in noun.children if child.dep_ == "appos"))
    return next((word.text for word in explained if word.tag_ in PROPER), "")
