"""Hits become evidence: passages that can be understood alone, dated, deduplicated, in budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from index.embedder import Embedder
from index.late_interaction import nearness
from index.text.chunks import chunk
from index.text.dates import mentions, short, spell
from index.text.fragments import is_fragment
from index.text.sentences import sentences
from index.text.stretches import stretches
from index.types import Article, Hit
from rag.calibration import CALIBRATION
from rag.injection import injected
from rag.question.period import Period, months
from rag.reader import Reader
from rag.types import EvidenceSentence, Passage

_OPENS_UNNAMED = re.compile(
    r"^[\"“'‘(]*(?:he|she|they|it|his|her|their|its|this|that|these|those|the (?:two|three|same|latter|former)|both|such|"
    r"but (?:he|she|they|it)|however,? (?:he|she|they|it))\b",
    re.I,
)
_ENDS_UNNAMED = re.compile(r"[\"”,]\s*(?:he|she|they)\s+(?:said|added|told|wrote|says|continued|noted|warned)\b", re.I)
_MONTH = 27  # days between the first and the last of the shortest month
_SOURCE = 60  # characters of a source's name that the model reads: more is no name


def passages(
    hits: Sequence[Hit],
    question: str,
    embedder: Embedder,
    period: Period,
    *,
    searched: str = "",
    keep: int | None = None,
    reader: Reader | None = None,
) -> list[Passage]:
    """The passages that hits become, best first: by their hybrid score and how near their words are to the question's.

    A question about "now" prefers the newest; a question about a time prefers articles published within some days of
    it, or that name a day of it.

    Args:
        searched: what was searched for, where it is not the question alone.
        keep: how many are kept, if not all: the sentences of each have to be embedded.
        reader: says how likely each passage answers the question; left out where None.
    """
    made = _reranked([_passage(hit) for hit in hits], searched or question, embedder)
    rest = sorted(_timed(_read(made, question, reader) if reader else made, period), key=_order)
    wanted, best = len(rest) if keep is None else keep, list[Passage]()
    # What is addressed to a machine makes room for the next: it must not crowd out what is reported.
    while rest and len(best) < wanted:
        upto = wanted - len(best)
        best += _reported(rest[:upto], embedder)
        rest = rest[upto:]
    return _with_nearest(best, question, embedder)


def _timed(made: Sequence[Passage], period: Period) -> list[Passage]:
    """The passages, each with how well its day fits the time asked about."""
    if not (period.bounded or period.latest):
        return list(made)
    dated = [p.article.published for p in made if p.article.published]
    newest = max(dated, default=None)
    span = max(((newest - min(dated)).days if newest else 0), 1)

    def timely(passage: Passage) -> float:
        day, bonus = passage.article.published, 0.0
        near = day is not None and period.holds(day, CALIBRATION.near_days)
        if period.bounded and (near or _tells_of(period, passage.text, day)):
            bonus += CALIBRATION.in_period
        if period.latest and day and newest:
            bonus += CALIBRATION.newest * (1 - (newest - day).days / span)
        return bonus

    return [replace(p, timely=timely(p)) for p in made]


def _order(passage: Passage) -> tuple[float, str]:
    """The order in which passages are read: by their score, what the reader finds, and their day."""
    found = CALIBRATION.reader * (passage.reads or 0.0)
    return -passage.score - found - CALIBRATION.timely_search * passage.timely, passage.chunk_id


def of_article(article: Article, embedder: Embedder) -> list[Passage]:
    """The passages that an article's chunks become, whatever is asked."""
    return _reported([_passage(Hit(piece, article, 0.0, 1, None, None)) for piece in chunk(article)], embedder)


def heading(article: Article) -> str:
    """Source and day of an article, as the model reads them."""
    day = spell(article.published) if article.published else "undated"
    return f"{(article.source or 'news report')[:_SOURCE]}, {day}"


def dated(text: str, published: date | None) -> str:
    """The text with the day meant after each weekday, and the days after the first "last month": "on Tuesday (29 March)"."""
    meant = {m.end: short(m.day).rsplit(" ", 1)[0] for m in mentions(text, published) if not re.search(r"\d", m.words)}
    told: set[str] = set()
    for stretch in stretches(text, published):
        if stretch.short not in told:
            meant[stretch.end] = stretch.short
            told.add(stretch.short)
    out, last = [], 0
    for end, days in sorted(meant.items()):
        out += [text[last:end], f" ({days})"]
        last = end
    return "".join([*out, text[last:]])


def evidence_sentences(
    article: Article,
    chunk_id: str,
    start: int,
    end: int,
    copies: Sequence[Article] = (),
    earlier: tuple[Article, ...] = (),
) -> tuple[EvidenceSentence, ...]:
    """The sentences in a range of an article that state something, and which copies of it also have each of them."""
    texts = {copy.id: _folded(copy.text) for copy in copies if copy.id != article.id}
    out = []
    spans = sentences(article.text, start, end)
    for a, b in [span for span in spans if not _names_only(article, *span)] or spans:
        said = article.text[a:b]
        also = tuple(name for name, text in texts.items() if _folded(said) in text)
        out.append(EvidenceSentence(article, chunk_id, a, b, said, also, earlier))
    return tuple(out)


def _names_only(article: Article, start: int, end: int) -> bool:
    """Whether a line is a name, a list of them or a photographer's credit: without a word in small letters or a figure."""
    said = article.text[start:end]
    return is_fragment(said) and not re.search(r"\b[a-z\d]", said) and _folded(said) != _folded(article.title or "")


def _folded(text: str) -> str:
    return " ".join(text.split())


def is_caption(passage: Passage) -> bool:
    """Whether a passage is only a photo's caption."""
    return (passage.start, passage.end) in passage.article.captions


def _reranked(made: Sequence[Passage], searched: str, embedder: Embedder) -> list[Passage]:
    """The passages with a score that also knows how near each is to what was searched for, token by token.

    A passage's one vector may be mostly about something else than the one sentence that answers.
    """
    asked, *read = embedder.tokens([searched, *(f"{p.title}. {p.shown}" if p.title else p.shown for p in made)])
    near = nearness(asked, read)
    low, spread = near.min(initial=1.0), (np.ptp(near) if len(near) else 0.0) or 1.0
    weight = CALIBRATION.nearness
    return [
        replace(p, score=float(p.score + weight * (mine - low) / spread) / (1 + weight))
        for p, mine in zip(made, near, strict=True)
    ]


def _read(made: Sequence[Passage], question: str, reader: Reader) -> list[Passage]:
    """The passages, each with what the reader finds in it."""
    # An article's first line is often its title: an answer that is looked for there is the headline.
    texts = [p.shown.removeprefix(p.title).lstrip() or p.shown for p in made]
    found = reader.read(question, texts, [p.title for p in made])
    return [replace(p, reads=round(f.likely, 4), found=f.text) for p, f in zip(made, found, strict=True)]


def _with_nearest(made: Sequence[Passage], question: str, embedder: Embedder) -> list[Passage]:
    """The passages, each knowing which of its sentences is nearest to the question."""
    if not made:
        return []
    vectors = embedder.passages([question, *(s.text for p in made for s in p.sentences)])
    cosines = iter((vectors[1:] @ vectors[0]).tolist())
    near = [[next(cosines) for _ in p.sentences] for p in made]
    return [replace(p, best=cosine.index(max(cosine))) for p, cosine in zip(made, near, strict=True)]


def _passage(hit: Hit) -> Passage:
    article, found = hit.article, hit.chunk
    start = _with_speaker(article, found.start, found.end)
    text = article.text[start : found.end]
    shown = dated(" ".join(text.split()), article.published)
    if found.kind == "caption":
        shown = f"(photo caption) {shown}"
    return Passage(
        article=article,
        chunk_id=found.id,
        start=start,
        end=found.end,
        text=text,
        shown=shown,
        score=hit.score,
        cosine=hit.cosine,
        sentences=evidence_sentences(
            article, found.id, start, found.end, [other for _, other in hit.copies], hit.earlier
        ),
        title=article.title or "",
        sources=(article.id, *dict.fromkeys(other.id for _, other in hit.copies if other.id != article.id)),
    )


def _reported(made: Sequence[Passage], embedder: Embedder) -> list[Passage]:
    """The passages without sentences addressed to a machine: these are not shown to the model and are no evidence."""
    if not made:
        return []
    said = [s for p in made for s in p.sentences]
    paragraphs = [(s.article.id, s.article.text.rfind("\n\n", 0, s.start + 1)) for s in said]
    titles = sorted({p.title for p in made if p.title})
    texts = [*(s.text for s in said), *titles]
    # A title is a paragraph of its own.
    found = injected(texts, embedder.passages(texts), [*paragraphs, *titles], embedder.name).tolist()
    flags, orders = iter(found), {title for title, flag in zip(titles, found[len(said) :], strict=True) if flag}
    out = []
    for passage in made:
        if passage.title in orders:
            passage = replace(passage, title="")
        kept = tuple(s for s in passage.sentences if not next(flags))
        if len(kept) == len(passage.sentences):
            out.append(passage)
        elif kept:
            out.append(replace(passage, sentences=kept, shown=_shown(passage, " ".join(s.text for s in kept))))
    return out


def _shown(passage: Passage, text: str) -> str:
    caption = "(photo caption) " if is_caption(passage) else ""
    return caption + dated(" ".join(text.split()), passage.article.published)


def _with_speaker(article: Article, start: int, end: int) -> int:
    """Where to begin so that "he" has a name: up to two sentences earlier."""
    before = [span for span in sentences(article.text, max(0, start - 1200), start) if span not in article.captions]
    for _ in range(CALIBRATION.lookback):
        first = sentences(article.text, start, end)[0]
        if not leans(article.text[first[0] : first[1]]) or not before:
            break
        start = before.pop()[0]
    return start


def leans(sentence: str) -> bool:
    """Whether a sentence needs the one before it to say who it is about, or who is speaking."""
    return bool(
        _OPENS_UNNAMED.match(sentence)
        or _ENDS_UNNAMED.search(sentence)
        or (sentence[:1] in '"“' and not re.search(r"[\"”]\s*,?\s*(?:[A-Z]|said|according)|[\"”].*[A-Z]", sentence[1:]))
    )


def asserts(sentence: str) -> bool:
    """Whether a sentence states anything: an article's own question does not; a quoted question counts, since it reports that it was asked."""
    return not sentence.rstrip().endswith("?")


def inside(made: Sequence[Passage], period: Period) -> bool:
    """Whether any of the passages is from the time asked about, or tells of it.

    If no passage is dated they may be, so the answer is yes.
    """
    dated = [p for p in made if p.article.published]
    return not dated or any(
        period.holds(p.article.published, CALIBRATION.near_days) or _tells_of(period, p.text, p.article.published)
        for p in dated
    )


def cannot_tell(passage: Passage, period: Period) -> bool:
    """Whether an article is no evidence of what happened at the time asked about, for it names no day of it.

    One from before that time cannot, unless the passage itself says it; one from more than a year after it is about another
    time, unless anything in it says so or the time is an open one ("before 3 May 2019"). Only of a time that the question
    names with its year: another ("in June") may be that of a year the question leaves to the story.
    """
    article = passage.article
    if not (period.with_year and article.published):
        return False
    if period.first and article.published < period.first:
        return not _tells_of(period, passage.text, article.published)
    long_after = period.first and period.last and not period.holds(article.published, CALIBRATION.long_after)
    return bool(long_after) and not _tells_of(period, article.text, article.published)


def _tells_of(period: Period, text: str, published: date | None) -> bool:
    """Whether a text names a day of a time, or a week or month in it, or its year where the time is a month or more."""
    if any(period.holds(m.day) for m in mentions(text, published)):
        return True
    if any(period.holds(s.first) and period.holds(s.last) for s in stretches(text, published)):
        return True
    if not (period.first and period.last and (period.last - period.first).days >= _MONTH):
        return False
    if published and any(period.holds(month) for month in months(text, published)):
        return True
    years = map(int, re.findall(r"\b(?:19|20)\d\d\b", text))
    return any(period.first.year <= year <= period.last.year for year in years)


def short_day(article: Article) -> str:
    """The article's day in short, "undated" where it has none."""
    return short(article.published) if article.published else "undated"
