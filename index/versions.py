"""An updated version of an article is told from a copy: the same outlet or address, nearly the same text, a later day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from index.calibration import RETRIEVAL
from index.store.names import source_key
from index.text.dates import short
from index.text.sentences import sentences
from index.text.words import numbers, share, word_runs
from index.types import Article


@dataclass(frozen=True)
class _Text:
    article: Article
    day: date
    address: str
    outlet: str
    runs: set[tuple[str, ...]]


def superseded(articles: Iterable[Article]) -> dict[str, Article]:
    """Each of these articles that has a later version among them: the older one's id, mapped to the latest.

    An article without a date is no version of another: which of them counts cannot be told.
    """
    texts = [
        _Text(a, a.published, _address(a.url), source_key(a.source or ""), word_runs(a.text))
        for a in articles
        if a.published
    ]
    texts.sort(key=lambda text: (text.day, text.article.id))
    out: dict[str, Article] = {}
    for n, older in enumerate(texts):
        later = [newer.article for newer in texts[n + 1 :] if _is_version(older, newer)]
        if later:
            out[older.article.id] = later[-1]
    return out


def correction(quote: str, article: Article, earlier: Sequence[Article]) -> str:
    """What earlier versions of an article say instead of a figure that it has in these words; empty where they do not.

    Of several that do, the latest is told.
    """
    for old in sorted(earlier, key=lambda a: (a.published or date.min, a.id), reverse=True):
        runs = word_runs(quote)
        said = [old.text[start:end] for start, end in sentences(old.text)]
        nearest = max(said, key=lambda text: share(runs, word_runs(text)), default="")
        if nearest == quote or share(runs, word_runs(nearest)) < RETRIEVAL.version_sentence:
            continue
        figures = _changed(nearest.split(), quote.split())
        if figures and old.published and article.published:
            before, now = (", ".join(f"“{words}”" for words in side) for side in zip(*figures, strict=True))
            return (
                f"The version of {short(old.published)} said {before}; that of {short(article.published)} says {now}."
            )
    return ""


def _is_version(older: _Text, newer: _Text) -> bool:
    if older.day == newer.day:
        return False
    common = len(older.runs & newer.runs)
    if older.address and older.address == newer.address:
        return common >= RETRIEVAL.version_address * len(older.runs)
    # A short report of which a long one has every word is no earlier version of that, but the news that led to it.
    return bool(older.outlet) and older.outlet == newer.outlet and common >= RETRIEVAL.version * max(
        len(older.runs), len(newer.runs) / 2
    )  # fmt: skip


def _address(url: str | None) -> str:
    """An address without what does not say which page it is."""
    return re.sub(r"^https?://(?:www\.)?", "", (url or "").partition("#")[0]).rstrip("/").lower()


def _changed(before: list[str], now: list[str]) -> list[tuple[str, str]]:
    """The stretches of a sentence in which other figures stand than before, as they stood and as they stand."""
    out = []
    for change, a, b, c, d in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        old, new = " ".join(before[a:b]), " ".join(now[c:d])
        if change != "replace" or max(b - a, d - c) > RETRIEVAL.version_figure:
            continue
        if _figures(old) and _figures(new) and _figures(old) != _figures(new):
            out.append((old.strip(".,;:"), new.strip(".,;:")))
    return out


def _figures(text: str) -> set[str]:
    """The numbers in a text, in digits: "forty-two" is one of them, not two."""

    def whole(found: re.Match[str]) -> str:
        tens, unit = numbers(found[1]), {"1"} if found[2] == "one" else numbers(found[2])
        return str(sum(map(int, tens | unit))) if tens and unit else found[0]

    return numbers(re.sub(r"\b([a-z]+ty)-([a-z]+)\b", whole, text.lower()))
