"""What an answer is made of: frozen, and the same for the chat, the evaluation and Python."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal, TypedDict

from index.types import Article
from rag import notebook

_SHOWN = 600  # characters of a text in a repr


class Turn(TypedDict):
    """One message of a conversation: role "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True)
class Filters:
    """Only these articles.

    Attributes:
        source: of this outlet.
        after, before: published on or after, on or before, this day.
        as_of: nothing published later is used; the day the question is asked on.
    """

    source: str | None = None
    after: date | None = None
    before: date | None = None
    as_of: date | None = None


@dataclass(frozen=True)
class EvidenceSentence:
    """A sentence of an article: `text == article.text[start:end]`.

    Attributes:
        also: ids of other articles that carry it word for word.
        earlier: older versions of its article.
    """

    article: Article
    chunk_id: str
    start: int
    end: int
    text: str
    also: tuple[str, ...] = ()
    earlier: tuple[Article, ...] = ()


@dataclass(frozen=True)
class Passage:
    """A run of sentences the model may answer from.

    Attributes:
        shown: the words as the model reads them: with the day meant after "on Monday".
        score: fused retrieval score and nearness of its tokens to the question's, 0 to 1.
        cosine: cosine similarity to the question.
        relevance: the model's log-odds that the passage holds the answer; None if not asked.
        sources: ids of all articles that have it, this one first.
        timely: how well its day fits the time asked about, on the scale of `relevance`.
        title: the article's title as the model sees it; empty if it looks like a prompt injection.
        best: which of its sentences is nearest to the question.
        reads: how likely the reader finds the answer in it (`rag.reader`), 0 to 1; None if it was not asked.
        found: the words that it finds.
    """

    article: Article
    chunk_id: str
    start: int
    end: int
    text: str
    shown: str
    score: float
    cosine: float | None
    sentences: tuple[EvidenceSentence, ...]
    relevance: float | None = None
    sources: tuple[str, ...] = ()
    timely: float = 0.0
    title: str = ""
    best: int = 0
    reads: float | None = None
    found: str = ""

    def __repr__(self) -> str:
        return f"<Passage {self.chunk_id}, score {self.score:.2f}: {' '.join(self.text.split())[:80]!r}>"

    @property
    def nearest(self) -> EvidenceSentence:
        """Its sentence nearest to the question."""
        return self.sentences[self.best]


@dataclass(frozen=True)
class Citation:
    """The words of an article that support a sentence: `quote == article.text[start:end]`.

    Attributes:
        also: ids of other articles with the same words: one report, not more sources.
        exact: where in the quote the shortest answer stands, as (start, end); None where it does not.
        corrected: which figure an earlier version of the article had, in a sentence; empty where none differs.
    """

    marker: int
    article_id: str
    chunk_id: str
    title: str | None
    source: str | None
    date: date | None
    url: str | None
    start: int
    end: int
    quote: str
    also: tuple[str, ...] = ()
    exact: tuple[int, int] | None = None
    corrected: str = ""


@dataclass(frozen=True)
class Sentence:
    """A sentence of the answer, or one that was dropped.

    Attributes:
        start, end: offsets into `Answer.text`; -1 for a dropped sentence.
        markers: the citations that support it.
        support: the chance that it is a right answer, 0 to 1; see `rag.claims.verifier`.
        supported: whether that is enough; False is marked as not sure (`Calibration.thresholds`).
        why: why it was dropped or changed; empty otherwise.
        sources: how many of the independent sources that were read say it: copies of one report count once.
        doubt: the strongest reason to doubt it, where it is marked.
    """

    text: str
    start: int
    end: int
    markers: tuple[int, ...]
    support: float
    supported: bool
    why: str = ""
    sources: int = 0
    doubt: str = ""


@dataclass(frozen=True)
class Answer:
    """An answer, or a refusal: then `abstained` is True, `reason` says why, citations are empty.

    Words that ask nothing of the articles ("hello") get a reply in `text`: `abstained` is True then, too, and
    `reason` is empty.

    Attributes:
        as_of: the day the question is taken to be asked on; nothing later was used.
        near: what the collection has on the subject, where an answer was refused.
        lacking: the parts of the question that nothing answers, where it asks for several things; `text` says so last.
        timings: seconds by stage, and "total".
        tokens: prompt tokens read and tokens generated.
    """

    question: str
    standalone_question: str
    abstained: bool
    text: str
    sentences: tuple[Sentence, ...] = ()
    dropped: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    reason: str = ""
    near: tuple[Article, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    model: str = ""
    as_of: date | None = None
    config_id: str = ""
    lacking: tuple[str, ...] = ()

    def __repr__(self) -> str:
        kind = "refusal" if self.abstained else f"answer, {len(self.citations)} citations"
        text = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]} …"
        cited = "".join(
            f"\n  [{c.marker}] {c.source or c.article_id}, {c.date or 'undated'}" for c in self.citations[:9]
        )
        return f"<Answer ({kind}) to {self.question[:_SHOWN]!r}:\n{text}{cited}>"

    def _repr_markdown_(self) -> str:
        return notebook.markdown(self.as_dict())

    def _repr_html_(self) -> str:
        return notebook.html(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON: dates as ISO strings, articles by id; its shape is `rag.schema.AnswerData`."""
        data = asdict(self)
        data["as_of"] = self.as_of.isoformat() if self.as_of else None
        for citation in data["citations"]:
            citation["date"] = citation["date"].isoformat() if citation["date"] else None
        data["near"] = [
            {"id": a.id, "title": a.label, "source": a.source, "date": a.published and a.published.isoformat()}
            for a in self.near
        ]
        data["passages"] = [
            {
                "article_id": p.article.id,
                "title": p.article.label,
                "source": p.article.source,
                "date": p.article.published and p.article.published.isoformat(),
                "chunk_id": p.chunk_id,
                "start": p.start,
                "end": p.end,
                "text": p.text,
                "score": p.score,
                "cosine": p.cosine,
                "relevance": p.relevance,
                "sources": list(p.sources),
            }
            for p in self.passages
        ]
        return data


EventKind = Literal["status", "evidence", "restart", "answer"]


@dataclass(frozen=True)
class Event:
    """What `Rag.stream` yields; no word of a draft is in any event before it was checked.

    "status": what is being done; "evidence": the passage that looks nearest, in the article's own
    words, while the answer is worked on; "restart": the engine stopped and the question is asked
    once more; "answer": the whole, checked.
    """

    kind: EventKind
    text: str = ""
    answer: Answer | None = None
    evidence: EvidenceSentence | None = None
