"""The types that the parts of `index` exchange: frozen, and of the standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Removed:
    """A line that was in the file and is not reporting.

    Attributes:
        line: its number in the file as read, from 1.
        text: the line as it stood.
        why: the rule that removed it, in words.
    """

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class RawArticle:
    """An article as its file gives it, boilerplate included."""

    id: str
    text: str
    path: str
    title: str | None = None
    source: str | None = None
    url: str | None = None
    published: date | None = None
    published_how: str = ""
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file (or line of a file) that was not indexed, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Article:
    """An article after cleaning.

    Attributes:
        text: the reporting alone, paragraphs separated by a blank line. All offsets anywhere in the project (chunks,
            citations, captions) are into this string.
        published: the day of publication, or None if nothing says it.
        published_how: how that day is known: "stated …", "inferred …" or "set by you".
        captions: (start, end) of each photo caption in `text`.
        removed: the boilerplate that was removed.
    """

    id: str
    title: str | None
    source: str | None
    published: date | None
    published_how: str
    url: str | None
    authors: tuple[str, ...]
    text: str
    removed: tuple[Removed, ...] = ()
    captions: tuple[tuple[int, int], ...] = ()
    path: str = ""

    @property
    def label(self) -> str:
        """The title, or the opening words where the article has none."""
        if self.title:
            return self.title
        opening = " ".join(self.text.split()[:9])
        return f"{opening} …" if opening else self.id

    @property
    def after_title(self) -> int:
        """Where the text goes on after a first line that repeats the title; 0 where it begins otherwise."""
        first = self.text.split("\n", 1)[0]
        repeats = self.title and first.split() == self.title.split() and len(first) < len(self.text)
        return len(first) if repeats else 0

    def __repr__(self) -> str:  # not the whole text
        day = self.published.isoformat() if self.published else "undated"
        return f"<Article {self.id}: {self.label[:80]!r}, {self.source or 'source not known'}, {day}>"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences: `text == article.text[start:end]`, always."""

    id: str
    article_id: str
    ordinal: int
    start: int
    end: int
    text: str
    kind: str = "body"  # or "caption"


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found.

    Attributes:
        score: the fused score, higher is nearer; comparable within one search only.
        cosine: cosine similarity of query and chunk, -1 to 1; None where only the full
            text search found it.
        bm25: BM25 score, higher is better; None where only the vectors found it.
        rank: place in the list, from 1.
        copies: chunks of other articles that say the same in the same words.
        earlier: older versions of its article, which are not found themselves.
    """

    chunk: Chunk
    article: Article
    score: float
    rank: int
    cosine: float | None = None
    bm25: float | None = None
    copies: tuple[tuple[Chunk, Article], ...] = ()
    earlier: tuple[Article, ...] = ()

    def __repr__(self) -> str:
        return f"<Hit {self.rank}. {self.chunk.id}, score {self.score:.2f}: {' '.join(self.chunk.text.split())[:80]!r}>"


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one `rag index` did."""

    articles: int
    chunks: int
    added: int
    updated: int
    unchanged: int
    dropped: int
    embedded: int
    skipped: tuple[Skipped, ...] = field(default=())
