"""Invented news, and what the tests of a question's path say and hold about it; the fixture `asking` opens it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from fakes import Rule, ScriptedModel

from index.types import Article
from rag.assistant import Rag
from rag.evidence import evidence_sentences
from rag.types import Answer, Passage

NEWS = [
    ("sinking", "Reuters", "2024-03-04",
     "The ferry Aurora sank off Turku on Sunday. All 212 passengers were rescued by the coast guard. "
     "Captain Elina Saari said that a valve had failed."),
    ("inquiry", "BBC", "2024-03-20",
     "Transport minister Pekka Lahti said that the ferry Aurora was safe when it left Turku. "
     "The inquiry is led by judge Maria Berg."),
    ("owner", "CNN", "2024-04-02",
     "Juhani Salo, the owner of the ferry Aurora, rejected the inquiry. Salo said that the valve was new."),
    ("bridge", "Reuters", "2024-05-02", "The bridge at Oulu was opened by mayor Sanna Koski. It cost 40 million euros."),
    ("snow", "BBC", "2024-01-05", "Snow closed the harbour of Oslo for nine hours. Trams stood still in the town."),
]  # fmt: skip
# Two outlets, one of them under two names.
OUTLETS = [
    ("001_bridge", "www.cnn.com", "2024-05-02", "The bridge at Turku was opened in May by the mayor."),
    ("002_bridge", "CNN.com", "2024-05-03", "The ferry sank off the coast of Turku in a storm."),
    ("003_snow", "Reuters", "2024-01-05", "Snow fell on the harbour of Oslo."),
    ("004_cnn", "www.cnn.com", "2024-02-01", "A hall was sold in Bergen."),
    ("005_cnn", "CNN.com", "2024-02-02", "A school burned in Tampere."),
]
SOURCES = "The sources are: CNN.com, Reuters."
SINKING = "How many passengers were rescued from the ferry Aurora?"
RESCUED = "All 212 passengers were rescued by the coast guard."

# What the four prompts about a passage are known by.
HOLDS = "Can the question be answered from the passage?"
RIGHT = "Is the proposed answer right according to the passage?"
SHORTEST = "Reply with only the name, number, day or phrase"
BRIEFLY = "Answer with as few words of the passage as possible"  # where that gave no answer
WRITES = "Answer in one complete sentence"

ANSWERING = [
    Rule(("Aurora sank", HOLDS), 4.0), Rule(HOLDS, -5.0), Rule(("Aurora sank", WRITES), RESCUED), Rule(RIGHT, 5.0)
]  # fmt: skip

DAY = date(2022, 3, 30)

Asking = Callable[..., Rag]  # rules of a script; `index` and settings by name


def passage(text: str, article_id: str = "a", day: date = DAY) -> Passage:
    """A passage that is the whole of an article."""
    article = Article(article_id, "T", "S", day, "", None, (), text)
    return Passage(
        article,
        f"{article_id}#0",
        0,
        len(text),
        text,
        text,
        1.0,
        0.5,
        evidence_sentences(article, f"{article_id}#0", 0, len(text)),
    )


def model(rag: Rag) -> ScriptedModel:
    """The model that follows a script, of a collection that `asking` opened."""
    assert isinstance(rag.llm, ScriptedModel)
    return rag.llm


def drafted(rag: Rag) -> list[str]:
    """The prompts that asked for a draft, in order."""
    return [prompt for prompt in model(rag).prompts("write") if WRITES in prompt]


def holds_to_the_letter(answer: Answer, rag: Rag) -> None:
    """Markers and citations are one to one, and each quotes its article exactly."""
    markers = [int(m) for m in re.findall(r"\[(\d+)\]", answer.text)]
    assert list(dict.fromkeys(markers)) == [c.marker for c in answer.citations]
    for c in answer.citations:
        article = rag.store.article(c.article_id)
        assert article.text[c.start : c.end] == c.quote
        assert (c.source, c.date) == (article.source, article.published)
    for s in answer.sentences:
        assert answer.text[s.start : s.end] == s.text and s.markers
