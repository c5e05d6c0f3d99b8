"""Does this evidence say this sentence? Hard facts, words, meaning, and the model's own view.

`problems` is a gate: a number, day, name, quotation or speaker that the evidence does not
have. `score` is a degree from 0 to 1, fitted on QAGS (`rag eval --suite qags`; the weights
and what they reach stand in `eval/README.md`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence, Set
from datetime import date
from functools import lru_cache

from index.search import terms
from index.text.dates import CALENDAR, WEEKDAYS, mentions, parse_day
from rag.claims import speakers

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty".split()
)
_TENS = "thirty forty fifty sixty seventy eighty ninety".split()
_NUMBERS = {word: str(n) for n, word in enumerate(_UNITS)} | {word: str(n * 10) for n, word in enumerate(_TENS, 3)}
_NAME = re.compile(r"\b[A-Z][\w’'-]*[a-z][\w’'-]*(?:\s+(?:[A-Z][\w’'-]*[a-z][\w’'-]*))*|\b[A-Z]{2,}\b")
_QUOTE = re.compile(r"[“\"]([^“”\"]{2,}?)[”\"]")
_COMMON = CALENDAR | frozenset(
    "the a an it he she they this that these those in on at by for from with according after before during as his "
    "her their its there when while if but and or so no yes both some many most several passage article however "
    "although since because one two three".split()
)

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

# Logistic weights over (bias, share of words found, cosine, model's log-odds): what 368
# sentences of QAGS gave, each judged by three people: the chance that most of them would call
# the sentence supported (eval/README.md).
_WEIGHTS = (-3.89, 0.36, 2.01, 0.68)
_WEIGHTS_NO_MODEL = (-4.21, 2.62, 3.39)
# Below the first a sentence is marked as weakly supported: on QAGS 2 % of what people called
# supported lies there, and 29 % of the rest. Below the second it is not shown at all.
SUPPORTED, UNSUPPORTED = 0.3, 0.1
_ROOT = 0.6  # share of the longer of two words that must be common for both to be forms of one


def score(words: float, cosine: float, log_odds: float | None) -> float:
    """Support from 0 to 1: a logistic combination of the three signals.

    Args:
        words: share of the sentence's content words that the evidence has.
        cosine: similarity of sentence and evidence embeddings.
        log_odds: the model's log P(yes) - log P(no) that the evidence says it, if asked.
    """
    if log_odds is None:
        z = _WEIGHTS_NO_MODEL[0] + _WEIGHTS_NO_MODEL[1] * words + _WEIGHTS_NO_MODEL[2] * cosine
    else:
        z = _WEIGHTS[0] + _WEIGHTS[1] * words + _WEIGHTS[2] * cosine + _WEIGHTS[3] * log_odds
    return 1 / (1 + math.exp(-z))


def stem(word: str) -> str:
    """A rough stem: enough to see that "negotiated" and "negotiations" are one word."""
    word = word.removesuffix("'s").removesuffix("’s")
    if word in _NUMBERS:
        return _NUMBERS[word]
    for ending in (
        "ations",
        "ation",
        "ating",
        "ated",
        "ings",
        "ing",
        "edly",
        "ies",
        "ied",
        "ions",
        "ion",
        "ers",
        "er",
        "ors",
        "or",
        "ed",
        "es",
        "ly",
        "al",
        "s",
        "e",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            root = word[: -len(ending)]
            # "stopped" is "stop"; "pressed" stays "press".
            return root[:-1] if ending in ("ed", "ing") and root[-1] == root[-2] and root[-1] in "bdgmnprt" else root
    return word


def content(text: str) -> set[str]:
    """The stems of the words that carry meaning; a compound ("three-hour") gives its parts."""
    return {stem(word) for word in terms(text.replace("-", " "))}


def overlap(sentence: str, evidence: str | Iterable[str]) -> float:
    """Share of the sentence's content words that stand in the evidence, 0 to 1."""
    wanted = content(sentence)
    have = content(evidence if isinstance(evidence, str) else " ".join(evidence))
    return len(wanted & have) / len(wanted) if wanted else 0.0


def problems(
    sentence: str,
    evidence: Sequence[str],
    published: Sequence[date | None],
    around: str,
    named: str,
    given: str = "",
    beside: Sequence[str] = (),
) -> list[str]:
    """What the sentence states and its evidence does not have, in words; empty where all is there.

    Args:
        sentence: without citation markers.
        evidence: the sentences that are to support it.
        published: the publication day of each.
        around: the passage around the evidence; it may say who "he" is.
        named: the article's text; a name may be spelled out there ("Zelensky", "Ukraine's president").
        given: the question; a small number that stands there ("the two sides") is not the sentence's claim.
        beside: other passages; a name of the question may be missing in the evidence where one
            of them puts it after a name that is there ("Istanbul, Turkey").
    """
    said = " ".join(evidence)
    found = []
    for quote in _QUOTE.findall(sentence):
        if _plain(quote) not in _plain(said) and _plain(quote) not in _plain(around):
            found.append(f"the quotation “{quote}” is not in the evidence")
    found += _day_problems(sentence, evidence, published)
    # Days are judged by themselves; what is left are amounts, and they must stand in the evidence itself.
    near = next((d for d in published if d), None)
    bare = sentence
    for mention in reversed(mentions(sentence, near)):
        bare = bare[: mention.start] + " " + bare[mention.end :]
    years = {str(d.year) for d in published if d} | {
        str(m.day.year) for t, p in zip(evidence, published, strict=True) for m in mentions(t, p)
    }
    there = numbers(said) | years | {n for n in numbers(given) if len(n) == 1}
    found += [f"the number {n} is not in the evidence" for n in sorted(numbers(bare) - there)]
    have = _words_of(said) | _words_of(named)
    names = _names(sentence)
    known = [name for name in names if all(_known(w, have) for w in name.split())]
    for name in names:
        missing = [w for w in name.split() if not _known(w, have)]
        if missing and not (name in given and any(f"{k}, {name}" in t for t in beside for k in known)):
            found.append(f"the name {name} is not in the evidence")
    first = re.match(r"[\"“']?([A-Z][\w’'-]{3,})", sentence)
    if first and first.group(1).lower() not in _COMMON and not _known(first.group(1), have):
        # A name at the beginning cannot be told from a word by its capital letter.
        found.append(f"{first.group(1)} is not in the evidence")
    everything = "\n".join([named, *beside])
    return found + speakers.problems(sentence, said, around, everything)


@lru_cache(maxsize=32)  # the same article is asked about for each sentence of an answer
def _words_of(text: str) -> frozenset[str]:
    """The stems of a text's words, of a compound its own and those of its parts."""
    return frozenset(map(stem, set(re.findall(r"[\w’'-]+", text.lower())))) | content(text)


def form_problems(question: str, sentence: str) -> list[str]:
    """Why a sentence cannot be an answer to this question, whatever its evidence says.

    A sentence that has no word of meaning beyond the question's only repeats it; "how many"
    is answered by a number or a quantity, "which date" by a day.
    """
    found = []
    if _OPEN.match(question) and not re.search(r"\bor\b", question) and not content(sentence) - content(question):
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


def _day_problems(sentence: str, evidence: Sequence[str], published: Sequence[date | None]) -> list[str]:
    allowed: set[date] = set()
    words: set[str] = set()
    for text, day in zip(evidence, published, strict=True):
        resolved = {m.day for m in mentions(text, day)}
        # A day in the sentence may be one the evidence names; where it names none, the
        # day of publication.
        allowed |= resolved or ({day} if day else set())
        words |= {w for w in WEEKDAYS if re.search(rf"\b{w}\b", text, re.I)}
        words |= {WEEKDAYS[d.weekday()] for d in allowed}
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
    out = []
    for match in _NAME.finditer(sentence):
        whole = re.sub(r"['’]s\b", "", match.group())
        words = [w for w in whole.split() if w.lower() not in _COMMON]
        if match.start() == 0 and len(words) == 1 and len(match.group().split()) == 1:
            # The first word of a sentence is capitalised in any case.
            continue
        if words:
            out.append(" ".join(words))
    return out


def _known(word: str, have: Set[str]) -> bool:
    """Whether a word or a near form of it stands there: "Ukraine" and "Ukrainian", not "Austria" and "Australia"."""
    low = stem(word.lower().strip("’'"))
    return low in have or any(len(low) >= 4 <= len(h) and _one_root(low, h) for h in have)


def _one_root(a: str, b: str) -> bool:
    common = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return common >= min(5, len(a), len(b)) and common >= _ROOT * max(len(a), len(b))


def numbers(text: str) -> set[str]:
    """The numbers in a text, in digits; \"one\" is none."""
    found = {n.replace(",", "").rstrip(".") for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}
    found |= {_NUMBERS[w] for w in re.findall(r"[a-z]+", text.lower()) if w in _NUMBERS and w != "one"}
    return found


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
