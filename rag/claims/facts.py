"""The fact gate: what a sentence states and its evidence does not have, and what an answer must give.

Numbers, days, names, quotations and speakers are hard facts: one that the evidence lacks is a problem,
however alike the words are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from datetime import date
from functools import lru_cache

from index.text.dates import CALENDAR, WEEKDAYS, mentions, parse_day
from index.text.grammar import PROPER, named, parsed, places
from index.text.stretches import stretches
from index.text.words import content, numbers, plain, stem, unaccented
from rag.calibration import CALIBRATION
from rag.claims import offices, speakers
from rag.types import EvidenceSentence

_CAPITALISED = re.compile(r"\b[A-Z][\w’'-]*[a-z][\w’'-]*|\b[A-Z]{2,}\b")
_LETTERS = 4  # that a name has at least where it begins the sentence: the tags of "Va" and "UK" are guesses there
_CONTENT = ("JJ", "NN", "NNS")  # "the Ukrainian side", "the House": with a capital letter, and tagged as words
_QUOTE = re.compile(r"[“\"]([^“”\"]{2,}?)[”\"]")
_OPEN = re.compile(
    r"\W*(?:(?:and|so|but|in|on|at|to|of|for|with|from|by)\s+)*(?:who|whose|whom|what|which|when|where|why|how)\b", re.I
)
_COUNT = re.compile(r"\b(?:how (?:many|old)|(?:what|which) year|what (?:number|percentage|share))\b", re.I)
_DATE = re.compile(r"\b(?:what|which) (?:dates?|days?)\b|^\W*(?:what (?:is|was|were)|give|name) the dates?\b", re.I)
_QUANTITY = re.compile(
    r"\b(?:several|dozens?|hundreds?|thousands?|millions?|billions?|few|many|most|all|both|half|couple|pair|"
    r"no|none|nobody|one|single|twice|a (?:third|quarter|fifth|tenth|year))\b",
    re.I,
)


def problems(
    sentence: str,
    evidence: Sequence[EvidenceSentence],
    around: str,
    given: str = "",
    beside: Sequence[str] = (),
) -> list[str]:
    """What the sentence states and its evidence does not have, in words; empty where all is there.

    Args:
        sentence: without citation markers.
        evidence: the sentences that are to support it; a name may be spelled out elsewhere in their
            articles ("Zelensky", "Ukraine's president").
        around: the passage around the evidence; it may say who "he" is.
        given: the question; a small number that stands there ("the two sides") is not the sentence's claim.
        beside: other passages; a place that the question names may be missing in the evidence where one
            of them puts it after a name that is there ("Istanbul, Turkey").
    """
    texts, published = [s.text for s in evidence], [s.article.published for s in evidence]
    said, whole = " ".join(texts), " ".join(dict.fromkeys(s.article.text for s in evidence))
    found = []
    for quote in _QUOTE.findall(sentence):
        if plain(quote) not in plain(said) and plain(quote) not in plain(around):
            found.append(f"the quotation “{quote}” is not in the evidence")
    found += _day_problems(sentence, texts, published, given)
    # Days are judged by themselves; what is left are amounts, and they must stand in the evidence itself.
    near = next((d for d in published if d), None)
    stretched = [s for t, p in zip(texts, published, strict=True) for s in stretches(t, p)]
    bare = sentence
    for s in stretched:  # "21 to 27 March", as the model was shown "last week"
        if (s.last - s.first).days < 7:
            bare = re.sub(rf"\b{s.first.day}\s*(?:to|and|until|through|[-–])\s*{s.last.day}\b", " ", bare)
    for mention in reversed(mentions(bare, near)):
        bare = bare[: mention.start] + " " + bare[mention.end :]
    years = {str(d.year) for d in published if d} | {
        str(m.day.year) for t, p in zip(texts, published, strict=True) for m in mentions(t, p)
    }
    years |= {str(day.year) for s in stretched for day in (s.first, s.last)}
    there = numbers(said) | years | {n for n in numbers(given) if len(n) == 1}
    found += [f"the number {n} is not in the evidence" for n in sorted(numbers(bare) - there)]
    have = _words_of(said) | _words_of(whole)
    # A person may type "Orban" where the article has "Orbán".
    sentence, said, around, given, whole, *beside = map(unaccented, (sentence, said, around, given, whole, *beside))
    names = _names(sentence)
    known = [name for name in names if all(_known(w, have) for w in name.split())]
    for name in names:
        missing = [
            w for w in name.split() if not (_known(w, have) or _shortens(w, sentence, have) or _initials(w, whole))
        ]
        if missing and not (
            any(name in where for where in places(given)) and any(f"{k}, {name}" in t for t in beside for k in known)
        ):
            found.append(f"the name {name} is not in the evidence")
    everything = "\n".join([whole, *beside])
    return (
        found
        + speakers.problems(sentence, list(map(unaccented, texts)), around, everything)
        + offices.problems(sentence, everything)
    )


@lru_cache(maxsize=32)  # the same article is asked about for each sentence of an answer
def _words_of(text: str) -> frozenset[str]:
    """The stems of a text's words, of a compound ("d'Alene") its own and those of its parts."""
    low = text.lower()
    return frozenset(map(stem, {*re.findall(r"[\w’'-]+", low), *re.findall(r"\w+", low)})) | content(text)


def form_problems(question: str, sentence: str) -> list[str]:
    """Why a sentence cannot be an answer to this question, whatever its evidence says.

    A sentence that has no word of meaning beyond the question's only repeats it; "how many"
    is answered by a number or a quantity, "which date" by a day.
    """
    found = []
    told = re.sub(r"^\W*(?:yes|no)\b", "", sentence, flags=re.I)
    asked = _OPEN.match(question) or told != sentence
    if asked and not re.search(r"\bor\b", question) and not content(told) - content(question):
        found.append("it says nothing that the question does not")
    if _COUNT.search(question) and not (numbers(sentence) or _QUANTITY.search(sentence)):
        found.append("it gives no number")
    if _DATE.search(question) and not (
        numbers(sentence) or any(re.search(rf"\b{w}\b", sentence, re.I) for w in WEEKDAYS)
    ):
        found.append("it gives no day")
    if re.search(r"\bthe passage\b(?! (?:of|through|to|into|from)\b)", sentence, re.I):
        found.append("it speaks of the passage, not of what happened")
    return found


def _day_problems(sentence: str, evidence: Sequence[str], published: Sequence[date | None], given: str) -> list[str]:
    allowed: set[date] = set()
    words: set[str] = set()
    for text, day in zip(evidence, published, strict=True):
        # The day of publication is none of them: what an article tells may have happened on any day before. Where
        # the question is about that very day, an article of it that names no other tells of it.
        allowed |= {m.day for m in mentions(text, day)} or {m.day for m in mentions(given, day) if m.day == day}
        words |= {w for w in WEEKDAYS if re.search(rf"\b{w}\b", text, re.I)}
        words |= {WEEKDAYS[d.weekday()] for d in allowed}
    for text, day in zip(evidence, published, strict=True):
        allowed |= {end for stretch in stretches(text, day) for end in (stretch.first, stretch.last)}
    found = []
    near = next((d for d in published if d), None)
    for mention in mentions(sentence, near):
        low = mention.words.lower()
        if low in WEEKDAYS:
            if low not in words:
                found.append(f"{mention.words} is not in the evidence")
        elif re.search(r"\d", mention.words):
            day = parse_day(mention.words, near)
            if day and day not in allowed:
                found.append(f"{mention.words} is not a day of the evidence")
    return found


def _names(sentence: str) -> list[str]:
    """The names in a sentence: runs of words with a capital letter that its grammar does not account for."""
    tokens = parsed(sentence)
    runs: list[list[re.Match[str]]] = []
    for word in _CAPITALISED.finditer(sentence):
        token = next(t for t in reversed(tokens) if t.idx <= word.start())
        opens = token.is_sent_start or (token.i and token.nbor(-1).is_quote)
        # A word that begins the sentence has its capital letter in any case.
        other = token.tag_ in _CONTENT and (
            not opens or any(name.startswith(_bare(word[0])) for name, _ in named(sentence))
        )
        if word[0].lower() in CALENDAR or not (token.tag_ in PROPER or other):
            continue
        if runs and not sentence[runs[-1][-1].end() : word.start()].strip():
            runs[-1].append(word)
        else:
            runs.append([word])
    names = [" ".join(_bare(word[0]) for word in run) for run in runs]
    return names[1:] if runs and runs[0][0].start() == 0 and len(names[0]) < _LETTERS else names


def _bare(word: str) -> str:
    """A name without its possessive ending."""
    return re.sub(r"['’]s$", "", word)


def _known(word: str, have: Set[str]) -> bool:
    """Whether a word or a near form of it stands there: "Ukraine" and "Ukrainian", not "Austria" and "Australia"."""
    low = stem(word.lower().strip("’'"))
    return low in have or any(len(low) >= 4 <= len(h) and _one_root(low, h) for h in have)


def _shortens(word: str, sentence: str, have: Set[str]) -> bool:
    """Whether a word is written with a full stop and shortens one that stands there: "Va." is "Virginia"."""
    if not re.search(rf"\b{re.escape(word)}\.(?!\s*$)", sentence):
        return False
    letters = ".*".join(map(re.escape, word.lower()))
    return any(re.match(letters, whole) and len(whole) > len(word) for whole in have)


def _initials(word: str, text: str) -> bool:
    """Whether a word in capitals has the first letters of names that stand there: "JFK" is "John F. Kennedy"."""
    between = r"[\w’'-]*\.?\s+(?:(?:of|the|and|for)\s+)*"
    return word.isalpha() and word.isupper() and len(word) > 1 and bool(re.search(rf"\b{between.join(word)}\w*", text))


def _one_root(a: str, b: str) -> bool:
    """Whether two words begin alike, as a people and its place do, which share no stem."""
    common = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return common >= min(5, len(a), len(b)) and common >= CALIBRATION.one_root * max(len(a), len(b))
