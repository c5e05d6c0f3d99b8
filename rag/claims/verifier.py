"""The verifier: the chance that a draft is the right answer to the question.

One logistic model over a few signals, fitted on answers this program gave to public questions with
known answers, cross-validated by article (`python scripts/fit_verifier.py`); its weights are numbers in
`rag.calibration`. The strongest signal is P(True): the model is shown its own answer and asked whether it is
right (Kadavath et al., "Language Models (Mostly) Know What They Know", 2022, section 3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from index.text.words import content, numbers
from rag.calibration import CALIBRATION
from rag.types import Passage

_DOUBTS = {
    "right": "asked whether it is right, the model was not sure",
    "holds": "the passage may not answer the question",
    "behind": "another passage looked nearer to the question",
    "exact": "asked for the shortest answer, the model gave another one",
    "stated": "the passage does not state it in so many words",
    "sure": "the model was not sure of its words",
    "clear": "the model was not sure of the shortest answer",
    "rival": "another passage gives another answer",
    "pmi": "the passage may be about something else",
    "backed": "other words of what was read look more like the answer",
}


@dataclass(frozen=True)
class Signals:
    """What speaks for a draft, as the verifier weighs it.

    Attributes:
        right: the model's log-odds that the draft answers the question rightly, according to its passage.
        holds: its log-odds that the passage holds the answer, asked before anything was written; less for each
            name of the question that stands in no article.
        behind: how far the passage stands behind the best one that was read, in log-odds; 0 for the best.
        exact: share of the shortest answer's words that the draft has; 0 where there is none.
        stated: 1 where the model gives a shortest answer that is more than the question's own words, 0 where it gave one
            only when asked once more.
        sure: mean log-probability of the draft's tokens.
        clear: how likely the shortest answer's words were, less what is usual; 0 where there is none.
        rival: how likely the words of the surest other answer were, of those that other passages give; 0 where there is none.
        pmi: how much likelier the passage makes the question, in mean log-probability of its tokens: their pointwise
            mutual information (as in Sachan et al., "Improving Passage Retrieval with Zero-Shot Question Generation", 2022,
            where the likelihood alone orders passages). What is usual, at most.
        backed: how likely the reader finds what the draft says in a passage that was read, less how likely it finds something
            else in one, less what is usual; 0 where it was not asked.
    """

    right: float
    holds: float
    behind: float = 0.0
    exact: float = 0.0
    stated: float = 0.0
    sure: float = 0.0
    clear: float = 0.0
    rival: float = 0.0
    pmi: float = 0.0
    backed: float = 0.0


@dataclass(frozen=True)
class Shortest:
    """The shortest answer that a passage gives to a question.

    Attributes:
        text: in the model's words.
        likely: the geometric mean of the probabilities of its tokens; what is usual where the model cannot tell.
        stated: whether the model gave it when it was free to say that the passage has none.
    """

    text: str
    likely: float = CALIBRATION.usual_likely
    stated: bool = True


def chance(signals: Signals) -> float:
    """The chance that a draft with these signals is right, 0 to 1.

    In thousandths, as it is shown: what is compared with a line is what a person sees.
    """
    values = {"bias": 1.0} | asdict(signals)
    z = sum(weight * values[name] for name, weight in CALIBRATION.verifier)
    return round(1 / (1 + math.exp(-z)), 3)


def hope(
    holds: float,
    behind: float,
    pmi: float | None = None,
    shortest: Shortest | None = None,
    question: str = "",
    reads: float | None = None,
) -> float:
    """The chance that a passage's draft would have if all that is not known yet spoke for it.

    An upper bound, unless the reader finds the same more surely in another passage.

    Args:
        pmi: of passage and question, where it is known.
        shortest: the passage's shortest answer to `question`, where it was asked for.
        reads: how likely the reader finds the answer in the passage, where it was asked.
    """
    best = dict(CALIBRATION.verifier_best)
    if reads is not None:
        best["backed"] = reads - CALIBRATION.usual_backed
    if pmi is not None:
        best["pmi"] = pmi
    if shortest is not None:
        best["clear"] = clear(shortest, question)
        best["stated"] = float(shortest.stated)
        if not is_answer(shortest.text, question):
            best["exact"] = 0.0
    return chance(Signals(holds=holds, behind=behind, **best))


def clear(shortest: Shortest, question: str) -> float:
    """How likely the words of a shortest answer were, less what is usual; 0 where it is none."""
    return round(shortest.likely - CALIBRATION.usual_likely, 4) if is_answer(shortest.text, question) else 0.0


def rival(draft: str, question: str, others: Iterable[Shortest]) -> float:
    """How likely the words of the surest of these answers were, of those that a draft does not give; 0 if it gives all."""
    stated = [other for other in others if other.stated]
    return max((o.likely for o in stated if agreement(o.text, draft, question) < CALIBRATION.same_answer), default=0.0)


def backed(draft: str, question: str, read: Iterable[Passage]) -> float:
    """How likely the reader finds what a draft says, less how likely it finds something else, less what is usual.

    Args:
        read: all passages that were read.
    """
    asked = [p for p in read if p.reads is not None]
    if not asked:
        return 0.0
    said, other = [0.0], [0.0]
    for passage in asked:
        same = agreement(passage.found, draft, question) >= CALIBRATION.same_answer
        (said if same else other).append(passage.reads or 0.0)
    return round(max(said) - max(other) - CALIBRATION.usual_backed, 4)


def agreement(shortest: str, draft: str, question: str) -> float:
    """How far a draft has the words of the shortest answer, 0 to 1; 0 where there is none.

    Only words that the question does not have itself count: "Ali Bongo" is no answer to "Who is Ali Bongo?". Of an answer with
    numbers these alone: "Tuesday (29 March)" is "on March 29".
    """
    if not is_answer(shortest, question):
        return 0.0
    figures, new = numbers(shortest) - numbers(question), content(shortest) - content(question)
    return 1.0 if figures and figures <= numbers(draft) else len(new & content(draft)) / len(new)


def is_answer(shortest: str, question: str) -> bool:
    """Whether a shortest answer is one: more than "not stated", and more than the question's own words."""
    return not is_silent(shortest) and bool(content(shortest) - content(question))


def is_silent(shortest: str) -> bool:
    """Whether the model says that the passage does not state an answer."""
    words = shortest.strip(" \n\"“”'‘’.").lower()
    return not words or words.startswith("not stated")


def another_figure(shortest: str, other: str) -> bool:
    """Whether two shortest answers give numbers, and neither has all of the other's: "22", and "at least 50"."""
    one, two = numbers(shortest), numbers(other)
    return bool(one and two) and not is_silent(shortest) and not (one <= two or two <= one)


def span_of(shortest: str, text: str) -> tuple[int, int] | None:
    """Where the shortest answer stands in a text word for word: its first character, and the one after its last.

    Not as a part of a number or of a time: "4" does not stand in "at 4:45 p.m.".
    """
    words = shortest.strip().strip(".\"“”'‘’ ")
    if is_silent(words):
        return None
    found = re.search(rf"(?<!\w)(?<!\d[.,:]){re.escape(words)}(?!\w)(?![.,:]\d)", text, re.I)
    return found.span() if found else None


def doubt(signals: Signals) -> str:
    """What speaks most against a draft, in words: the signal that takes most from the best it could be."""
    best, given = dict(CALIBRATION.verifier_best), asdict(signals)
    taken = {
        name: weight * (best.get(name, 0.0) - given[name]) for name, weight in CALIBRATION.verifier if name in _DOUBTS
    }
    if not signals.stated:  # there is no shortest answer that could be another one
        taken["stated"] += taken.pop("exact")
    return _DOUBTS[max(taken, key=lambda name: taken[name])]
