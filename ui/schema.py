"""What the calls for programs return, defined once: the JSON Schema of each is made from these shapes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from typing_extensions import TypedDict  # the standard library's has no JSON Schema before Python 3.12

from index.store.listing import Page, Source
from index.types import Article, Hit
from rag.quotes import Quote
from rag.schema import AnswerData
from ui.history import Chat, Exchange


class About(TypedDict):
    """The program that answers, and its collection.

    version: the program's; the shapes of answers change only when it does.
    first, last: the days of the oldest and the newest article, as 2022-03-31; null where none is dated.
    ready: whether all models are loaded; until they are, a question waits.
    """

    name: str
    version: str
    collection: str
    articles: int
    sources: int
    first: str | None
    last: str | None
    model: str
    embedder: str
    ready: bool


class SourceData(TypedDict):
    """A source: its number of articles, and the days of the oldest and the newest of them."""

    name: str
    articles: int
    first: str | None
    last: str | None


class Sources(TypedDict):
    """The sources that articles name, those with the most articles first."""

    sources: list[SourceData]


class Head(TypedDict):
    """An article without its text.

    date: as 2022-03-31, or null where none is known; date_how: how it is known ("stated …", "inferred …", "set by you").
    """

    id: str
    title: str | None
    source: str | None
    date: str | None
    date_how: str
    url: str | None
    authors: list[str]


class Articles(TypedDict):
    """Some of the articles.

    total: how many there are in all; next: the offset at which the next page begins, null after the last.
    """

    articles: list[Head]
    total: int
    next: int | None


class Whole(Head):
    """An article with its text, without the boilerplate that was removed; every offset is into this text.

    captions: start and end of each photo caption in the text.
    """

    text: str
    captions: list[list[int]]


class HitData(TypedDict):
    """A passage that was found: text is the article's from start to end.

    score: higher is nearer; comparable within one search only.
    also: ids of other articles with the same words.
    """

    chunk_id: str
    article_id: str
    title: str | None
    source: str | None
    date: str | None
    start: int
    end: int
    text: str
    score: float
    also: list[str]


class Hits(TypedDict):
    """The passages nearest to a query, the best first."""

    passages: list[HitData]


class ExchangeData(TypedDict):
    """A question in a chat, and what became of it.

    state: waiting, running, done, stopped or failed.
        answer: null if there is none (yet); note: what a person should
    know, such as why it failed. limits: those of source, from, to and as_of that limited the question.
    """

    question: str
    asked: str
    limits: dict[str, str]
    state: str
    note: str
    answer: AnswerData | None


class ChatData(TypedDict):
    """A chat with all its questions, oldest first; the page shows it at /?chat=ID."""

    id: str
    title: str
    exchanges: list[ExchangeData]


class ChatAnswer(ExchangeData):
    """A question as it stands in its chat: pass `chat` with the next one to go on."""

    chat: str


class Person(TypedDict):
    """A person, and how many of the articles searched quote them."""

    name: str
    articles: int


class People(TypedDict):
    """The people quoted by first and last name, those in the most articles first.

    looked_through: how many of the newest articles were searched.
    """

    people: list[Person]
    looked_through: int


class QuoteData(TypedDict):
    """Words of an article that say what a person said: text is the article's from start to end.

    direct: whether it has the person's own words, in quotation marks.
    """

    article_id: str
    title: str | None
    source: str | None
    date: str | None
    url: str | None
    start: int
    end: int
    text: str
    direct: bool


class Quotes(TypedDict):
    """Some of what a person is reported to have said, oldest first.

    total: how many there are in all; next: the offset at which the next page begins, null after the last.
    """

    name: str
    quotes: list[QuoteData]
    total: int
    next: int | None


def head(article: Article) -> Head:
    """An article as a list has it."""
    return {
        "id": article.id,
        "title": article.title,
        "source": article.source,
        "date": _day(article.published),
        "date_how": article.published_how,
        "url": article.url,
        "authors": list(article.authors),
    }


def whole(article: Article) -> Whole:
    """An article with its text."""
    return {**head(article), "text": article.text, "captions": [list(span) for span in article.captions]}


def page(found: Page, offset: int) -> Articles:
    """A page of articles that begins at an offset."""
    end = offset + len(found.articles)
    more = bool(found.articles) and end < found.total
    return {"articles": [head(a) for a in found.articles], "total": found.total, "next": end if more else None}


def sources(found: Sequence[Source]) -> Sources:
    """The sources of a collection."""
    return {
        "sources": [
            {"name": s.name, "articles": s.articles, "first": _day(s.first), "last": _day(s.last)} for s in found
        ]
    }


def hits(found: Sequence[Hit]) -> Hits:
    """What a search found."""
    return {"passages": [_hit(hit) for hit in found]}


def _hit(hit: Hit) -> HitData:
    return {
        "chunk_id": hit.chunk.id,
        "article_id": hit.article.id,
        "title": hit.article.title,
        "source": hit.article.source,
        "date": _day(hit.article.published),
        "start": hit.chunk.start,
        "end": hit.chunk.end,
        "text": hit.chunk.text,
        "score": hit.score,
        "also": [article.id for _, article in hit.copies],
    }


def quotes(name: str, found: Sequence[Quote], offset: int, limit: int) -> Quotes:
    """A page of what a person said."""
    some = found[offset : offset + limit]
    end = offset + len(some)
    return {
        "name": name,
        "quotes": [_quote(quote) for quote in some],
        "total": len(found),
        "next": end if some and end < len(found) else None,
    }


def _quote(quote: Quote) -> QuoteData:
    return {
        "article_id": quote.article.id,
        "title": quote.article.title,
        "source": quote.article.source,
        "date": _day(quote.article.published),
        "url": quote.article.url,
        "start": quote.start,
        "end": quote.end,
        "text": quote.text,
        "direct": quote.direct,
    }


def exchange(kept: Exchange) -> ExchangeData:
    """A question of a chat."""
    answer: Any = kept.answer  # as it was kept: `rag.schema.AnswerData`
    return {
        "question": kept.question,
        "asked": kept.asked,
        "limits": dict(kept.limits),
        "state": kept.state,
        "note": kept.note,
        "answer": answer,
    }


def chat(kept: Chat) -> ChatData:
    """A chat with all its questions."""
    return {"id": kept.id, "title": kept.title, "exchanges": [exchange(e) for e in kept.exchanges]}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
