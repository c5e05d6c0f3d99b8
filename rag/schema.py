"""What an answer is as plain data, written down once: the shape of `rag.types.Answer.as_dict`, and its JSON Schema."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict  # the standard library's has no JSON Schema before Python 3.12


class SentenceData(TypedDict):
    """A sentence of the answer, or one that was dropped.

    start, end: offsets into the answer's text; -1 for a dropped sentence.
    markers: the citations that support it.
    support: the chance that it is a right answer, 0 to 1; supported: whether that is enough not to be marked.
    why: why it was dropped or changed; empty otherwise.
    sources: how many of the independent sources that were read say it.
    doubt: the strongest reason to doubt it, where it is marked; empty otherwise.
    """

    text: str
    start: int
    end: int
    markers: list[int]
    support: float
    supported: bool
    why: str
    sources: int
    doubt: str


class CitationData(TypedDict):
    """The words of an article that support a sentence: quote is the article's text from start to end.

    date: a day as 2022-03-31, or null where none is known.
    also: ids of other articles with the same words.
    exact: where in the quote the shortest answer stands, as [start, end]; null where it does not.
    corrected: which figure an earlier version of the article had, in a sentence; empty where none differs.
    """

    marker: int
    article_id: str
    chunk_id: str
    title: str | None
    source: str | None
    date: str | None
    url: str | None
    start: int
    end: int
    quote: str
    also: list[str]
    exact: tuple[int, int] | None
    corrected: str


class PassageData(TypedDict):
    """A passage that the answer could be made from: text is the article's from start to end.

    score: how near it is, 0 to 1; cosine: its cosine similarity to the question, null where only words matched.
    relevance: the model's log-odds that it holds the answer; null where it was not asked.
    sources: ids of all articles that have it, this one first.
    """

    article_id: str
    title: str
    source: str | None
    date: str | None
    chunk_id: str
    start: int
    end: int
    text: str
    score: float
    cosine: float | None
    relevance: float | None
    sources: list[str]


class NearData(TypedDict):
    """An article on the subject, where an answer was refused."""

    id: str
    title: str
    source: str | None
    date: str | None


class AnswerData(TypedDict):
    """An answer, or a refusal: then abstained is true, reason says why, and there are no citations.

    standalone_question: the question as it was understood, completed from the conversation so far.
    dropped: sentences that were written but not supported, and so left out of the text.
    near: what the collection has on the subject, where an answer was refused.
    lacking: the parts of the question that nothing answers, where it asks for several things.
    timings: seconds by stage, and total; tokens: read and written by the model.
    as_of: the day the question is taken to be asked on; nothing published later was used.
    config_id: equal where the settings are equal.
    """

    question: str
    standalone_question: str
    abstained: bool
    text: str
    sentences: list[SentenceData]
    dropped: list[SentenceData]
    citations: list[CitationData]
    passages: list[PassageData]
    reason: str
    near: list[NearData]
    timings: dict[str, float]
    tokens: dict[str, int]
    model: str
    as_of: str | None
    config_id: str
    lacking: list[str]


def json_schema(shape: Any) -> dict[str, Any]:
    """The JSON Schema of a shape: of `AnswerData` what `Answer.as_dict` holds to."""
    from pydantic import TypeAdapter

    schema: dict[str, Any] = TypeAdapter(shape).json_schema()
    return schema
