"""What a person is reported to have said: the sentences that name them as the speaker, each with its position."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from index.errors import InputError
from index.store.base import Collection
from index.store.names import check_days, check_source
from index.text.sentences import paragraphs, sentences
from index.text.words import terms
from index.types import Article
from rag.claims.speakers import speakers

_CHUNKS = 2_000  # of those that name the person, the ones that are looked through
TITLES = frozenset(
    "mr mrs ms dr sir lord lady prof professor president chancellor premier minister ambassador envoy mayor governor senator "
    "judge justice general colonel captain sergeant chief secretary spokesman spokeswoman spokesperson director prince "
    "princess king queen pope bishop coach manager owner chairman chairwoman leader commissioner officer detective attorney "
    "sheriff lieutenant representative congressman congresswoman".split()
)


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
    quotation that it belongs to. "He said" is left out, and so are namesakes: the article must give the full name.

    Args:
        name: first and last name, as the articles have it.
        after, before, source: only articles of these days and this source.

    Raises:
        InputError: the name is not a first and a last name, or a limit cannot be used.
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
    """What a person says in one article, in order."""
    text, (*_, last) = article.text, name.split()
    if name not in " ".join(text.split()):
        return []
    out: list[Quote] = []
    for opened, closed in paragraphs(text):
        quoted = _quotations(text, opened, closed)
        for start, end in sentences(text, opened, closed):
            said = text[start:end]
            if last not in said or speakers(said) != {last} or _namesake(said, name):
                continue
            mine = [(a, b) for a, b in quoted if a < end and start < b]
            start, end = min([start, *(a for a, _ in mine)]), max([end, *(b for _, b in mine)])
            if out and start < out[-1].end:
                start = out.pop().start  # two sentences of one quotation
            out.append(Quote(article, start, end, text[start:end], bool(mine)))
    return out


def _namesake(sentence: str, name: str) -> bool:
    """Whether the last name in the sentence is someone else's."""
    words = name.split()
    before = re.findall(rf"([A-Z][\w’'-]+)\s+{re.escape(words[-1])}\b", sentence)
    return any(word not in words and word.lower() not in TITLES for word in before)


def _quotations(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The positions of the quotations in a paragraph; none if straight quotation marks do not pair up."""
    curly = [m.span() for m in re.finditer(r"“[^“”]*”", text[start:end])]
    straight = [m.start() for m in re.finditer('"', text[start:end])]
    pairs = [(a, b + 1) for a, b in pairwise(straight)][::2] if len(straight) % 2 == 0 else []
    return [(start + a, start + b) for a, b in (*curly, *pairs)]
