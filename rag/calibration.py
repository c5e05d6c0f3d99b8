"""Every weight, threshold and window that shapes an answer, with where it comes from.

Nothing of the kind stands anywhere else in `rag` (`tests/unit/test_calibration.py` looks). What finds
passages at all is set in `index/search.py`, and counts in the fingerprint, too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

_GOLDEN = "the seeds' golden set, drafts and readings kept by `rag eval`"
_QAGS = "368 sentences of QAGS, each judged by three people"
_NEWS = "sentences of real news, and of attacks"


def _chosen(value: Any, does: str, on: str = _GOLDEN, by: str = "rag eval; rag eval compare") -> Any:
    """A field with its value, what it does, the data it was chosen on and the command that chooses it again."""
    return field(default=value, metadata={"does": does, "on": on, "by": by})


@dataclass(frozen=True)
class Calibration:
    """The numbers; `about(name)` tells what one does and how it was chosen."""

    # ---- which passages are read, and when it is enough
    nearness: float = _chosen(0.5, "weight of a passage's nearest sentence beside its hybrid score")
    lookback: int = _chosen(2, "sentences taken along from before a chunk, so that “he” has a name")
    near_days: int = _chosen(4, "days around the time asked about in which an article still counts as of that time")
    in_period: float = _chosen(0.6, "what a passage of the time asked about gains, in log-odds")
    newest: float = _chosen(2.0, "what the newest passage gains where a question asks for the newest, in log-odds")
    timely_search: float = _chosen(0.2, "share of that gain which counts in the order of retrieval")
    rank_retrieval: float = _chosen(1.5, "weight of retrieval beside the model's log-odds in the rank of a passage")
    cosine: float = _chosen(2.0, "weight of the best cosine beside the best log-odds, in the strength of evidence")
    clear: tuple[tuple[int, float], ...] = _chosen(
        ((3, 3.8), (5, 3.0), (8, 2.3)),
        "after so many eighths of `Config.read`, evidence of this strength ends the reading",
    )
    unknown_name: float = _chosen(0.8, "what a name that stands in no article takes from the strength of evidence")
    near_cosine: float = _chosen(0.3, "cosine from which an article counts as near the question")

    # ---- what is drafted, and which draft is the answer
    worth_drafting: float = _chosen(1.0, "strength of evidence below which nothing is drafted")
    gap: float = _chosen(1.2, "rank below the best passage within which another one is drafted from")
    further: float = _chosen(2.5, "the same for a further article where several statements are asked for")
    statements: int = _chosen(4, "articles whose statements are told, at most, where several are asked for")
    sentences: int = _chosen(4, "sentences of a draft that are checked, at most")
    draft: tuple[float, ...] = _chosen(
        (-4.18, 0.78, 0.31, 1.64, 1.57),
        "logistic weights of a draft: bias, passage's log-odds, verification, mean log-probability, retrieval score",
    )
    per_problem: float = _chosen(4.0, "how strongly a problem of the fact gate counts against a draft")
    timely_draft: float = _chosen(0.25, "what a passage's timeliness adds in the choice among drafts")
    accept: float = _chosen(0.2, "confidence from which a draft can be the answer")
    decisive: float = _chosen(0.3, "confidence from which no other draft is tried")
    several: float = _chosen(2.5, "strength of evidence from which several articles' statements are told side by side")
    own_words: float = _chosen(3.9, "strength of evidence from which the best passage is quoted where no draft held")
    closed: float = _chosen(2.4, "the same for a question for a yes or a no, with the share of its words added")
    quoted: int = _chosen(2, "sentences of an article that are quoted, at most")
    quote_words: float = _chosen(0.5, "weight of shared words beside likeness in which sentence is quoted")
    second_quote: float = _chosen(0.6, "nearness, beside the nearest sentence's, from which a second one is quoted")
    without_model: float = _chosen(0.85, "likeness and shared words from which sentences are quoted with no model")
    without_model_words: float = _chosen(0.6, "weight of the shared words in that")
    same_claim: float = _chosen(0.8, "share of words in common from which two statements say the same")

    # ---- what supports a sentence
    support: tuple[float, ...] = _chosen(
        (-3.89, 0.36, 2.01, 0.68),
        "logistic weights of support: bias, share of words found, cosine, model's log-odds",
        _QAGS,
        "rag eval --suite qags",
    )
    support_no_model: tuple[float, ...] = _chosen(
        (-4.21, 2.62, 3.39), "the same without a model", _QAGS, "rag eval --suite qags"
    )
    supported: float = _chosen(0.3, "support below which a sentence is marked as weak", _QAGS, "rag eval --suite qags")
    unsupported: float = _chosen(0.1, "support below which it is not shown", _QAGS, "rag eval --suite qags")
    evidence: int = _chosen(3, "sentences cited for one statement, at most")
    citation_gain: float = _chosen(0.12, "share of a sentence's words that a further citation must add")
    citation_strength: float = _chosen(0.6, "strength, beside the first citation's, that a further one must have")
    citation_words: float = _chosen(0.5, "weight of shared words beside cosine in the strength of a citation")
    other_source: float = _chosen(0.5, "support without the model from which another source says the same")
    one_root: float = _chosen(0.6, "share of the longer of two words in common from which both are forms of one")

    # ---- prompt injection
    injected: float = _chosen(
        3.5, "log-odds from which a sentence is said to a machine", _NEWS, "python scripts/fit_probe.py"
    )
    likely_injected: float = _chosen(
        2.5, "log-odds from which it counts towards its paragraph", _NEWS, "python scripts/fit_probe.py"
    )
    injected_share: float = _chosen(
        0.5, "share of such sentences from which a paragraph is left out", _NEWS, "python scripts/fit_probe.py"
    )

    def about(self, name: str) -> dict[str, str]:
        """What a number does, the data it was chosen on, and the command that chooses it again."""
        return dict(self.__dataclass_fields__[name].metadata)


CALIBRATION = Calibration()


def fingerprint() -> str:
    """A short hash of all these numbers: answers with the same one were judged alike."""
    return hashlib.sha256(json.dumps(asdict(CALIBRATION), sort_keys=True).encode()).hexdigest()[:10]
