"""A draft becomes sentences, each with the smallest set of evidence that supports it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from index.embedder import Embedder
from index.text.sentences import sentences
from index.text.words import content
from index.versions import correction
from rag.calibration import CALIBRATION
from rag.claims.facts import problems
from rag.claims.support import score
from rag.claims.verifier import span_of
from rag.evidence import asserts
from rag.types import Citation, EvidenceSentence, Passage, Sentence

# "today (28 March)" was true when the article was written, not when it is read.
_TODAY = re.compile(r"\b(?:today|yesterday|tomorrow|tonight) \((\d{1,2} [A-Z][a-z]+)\)", re.I)
_FROM_PASSAGE = re.compile(
    r"^(?:According to|In|Based on) the (?:passage|article|text)(?: (?:above|given|provided))?, (\w)"
)
_MARKER = re.compile(r"\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\]")


@dataclass(frozen=True)
class Attributed:
    """A drafted sentence and what supports it.

    Attributes:
        words: share of its content words that the evidence has.
        cosine: similarity to the evidence, 0 to 1.
        problems: what it states and the evidence does not have.
    """

    text: str
    evidence: tuple[EvidenceSentence, ...]
    words: float
    cosine: float
    problems: tuple[str, ...]


def split_draft(draft: str) -> list[str]:
    """The sentences of a draft, without markers of the model's own making or list bullets."""
    text, before = draft, None
    while text != before:  # what is taken out may leave another one: [1[2]]
        text, before = _MARKER.sub("", text.replace("**", "")), text
    text = _TODAY.sub(r"on \1", text)
    out = []
    for start, end in sentences(text):
        sentence = re.sub(r"^(?:[-*•]|\d+[.)])\s+", "", text[start:end]).strip()
        sentence = _FROM_PASSAGE.sub(lambda m: m[1].upper(), sentence)
        if re.search(r"\w", sentence):
            out.append(sentence)
    return out


def attribute(
    sentence: str, passages: Sequence[Passage], embedder: Embedder, given: str = "", beside: Sequence[str] = ()
) -> Attributed:
    """Find the smallest set of evidence sentences that says what the sentence says.

    The best single sentence first; another one only where it adds words or removes a
    problem. Whatever the model cited plays no part. `given` is the question, `beside`
    what else was read; see `rag.claims.facts.problems`.
    """
    pool = [s for p in passages for s in p.sentences if asserts(s.text)]
    home = {id(s): p for p in passages for s in p.sentences}
    if not pool:
        return Attributed(sentence, (), 0.0, 0.0, ("there is no evidence",))
    vectors = embedder.passages([sentence, *(s.text for s in pool)])
    cosines = vectors[1:] @ vectors[0]
    wanted = content(sentence)
    have = [content(s.text) & wanted for s in pool]
    size = len(wanted) or 1
    shared = CALIBRATION.citation_words
    strength = [shared * len(h) / size + (1 - shared) * float(c) for h, c in zip(have, cosines, strict=True)]
    chosen = [int(np.argmax(strength))]
    covered = set(have[chosen[0]])

    def judge(indexes: Sequence[int]) -> list[str]:
        around = " ".join(dict.fromkeys(home[id(pool[i])].text for i in indexes))
        return problems(sentence, [pool[i] for i in indexes], around, given, beside)

    wrong = judge(chosen)
    while len(chosen) < CALIBRATION.evidence:
        others = [i for i in range(len(pool)) if i not in chosen]
        if not others:
            break
        best = max(others, key=lambda i: (len(have[i] - covered), strength[i]))
        gain = len(have[best] - covered) / size
        fixed = judge([*chosen, best]) if wrong else wrong
        if len(fixed) >= len(wrong) and (
            gain < CALIBRATION.citation_gain or strength[best] < CALIBRATION.citation_strength * strength[chosen[0]]
        ):
            break
        chosen.append(best)
        covered |= have[best]
        wrong = fixed
    return Attributed(
        sentence,
        tuple(pool[i] for i in sorted(chosen, key=lambda i: (-strength[i], i))),
        len(covered) / size,
        max(0.0, float(max(cosines[i] for i in chosen))),
        tuple(wrong),
    )


def parts(
    claim: str, evidence: Sequence[EvidenceSentence], around: str, question: str
) -> list[tuple[EvidenceSentence, ...]]:
    """The parts of a claim's evidence that have as much of it as the whole, the smallest first.

    A part must pass the fact gate, and have each word of the claim that the whole has and the question does not.

    Args:
        around: the passage that the evidence is from.
    """

    def words(part: Sequence[EvidenceSentence]) -> set[str]:
        return (content(claim) - content(question)) & content(" ".join(s.text for s in part))

    smaller = [part for size in range(1, len(evidence)) for part in combinations(evidence, size)]
    return [part for part in smaller if words(part) == words(evidence) and not problems(claim, part, around, question)]


def sources(claim: str, evidence: Sequence[EvidenceSentence], read: Sequence[Passage], embedder: Embedder) -> int:
    """How many independent sources among what was read make this claim, its evidence's included.

    An outlet counts once, and so does a report that several carry word for word. An article
    of no known outlet counts for itself.
    """
    outlets = {s.article.source or s.article.id for s in evidence}
    copies = {s.article.id for s in evidence} | {i for s in evidence for i in s.also}
    for passage in read:
        outlet = passage.article.source or passage.article.id
        if outlet in outlets or passage.article.id in copies:
            continue
        other = attribute(claim, [passage], embedder)
        if not other.problems and score(other.words, other.cosine, None) >= CALIBRATION.other_source:
            outlets.add(outlet)
            copies |= {i for s in other.evidence for i in s.also}
    return len(outlets)


@dataclass(frozen=True)
class Told:
    """A sentence that the answer tells.

    Attributes:
        chance: of being right, 0 to 1.
        sure: whether that is enough not to be marked.
        exact: the shortest answer in the article's words, where one was asked for.
        why: what was changed; empty where it is the model's own sentence.
        doubt: what speaks most against it, where it is marked.
        sources: independent sources that say it.
    """

    attributed: Attributed
    chance: float
    sure: bool
    exact: str = ""
    why: str = ""
    doubt: str = ""
    sources: int = 1


def number(kept: Sequence[Told]) -> tuple[str, tuple[Sentence, ...], tuple[Citation, ...]]:
    """The answer's text with markers in order of appearance, its sentences and its citations."""
    citations: list[Citation] = []
    known: dict[tuple[str, int], int] = {}
    out: list[Sentence] = []
    text = ""
    for told in kept:
        markers = []
        for s in told.attributed.evidence:
            key = (s.article.id, s.start)
            if key not in known:
                known[key] = len(citations) + 1
                citations.append(_citation(known[key], s, told.exact))
            markers.append(known[key])
        body = told.attributed.text.rstrip()
        close = re.search(r"[.!?…][\"”’]*$", body)
        stop = body[close.start() :] if close else "."
        body = body[: close.start()] if close else body
        marks = "".join(f"[{m}]" for m in sorted(markers))
        # A quotation's own full stop stays inside its marks: `… rejected." [1]`.
        piece = f"{body}{stop} {marks}" if len(stop) > 1 else f"{body} {marks}{stop}"
        start = len(text) + (1 if text else 0)
        text = f"{text} {piece}" if text else piece
        out.append(
            Sentence(
                piece, start, start + len(piece), tuple(sorted(markers)), told.chance, told.sure,
                told.why, told.sources, told.doubt,
            )
        )  # fmt: skip
    return text, tuple(out), tuple(citations)


def _citation(marker: int, s: EvidenceSentence, exact: str) -> Citation:
    a = s.article
    return Citation(
        marker, a.id, s.chunk_id, a.title, a.source, a.published, a.url, s.start, s.end, s.text, s.also,
        span_of(exact, s.text), correction(s.text, a, s.earlier),
    )  # fmt: skip
