"""Drafts: one sentence from one passage, checked, and the choice among them.

A small model muddles speakers when it is shown several passages at once, so it is shown
one. What it writes from each is then asked back ("does the passage say this?"); that answer
and the passage's own score decide which draft is the answer, and whether there is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from index.embedder import Embedder
from rag import prompt, support
from rag.citations import Attributed, attribute, split_draft
from rag.config import Config
from rag.evidence import is_caption, short_day
from rag.llm import LocalModel
from rag.types import Passage, Sentence

# Logistic over (bias, relevance, verification) of a draft without problems: the chance that
# it is a right answer. Fitted on drafts over the golden articles, see eval/README.md.
_BIAS, _RELEVANCE, _VERIFY = -3.2, 1.1, 0.65
ACCEPT = 0.35
_DECISIVE = 0.5
_SEVERAL = re.compile(
    r"\b(?:how (?:did|has|have) .{3,60} (?:chang|develop|evolv|shift)|chang\w+|differ\w*|compare|disagree\w*|both|each|"
    r"everyone|(?:two|all) \w+s\b|sides?\b.*\bsay|camps?|sequence|timeline|over time|contrast|versus|vs|conflicting|"
    r"contradict\w*|same view|list|put .{3,80} (?:in order|together)|in (?:what|which) order|one after (?:the other|another)|"
    r"which (?:\w+ ){0,2}(?:cities|countries|agencies|officials|people|places|names)|who were)\b",
    re.I,
)
_STATEMENTS = 3  # statements in an answer, at most, where several are asked for
_RETRIEVAL = 1.5
_GAP = 1.2  # rank below the best passage within which another is worth reading with it
_SENTENCES = 4
_SECOND = 0.6  # nearness, beside the nearest sentence's, from which a second one is quoted too


@dataclass(frozen=True)
class Draft:
    """A checked sentence: what it is attributed to, and how sure the model is of it.

    Attributes:
        verify: the model's log-odds that the passage says it.
        why: what was changed; empty where it is the model's own sentence.
    """

    attributed: Attributed
    passage: Passage
    verify: float
    support: float
    why: str = ""

    @property
    def confidence(self) -> float:
        """The chance that this is a right answer, 0 to 1; problems count against it."""
        z = _BIAS + _RELEVANCE * (self.passage.relevance or 0.0) + _VERIFY * self.verify
        return 1 / (1 + math.exp(-z)) / (1 + 4 * len(self.attributed.problems))

    @property
    def decisive(self) -> bool:
        """Whether no other draft needs to be tried."""
        return self.confidence >= _DECISIVE and self.support >= 0.5 and not self.attributed.problems

    def dropped(self) -> Sentence:
        """The sentence as one that was left out, with why."""
        why = "; ".join(self.attributed.problems) or f"its confidence is {self.confidence:.2f}"
        return Sentence(self.attributed.text, -1, -1, (), round(self.support, 3), False, why)


def asks_for_several(question: str) -> bool:
    """Whether more than one statement is asked for: a comparison, both sides, a change over time."""
    return bool(_SEVERAL.search(question))


def rank(passage: Passage) -> float:
    """Where a passage stands: the model's log-odds, and what retrieval thinks of it.

    The second term decides where a question uses an article's own words, which the model's
    log-odds alone may miss. Its weight lies between two that were measured (eval/README.md).
    """
    return (passage.relevance or 0.0) + _RETRIEVAL * passage.score


def worth_asking(best: Sequence[Passage], question: str, config: Config) -> list[list[Passage]]:
    """The passages to draft from, one attempt after the other.

    The best one alone; where that draft is not decisive, the next ones, each alone. Where
    several statements are asked for, the best few together.
    """
    if asks_for_several(question):
        return [list(best[: config.several])]
    return [[p] for p in best[: config.tries] if rank(best[0]) - rank(p) <= _GAP]


def check(text: str, passages: Sequence[Passage], embedder: Embedder, llm: LocalModel) -> list[Draft]:
    """Each sentence of a draft with its evidence and the model's own view of it."""
    made = [attribute(sentence, passages, embedder) for sentence in split_draft(text)[:_SENTENCES]]
    homes = [_home(m, passages) for m in made]
    asked = [(n, home, claim) for n, (m, home) in enumerate(zip(made, homes, strict=True)) for claim in _claims(m.text)]
    odds = llm.score([llm.chat(prompt.READ, prompt.passage_head(home), prompt.says(claim)) for _, home, claim in asked])
    drafts = []
    for n, (m, home) in enumerate(zip(made, homes, strict=True)):
        verify = min(o for (k, _, _), o in zip(asked, odds, strict=True) if k == n)
        drafts.append(Draft(m, home, round(verify, 4), support.score(m.words, m.cosine, verify)))
    return drafts


def _home(made: Attributed, passages: Sequence[Passage]) -> Passage:
    """The passage that the strongest evidence stands in."""
    if not made.evidence:
        return passages[0]
    first = made.evidence[0]
    return next(p for p in passages if p.article.id == first.article.id and p.start <= first.start < p.end)


def _claims(sentence: str) -> list[str]:
    """What must be verified: the sentence, and its main clause alone where it gives a reason.

    "Peskov hailed the talks because …" may be accepted for its reason alone.
    """
    main = re.split(r",?\s+because\s+", sentence, maxsplit=1)[0]
    return [sentence, main + "."] if main != sentence and len(main.split()) >= 4 else [sentence]


def choose(drafts: Sequence[Draft], question: str, embedder: Embedder) -> tuple[list[Draft], list[Draft]]:
    """The drafts that make the answer, in order, and those left out.

    One, unless several are asked for: then every accepted one that says something else, in
    order of date.
    """
    ranked = sorted(drafts, key=lambda d: -d.confidence)
    accepted = [d for d in ranked if d.confidence >= ACCEPT and not d.attributed.problems and d.support >= 0.5]
    if not accepted:
        return [], ranked
    if not asks_for_several(question):
        return accepted[:1], [d for d in ranked if d is not accepted[0]]
    kept: list[Draft] = []
    for draft in accepted:
        if not any(same(draft, other, embedder) for other in kept):
            kept.append(draft)
    ordered = sorted(kept, key=lambda d: (d.passage.article.published or date.max, d.passage.start))
    return ordered, [d for d in ranked if d not in kept]


def further(kept: Sequence[Draft], read: Sequence[Passage], question: str, embedder: Embedder) -> list[Draft]:
    """The kept drafts and, up to three statements, the best sentence of other articles, in order of date.

    Where several statements are asked for, what each article says is told in its own words
    rather than merged: sources that disagree then stand side by side with their days.
    """
    out = list(kept)
    for passage in read:
        if len(out) >= _STATEMENTS or rank(read[0]) - rank(passage) > _GAP:
            break
        if is_caption(passage):
            continue
        if passage.article.id not in {s.article.id for d in out for s in d.attributed.evidence}:
            out.append(own_words(question, passage, embedder, most=1))
    return sorted(out, key=lambda d: (d.passage.article.published or date.max, d.passage.start))


def own_words(question: str, passage: Passage, embedder: Embedder, most: int = 2) -> Draft:
    """The passage's sentences nearest to the question, `most` at most, quoted with source and day."""
    vectors = embedder.passages([question, *(s.text for s in passage.sentences)])
    near = [
        float(v @ vectors[0]) + 0.5 * support.overlap(question, s.text)
        for v, s in zip(vectors[1:], passage.sentences, strict=True)
    ]
    order = sorted(range(len(near)), key=lambda i: -near[i])
    chosen = sorted(i for i in order[:most] if near[i] >= _SECOND * near[order[0]])
    evidence = tuple(passage.sentences[i] for i in chosen)
    words = " ".join(" ".join(s.text.split()) for s in evidence)
    text = f"{passage.article.source or 'An article'} ({short_day(passage.article)}) writes: {words}"
    return Draft(Attributed(text, evidence, 1.0, 1.0, ()), passage, 0.0, 1.0, "in the article's own words")


def same(a: Draft, b: Draft, embedder: Embedder) -> bool:
    """Whether two drafts say the same."""
    vectors = embedder.passages([a.attributed.text, b.attributed.text])
    return float(vectors[0] @ vectors[1]) > 0.85 or support.overlap(a.attributed.text, b.attributed.text) > 0.8
