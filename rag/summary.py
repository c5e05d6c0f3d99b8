"""A summary, what is new, and what changed since a day: the articles' own sentences, five at most, each with its position.

No model writes them. "Summarise …" names an article by its title, a subject, or nothing for all articles within the
limits; "what's new about …" quotes how the articles on it begin, of the last week in which there is one; "what changed since
22 March on …" sets the last report up to that day beside what was reported after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

import numpy as np

from index.embedder import Embedder
from index.search import search
from index.store.base import Collection
from index.store.names import source_key
from index.text.words import overlap
from index.types import Article
from rag.calibration import CALIBRATION
from rag.claims.attribution import Attributed, Told, number
from rag.evidence import is_caption, leans, of_article, passages
from rag.question.period import Period, period
from rag.question.rewrite import has_pronoun
from rag.refusal import answers_without_model
from rag.types import Answer, EvidenceSentence, Filters, Passage

_SUMMARY = re.compile(
    r"\s*(?:please\s+|(?:can|could|would) you\s+(?:please\s+)?)?(?:summari[sz]e|sum up|(?:give|write|make)\s+(?:me\s+)?"
    r"an?\s+(?:\w+\s+)?summary\s+of)\b[\s:,]*(?P<subject>.*?)[\s.?!]*(?:please)?[\s.?!]*",
    re.I | re.S,
)
_CHANGES = re.compile(
    r"\s*what(?:'s|’s|\s+(?:has|is|have))?\s+(?:changed|new|happened|been reported)\b.*\bsince\b.*", re.I | re.S
)
_ANY = r"(?:(?:is|are)\s+there\s+|(?:do you have|have you got)\s+)?(?:any(?:thing)?|some)"
_NEWS = re.compile(
    rf"\s*(?:(?:so|and|hi|hello|please),?\s+)*(?:what(?:['’]?s|\s+is|\s+are)?\s+(?:new|the\s+(?:latest|(?:latest\s+)?(?:news|developments?|updates?)))|"
    rf"{_ANY}\s+(?:news?|updates?)|(?:the\s+)?latest(?:\s+(?:news|developments?|updates?))?)\b"
    r"(?:\s+(?:today|now|here))?(?:\s*(?:about|on|with|regarding|concerning|of|from|in)\s+(?P<subject>.+?))?[\s.?!]*",
    re.I | re.S,
)
_UNNAMED = re.compile(r"(?:it|that|this|them|those|these|him|her)(?: all)?", re.I)  # whatever was spoken of before
_ALL = re.compile(
    r"(?:(?:all|everything|it)\b\s*(?:of\s+)?)?(?:(?:the|these|those|my|all)\s+)*(?:articles?|news|collection|reports?|archive)?"
    r"(?:\s+(?:here|there is|you have|in the collection))?",
    re.I,
)
_ABOUT = re.compile(r"\b(?:about|on|regarding|concerning|in|with|of)\s+(?!that\b)(?P<subject>.+)", re.I | re.S)


@dataclass(frozen=True)
class Wanted:
    """What was asked for.

    Attributes:
        subject: an article's title or a subject; empty for all.
        since: the day since which changes are asked for; None for a summary.
        new: only the last reports on it are asked for.
    """

    subject: str
    since: date | None = None
    new: bool = False


def wanted(asked: str, as_of: date | None, chance: float = 0.0) -> Wanted | None:
    """The summary or the changes that a text asks for; None where it asks something else.

    Args:
        chance: that it asks for a summary, in whatever words; see `rag.question.kind.asks`.
    """
    if found := _SUMMARY.fullmatch(asked):
        subject = found["subject"].strip(" \"“”'‘’")
        return Wanted("" if _ALL.fullmatch(subject) else subject)
    if _CHANGES.fullmatch(asked):
        time = period(asked, as_of)
        if time.first and not time.last:
            rest = re.sub(r"\bsince\b", " ", asked.replace(time.words, " "))
            about = _ABOUT.search(rest.rstrip(" ?.!"))
            return Wanted(about["subject"].strip() if about else "", time.first)
    if (found := _NEWS.fullmatch(asked)) and not _UNNAMED.fullmatch(found["subject"] or ""):
        return Wanted((found["subject"] or "").strip(" \"“”'‘’"), new=True)
    about = _ABOUT.search(asked.strip(" ?.!")) if chance >= CALIBRATION.summary_asked else None
    subject = about["subject"].strip(" \"“”'‘’") if about else ""
    return Wanted(subject) if subject and not has_pronoun(subject) and not _UNNAMED.fullmatch(subject) else None


def summarised(asked: Wanted, base: Answer, store: Collection, embedder: Embedder, filters: Filters) -> Answer | None:
    """The answer; None where no article is about the subject.

    Args:
        base: an answer without text, of which all but text, sentences, citations and passages is kept.
    """
    if asked.since:
        before = _about(asked.subject, store, embedder, replace(filters, as_of=asked.since - timedelta(1)))
        after = _about(asked.subject, store, embedder, _from(asked.since, filters))
        if not after or (asked.subject and not answers_without_model(after, asked.subject)):
            return None
        last = _chosen(before, asked.subject, embedder, 1, newest=True)
        said = [*last, *_chosen(after, asked.subject, embedder, CALIBRATION.summary - len(last))]
        read = [*before, *after]
    elif asked.new:
        read = _last(asked.subject, store, embedder, filters)
        said = _chosen(read, asked.subject, embedder, CALIBRATION.summary)
    else:
        title = _titled(asked.subject, store, embedder, filters)
        read = of_article(title, embedder) if title else _about(asked.subject, store, embedder, filters)
        if asked.subject and not title and not answers_without_model(read, asked.subject):
            return None
        said = _chosen(read, "" if title else asked.subject, embedder, CALIBRATION.summary, lead=bool(title))
    if not said:
        return None
    ordered = sorted(said, key=lambda s: (s.article.published or date.max, s.article.id, s.start))
    told = [Told(Attributed(" ".join(s.text.split()), (s,), 1.0, 1.0, ()), 1.0, True) for s in ordered]
    text, sentences, citations = number(told)
    shown = {s.chunk_id for s in ordered}
    return replace(
        base, abstained=False, text=text, sentences=sentences, citations=citations,
        passages=tuple(p for p in read if p.chunk_id in shown),
    )  # fmt: skip


def _last(subject: str, store: Collection, embedder: Embedder, filters: Filters) -> list[Passage]:
    """What the articles on a subject begin with, of the last week in which there is one; news begins with what is new."""
    found = _about(subject, store, embedder, filters)
    pool = [s for p in found for s in _good(p)]
    near = _ranked(pool, subject, embedder)[2] if subject and pool else range(len(pool))
    if not (days := [day for n in near if (day := pool[n].article.published)]):
        return found
    week = _from(max(days) - timedelta(CALIBRATION.news_days - 1), filters)
    articles = {p.article.id: p.article for p in _about(subject, store, embedder, week)}
    begun = _opening(articles.values(), embedder)
    floor = CALIBRATION.news_words if subject else 0.0
    return [p for p in begun if overlap(subject, f"{p.title} {p.text}") >= floor]


def _from(day: date, filters: Filters) -> Filters:
    return replace(filters, after=max(day, filters.after) if filters.after else day)


def _titled(subject: str, store: Collection, embedder: Embedder, filters: Filters) -> Article | None:
    """The article that has the subject for its title, or begins so where it has none."""
    bare = _bare(subject)
    if not bare:
        return None
    hits = search(store, embedder, subject, CALIBRATION.summary_hits, **asdict(filters))
    return next((hit.article for hit in hits if _bare(hit.article.label) == bare), None)


def _about(subject: str, store: Collection, embedder: Embedder, filters: Filters) -> list[Passage]:
    """The passages on a subject; of the newest articles, where none is named, what each begins with."""
    if subject:
        if filters.after and filters.as_of and filters.after > filters.as_of:
            return []
        hits = search(store, embedder, subject, CALIBRATION.summary_hits, **asdict(filters))
        return passages(hits, subject, embedder, Period())
    newest = [a for a in store.articles() if _within(a, filters)][-CALIBRATION.summary_articles :]
    return _opening(newest, embedder)


def _opening(articles: Iterable[Article], embedder: Embedder) -> list[Passage]:
    """The first passage of each article that says something by itself."""
    first = (next((p for p in of_article(a, embedder) if _good(p)), None) for a in articles)
    return [passage for passage in first if passage]


def _within(article: Article, limits: Filters) -> bool:
    day, last = article.published, min((d for d in (limits.before, limits.as_of) if d), default=None)
    if limits.source and source_key(article.source or "") != source_key(limits.source):
        return False
    if day is None:
        return not (limits.after or limits.before)
    return (not limits.after or day >= limits.after) and (not last or day <= last)


def _chosen(
    read: Sequence[Passage], subject: str, embedder: Embedder, most: int, newest: bool = False, lead: bool = False
) -> list[EvidenceSentence]:
    """Sentences that say most of it and not the same twice.

    Args:
        subject: what they are to be about; what they have in common where empty.
        newest: of those that are about it only the newest article's.
        lead: the first sentence is one of them, as news begins with what matters.
    """
    pool = _each(s for p in read for s in _good(p))
    if not pool:
        return []
    vectors, near, left = _ranked(pool, subject, embedder, strict=bool(subject) or newest)
    if newest:
        day = max((pool[n].article.published or date.min) for n in left)
        left = [n for n in left if (pool[n].article.published or date.min) == day]
    taken = [0] if lead else [int(left[0])]
    while len(taken) < most and (rest := [n for n in left if n not in taken]):
        alike = (vectors[rest] @ vectors[taken].T).max(axis=1)
        taken.append(int(rest[int(np.argmax(near[rest] - alike))]))
    return [pool[n] for n in taken]


def _ranked(
    pool: Sequence[EvidenceSentence], subject: str, embedder: Embedder, strict: bool = True
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """The sentences' vectors, how near each is to the subject, and the places of those that are about it, nearest first.

    Args:
        subject: what they have in common where empty.
        strict: leave out what is far from it: it would be chosen for being unlike the others.
    """
    vectors = np.asarray(embedder.passages([s.text for s in pool]))
    near = vectors @ (np.asarray(embedder.query(subject)) if subject else vectors.mean(axis=0))
    order = [int(n) for n in np.argsort(-near, kind="stable")[: CALIBRATION.summary_near]]
    best = near[order[0]]
    floor = min(best, CALIBRATION.second_quote * best) if strict else -np.inf
    return vectors, near, [n for n in order if near[n] >= floor]


def _each(found: Iterable[EvidenceSentence]) -> list[EvidenceSentence]:
    """Each sentence once, be it in several passages or word for word in several articles."""
    known: dict[str, EvidenceSentence] = {}
    for sentence in found:
        known.setdefault(" ".join(sentence.text.split()), sentence)
    return list(known.values())


def _good(passage: Passage) -> list[EvidenceSentence]:
    """The sentences of a passage that say something by themselves."""
    if is_caption(passage):
        return []
    captions = passage.article.captions
    fewest, most = CALIBRATION.summary_words
    return [
        s
        for s in passage.sentences
        if fewest <= len(s.text.split()) <= most
        and not leans(s.text)
        and s.text.rstrip()[-1:] in '.!”"'
        and not any(a <= s.start < b for a, b in captions)
    ]


def _bare(title: str) -> str:
    return " ".join(re.findall(r"\w+", title.casefold()))
