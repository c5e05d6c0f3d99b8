"""The words of a text: content words, their stems, what two texts share, the numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer

_STOP = frozenset(
    "a an the of to in on at by for from with and or but if is are was were be been being do does did has have "
    "had it its this that these those there who whom whose what which when where why how i you he she they we me "
    "him her them us my your his their our as so than then not no will would can could should may might about "
    "into over after before s t say says said tell told".split()
)
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty".split()
)
_TENS = "thirty forty fifty sixty seventy eighty ninety".split()
# Letters that Unicode does not take for another one with a mark.
_BARE = str.maketrans(
    dict(zip("øØłŁđĐðÐħĦı", "oOlLdDdDhHi", strict=True))
    | {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "þ": "th", "Þ": "Th"}
)
_DOZENS = re.compile(
    rf"(?<![\w-])((?:an?\s+)?half(?:\s+a)?|a\s+couple(?:\s+of)?|an?|{'|'.join(_UNITS[1:])})\s+dozen\b", re.I
)
_NUMBERS = {word: str(n) for n, word in enumerate(_UNITS)} | {word: str(n * 10) for n, word in enumerate(_TENS, 3)}


def terms(text: str) -> list[str]:
    """The content words of a text, lower case, in order, each once; of "Ford's" the name, as full text is to find it anywhere."""
    words = [re.sub(r"['’]s$", "", word) for word in re.findall(r"\w+(?:[.'’]\w+)*", text.lower())]
    return list(dict.fromkeys(w for w in words if w not in _STOP and (len(w) > 1 or w.isdigit() or not w.isascii())))


def unaccented(text: str) -> str:
    """A text with its Latin letters bare, as an English keyboard has them: "Orbán" is "Orban", "Haßelmann" "Hasselmann"."""
    if text.isascii():
        return text
    out = list[str]()
    for letter in unicodedata.normalize("NFD", text.translate(_BARE)):
        if not (unicodedata.combining(letter) and out and out[-1].isascii()):
            out.append(letter)
    return unicodedata.normalize("NFC", "".join(out))


@lru_cache(50_000)
def stem(word: str) -> str:
    """The stem of a word in lower case, so that "negotiated" and "negotiations" are one, and "Orbán" and "Orban".

    Of a number its digits.

    Source: Porter's English stemmer ("Porter2"), as the Snowball project publishes it.
    """
    word = unaccented(word).removesuffix("'s").removesuffix("’s")
    # A stemmer keeps the word it is at work on, so each call has its own: threads may ask at once.
    return _NUMBERS.get(word) or str(snowballstemmer.stemmer("english").stemWord(word))


def content(text: str) -> set[str]:
    """The stems of the content words; a compound ("three-hour") gives its parts."""
    return {stem(word) for word in terms(unaccented(text).replace("-", " "))}


def overlap(sentence: str, evidence: str | Iterable[str]) -> float:
    """Share of the sentence's content words that are in the evidence, 0 to 1."""
    wanted = content(sentence)
    have = content(evidence if isinstance(evidence, str) else " ".join(evidence))
    return len(wanted & have) / len(wanted) if wanted else 0.0


def numbers(text: str) -> set[str]:
    """The numbers in a text, in digits; \"one\" is none, "0.50" is "0.5", and "a dozen" is "12"."""
    dozens = {str(_dozens(m[1].lower())) for m in _DOZENS.finditer(text)}
    text = _DOZENS.sub(" ", text)
    found = {n.replace(",", "") for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}
    found = {n.rstrip("0").rstrip(".") if "." in n else n for n in found}
    found |= {_NUMBERS[w] for w in re.findall(r"[a-z]+", text.lower()) if w in _NUMBERS and w != "one"}
    return found | dozens


def _dozens(many: str) -> int:
    return 6 if "half" in many else 24 if "couple" in many else 12 * int(_NUMBERS.get(many, "1"))


def word_runs(text: str) -> set[tuple[str, ...]]:
    """The runs of three words in a text: what two texts have in common of them says how alike they are."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def share(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> float:
    """Share of the smaller one's runs that the other one has too, 0 to 1."""
    return len(a & b) / (min(len(a), len(b)) or 1)


def plain(text: str) -> str:
    """A text's words in lower case with single spaces, without punctuation."""
    return " ".join(re.findall(r"\w+", text.lower()))
