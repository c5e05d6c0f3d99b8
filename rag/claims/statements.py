"""What articles say in their own words, and several of their statements side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from index.embedder import Embedder
from index.text.words import content, numbers, overlap
from rag.calibration import CALIBRATION
from rag.claims.attribution import Attributed
from rag.claims.drafts import Draft
from rag.claims.verifier import agreement, span_of
from rag.evidence import asserts, leans, short_day
from rag.question.kind import only_agrees
from rag.types import Passage

_DENIES = re.compile(r"\b(?:not|no|never|none|nothing|nobody|neither|nor|without|hardly)\b|n[’']t\b", re.I)


def statements(drafts: Sequence[Draft], question: str, refuse: float) -> tuple[list[Draft], list[Draft]]:
    """What each article says, in order of date, and the drafts left out.

    Where several statements are asked for, what each article says is told by itself rather
    than merged: sources that disagree then stand side by side with their days. Beside one that is likely
    enough, others may be a little less likely: half of what was asked for is no answer.

    Args:
        refuse: the chance of being right below which no draft is told by itself.
    """
    alone = any(can_be_told(draft, question, refuse) for draft in drafts)
    told: list[Draft] = []
    for draft in drafts if alone else ():
        enough = can_be_told(draft, question, CALIBRATION.beside * refuse)
        if enough and not any(same(draft, other) for other in told):
            told.append(draft)
    return side_by_side(told), [d for d in drafts if d not in told]


def side_by_side(told: Sequence[Draft]) -> list[Draft]:
    """Statements in order of date, each headed by who reports it and when."""
    by_day = sorted(told, key=lambda d: (d.passage.article.published or date.max, d.passage.start))
    return [d if d.why else _with_day(d) for d in by_day]


def can_be_told(draft: Draft, question: str, refuse: float) -> bool:
    """Whether a draft is likely enough, has all it states in its evidence, and says more than yes or no."""
    return draft.holds and draft.chance >= refuse and not only_agrees(question, draft.attributed.text)


def _with_day(draft: Draft) -> Draft:
    """A statement among others, headed by who reports it and when."""
    article = draft.passage.article
    head = f"{article.source or 'An article'} ({short_day(article)}): "
    return replace(draft, attributed=replace(draft.attributed, text=head + draft.attributed.text), head=head)


def own_words(question: str, passage: Passage, embedder: Embedder) -> Draft:
    """The passage's one or two sentences nearest to the question, quoted with source and day."""
    order, near = _nearest(question, passage, embedder)
    second = [i for i in order[1 : CALIBRATION.quoted] if near[i] >= CALIBRATION.second_quote * near[order[0]]]
    return _quotation(passage, _with_who({order[0], *second}, passage))


def own_sentences(question: str, passage: Passage, embedder: Embedder) -> list[tuple[Draft, float]]:
    """The passage's sentences nearest to the question, each of them quoted by itself, and how near it is."""
    order, near = _nearest(question, passage, embedder)
    return [(_quotation(passage, _with_who({i}, passage)), near[i]) for i in order[: CALIBRATION.weighed]]


def _nearest(question: str, passage: Passage, embedder: Embedder) -> tuple[list[int], list[float]]:
    """The passage's sentences that assert something, nearest to the question first, and how near each of all is."""
    vectors = embedder.passages([question, *(s.text for s in passage.sentences)])
    near = [
        float(v @ vectors[0]) + CALIBRATION.quote_words * overlap(question, s.text)
        for v, s in zip(vectors[1:], passage.sentences, strict=True)
    ]
    asserting = [i for i, s in enumerate(passage.sentences) if asserts(s.text)]
    return sorted(asserting or range(len(near)), key=lambda i: -near[i]), near


def _with_who(chosen: set[int], passage: Passage) -> set[int]:
    """These sentences, and before one that says "he" the one that says who."""
    return chosen | {i - 1 for i in chosen if i and leans(passage.sentences[i].text)}


def in_own_words(draft: Draft, question: str) -> Draft | None:
    """The sentence in which a failed draft's shortest answer stands word for word, quoted instead of it.

    A draft is often right in what was asked for and wrong in what it adds. None where the draft did not fail, or
    its passage does not have the shortest answer in so many words, or what is missing in the passage is a
    name or a number of the question itself: then it tells of something else.
    """
    failed, sentences = draft.attributed.problems, draft.passage.sentences
    there = [i for i, s in enumerate(sentences) if span_of(draft.exact, s.text)]
    of_question = any(content(missing) & content(question) for missing in map(_missing, failed))
    if not (failed and there and draft.signals and draft.signals.stated) or of_question:
        return None
    quoted = _quotation(draft.passage, _with_who({there[0]}, draft.passage))
    signals = replace(draft.signals, exact=agreement(draft.exact, quoted.claim, question))
    return replace(quoted, signals=signals, exact=draft.exact)


def _missing(problem: str) -> str:
    """What a problem says is not in the evidence."""
    return re.sub(r"^the (?:name|number|quotation) |is not .*$", "", problem)


def _quotation(passage: Passage, chosen: set[int]) -> Draft:
    """These sentences of a passage, quoted with source and day."""
    places = sorted(chosen)
    evidence = tuple(passage.sentences[i] for i in places)
    gaps = ["" if n == 0 else " " if places[n - 1] == i - 1 else " … " for n, i in enumerate(places)]
    words = "".join(gap + " ".join(s.text.split()) for gap, s in zip(gaps, evidence, strict=True))
    words = re.sub(r"\[(\d+)\]", r"(\1)", words)  # an article's own "[1]" is no citation
    text = f"{passage.article.source or 'An article'} ({short_day(passage.article)}) writes: {words}"
    return Draft(Attributed(text, evidence, 1.0, 1.0, ()), passage, None, why="in the article's own words")


def extracts(question: str, found: Sequence[Passage], embedder: Embedder) -> list[Draft]:
    """The best two passages' own words, each claim once; what answers where there is no language model."""
    told: list[Draft] = []
    for passage in found[: CALIBRATION.extracted_from]:
        draft = own_words(question, passage, embedder)
        if not any(same(draft, other) for other in told):
            told.append(draft)
    return told[: CALIBRATION.quoted]


def same(a: Draft, b: Draft) -> bool:
    """Whether two drafts say the same: nearly the same words, and no number or denial of difference."""
    one, two = a.claim, b.claim
    if numbers(one) != numbers(two) or bool(_DENIES.search(one)) != bool(_DENIES.search(two)):
        return False
    return min(overlap(one, two), overlap(two, one)) > CALIBRATION.same_claim
