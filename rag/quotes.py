"""What a person is reported to have said: the sentences that name them as the speaker, each with its position."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from index.errors import InputError
from index.store.base import Collection
from index.store.names import check_days, check_source
from index.text.grammar import parse_ahead, people
from index.text.sentences import paragraphs, sentences
from index.text.words import terms, unaccented
from index.types import Article
from rag.claims.speakers import LONGEST, line_around, may_say, speakers

_HE = re.compile(
    r"\b(?:[Hh]e|[Ss]he)\s+(?:\w+ly\s+|also\s+)?(?:said|says|added|adds|told|wrote|continued|explained|recalled|tweeted)\b"
)
_OTHER = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][a-z’'-]+\s+[A-Z][a-z’'-]+")  # a name beside it
_CHUNKS = 500  # of those that name the person, the ones that are looked through
_BOOK = 200_000  # characters of an article that are looked through


@dataclass(frozen=True)
class Statement:
    """What somebody with this last name is reported to have said, in a text.

    Attributes:
        sentence: the one that names them; empty where it is known from the words around.
        direct: whether words of the person's own stand in it, in quotation marks.
    """

    last: str
    start: int
    end: int
    sentence: str
    direct: bool


@dataclass(frozen=True)
class Quote:
    """Words of an article that say what a person said: `text == article.text[start:end]`.

    Attributes:
        direct: whether words of the person's own stand in it, in quotation marks.
    """

    article: Article
    start: int
    end: int
    text: str
    direct: bool


def quotes(
    store: Collection, name: str, after: date | None = None, before: date | None = None, source: str | None = None
) -> list[Quote]:
    """What a person is reported to have said, oldest first.

    A sentence counts if a verb of saying has this person, and nobody else, as its subject; it is given with the whole
    quotation that it belongs to. So does a quotation that goes on after it, and one beside "he said" where this person
    spoke last. What only "he" is reported to have said is left out, and so are namesakes: the article must give the
    full name.

    Args:
        name: first and last name, as the articles have it; accents may be left out.
        after, before, source: only articles of these days and this source.

    Raises:
        InputError: the name is not a first and a last name, or a filter is invalid.
    """
    words = name.split()
    if len(words) < 2 or not all(re.search(r"\w", word) for word in words):
        raise InputError(f"{name!r:.80} is not a first and a last name.", "Give both, as in Dmitry Peskov.")
    check_days(after, before)
    if source:
        check_source(source, store.sources())
    with store.snapshot():
        rows = store.full_text(terms(words[-1]), _CHUNKS, store.within(source, after, before, None))
        ids = sorted({store.chunk(row).article_id for row in rows})
        articles = [store.loaded_article(i) for i in ids]
    found = [quote for article in articles for quote in in_article(article, " ".join(words))]
    return sorted(found, key=lambda q: (q.article.published or date.max, q.article.id, q.start))


def in_article(article: Article, name: str) -> list[Quote]:
    """What a person says in one article, in order; "Viktor Orban" is the article's "Viktor Orbán"."""
    name = _as_spelled(name, article.text)
    if not name:
        return []
    out: list[Quote] = []
    for said in statements(article.text):
        if said.last != name.split()[-1] or not _is_of(article.text, said, name):
            continue
        start, end = said.start, said.end
        if out and start < out[-1].end:
            start = out.pop().start  # two sentences of one quotation
        out.append(Quote(article, start, end, article.text[start:end], said.direct))
    return out


def _as_spelled(name: str, text: str) -> str:
    """A name as a text has it; empty where the text does not have it, with or without accents."""
    there = " ".join(text.split())
    if name in there:
        return name
    wanted = [unaccented(word) for word in name.split()]
    words = re.findall(r"[\w’'.-]+", there)
    runs = (words[n : n + len(wanted)] for n in range(len(words) - len(wanted) + 1))
    return next((" ".join(run) for run in runs if [unaccented(word) for word in run] == wanted), "")


@lru_cache(maxsize=1_000)
def statements(text: str) -> tuple[Statement, ...]:
    """What a text reports anyone to have said, in order: sentences that name the speaker, with all that they quote.

    A quotation without words of the article's own goes on where the one before it in its paragraph ended; one beside
    "he said" or "she said" belongs to whoever spoke last, in this paragraph or the one before it.
    """
    told = [_told(text, *ends) for ends in paragraphs(text[:_BOOK])]
    parse_ahead(own for paragraph in told for *_, own in paragraph if may_say(own))
    out: list[Statement] = []
    before = ""  # who spoke last
    for paragraph in told:
        now = ""
        for n, (start, end, mine, own) in enumerate(paragraph):
            who = speakers(own)
            if len(who) == 1:
                now, named = who[0], True
            elif who or not mine:
                now, before = ("", "") if who else (now, before)
                continue
            elif now and not re.search(r"\w", own):
                named = False
            elif (now or (before and n == 0)) and _HE.search(own) and not _OTHER.search(own):
                now, named = now or before, False
            else:
                continue
            first, last = min([start, *(a for a, _ in mine)]), max([end, *(b for _, b in mine)])
            out.append(Statement(now, first, last, text[start:end] if named else "", bool(mine)))
        before = now
    return tuple(out)


def _told(text: str, opened: int, closed: int) -> list[tuple[int, int, list[tuple[int, int]], str]]:
    """The sentences of a paragraph, each with the quotations that it has part in and its own words."""
    quoted = _quotations(text, opened, closed)
    spans = [
        (start, end, [(a, b) for a, b in quoted if a < end and start < b])
        for start, end in sentences(text, opened, closed)
        if end - start <= LONGEST
    ]
    return [(start, end, mine, _outside(text, start, end, mine)) for start, end, mine in spans]


@lru_cache(maxsize=4096)
def full_names(text: str, last: str) -> frozenset[str]:
    """The people in a text whose last name this is, by first and last name."""
    found = {
        " ".join(pair.split()): line_around(text, m.start(), m.end())
        for m in re.finditer(rf"\b[A-Z][\w’'-]{{1,40}}\s+(?:[A-Z]\.\s+)?{re.escape(last)}\b(?![’']s? [A-Z])", text)
        if (pair := m[0])
    }
    return frozenset(re.sub(r" [A-Z]\. ", " ", full) for full, there in found.items() if _is_person(full, there))


def _is_person(full: str, there: str) -> bool:
    """Whether a name is a person's where it stands."""
    return any(" ".join(who.split()).endswith(full) for who in people(there))


def _is_of(text: str, said: Statement, name: str) -> bool:
    """Whether a statement is this person's, and no namesake's."""
    return name in " ".join(said.sentence.split()) or not full_names(text, said.last) - {name}


def _outside(text: str, start: int, end: int, quoted: Sequence[tuple[int, int]]) -> str:
    """A sentence without what it quotes, of which the marks stay, and what stands before the last of them."""
    return "".join(text[n] for n in range(start, end) if not any(a < n < b - 2 for a, b in quoted))


def _quotations(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The positions of the quotations in a paragraph; none if straight quotation marks do not pair up."""
    curly = [m.span() for m in re.finditer(r"“[^“”]*”", text[start:end])]
    straight = [m.start() for m in re.finditer('"', text[start:end])]
    pairs = [(a, b + 1) for a, b in pairwise(straight)][::2] if len(straight) % 2 == 0 else []
    return [(start + a, start + b) for a, b in (*curly, *pairs)]
