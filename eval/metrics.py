"""What is measured: pure functions, each with its definition, direction and source."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.stats import bootstrap as resampled
from sklearn.metrics import recall_score, roc_auc_score

from eval.golden import GoldenQuestion, plain
from index.text.dates import mentions
from rag.markers import without_markers


@dataclass(frozen=True)
class Interval:
    """A mean with its bootstrap 95 % interval and the number of items behind it."""

    mean: float
    low: float
    high: float
    n: int


def normalise(text: str) -> str:
    """SQuAD's normalisation: lower case, no punctuation, no articles, single spaces.

    Source: Rajpurkar et al., 2016, evaluate-v1.1.py. Here hyphens and dashes become spaces and
    the possessive goes, so that "three-hour" is "three hour" and "Belarus's border" names Belarus.
    """
    text = re.sub(r"[-–—‑]", " ", text.lower().replace("’", "'"))
    text = re.sub(r"'s\b", "", text)
    text = "".join(c for c in text if c not in string.punctuation and c not in "“”‘’«»…")
    return " ".join(w for w in text.split() if w not in ("a", "an", "the"))


def contains(text: str, phrase: str) -> bool:
    """Whether the normalised phrase is in the normalised text, at word boundaries."""
    return f" {normalise(phrase)} " in f" {normalise(text)} "


def markers(text: str) -> list[int]:
    """The citation markers in a text, in order."""
    return [int(number) for number in re.findall(r"\[(\d+)\]", text)]


def missing_facts(question: GoldenQuestion, text: str) -> list[str]:
    """The facts (by first alternative) and days that an answer does not name."""
    missing = [f[0] for f in question.facts if not any(contains(text, alternative) for alternative in f)]
    return missing + [day.isoformat() for day in question.dates if not names_day(text, day)]


def names_day(text: str, day: date) -> bool:
    """Whether a text names a day in any spelling; the year may be left out."""
    return any(m.day == day and re.search(r"\d", m.words) for m in mentions(text, day))


def correct(question: GoldenQuestion, text: str, abstained: bool) -> bool:
    """Answer correctness, higher is better.

    All facts and days named and nothing forbidden said; refused, if a refusal is due; either, if it may be refused.
    """
    if question.refuse == "must":
        return abstained
    if abstained:
        return question.refuse == "may"
    text = without_markers(text)
    return not missing_facts(question, text) and not any(contains(text, phrase) for phrase in question.forbidden)


def harmful(right: bool, abstained: bool, error: str | None, marked: Iterable[bool]) -> bool:
    """Harm, lower is better: a wrong answer that nothing warns of.

    Not a refusal, not an error that was shown, and none of its sentences is `marked` as weakly supported.
    """
    return not right and not abstained and not error and not any(marked)


def gold_citation_precision(question: GoldenQuestion, quotes: Sequence[tuple[str, str]]) -> float | None:
    """Share of citations that are in a gold article and share words with a gold quote there.

    ALCE's citation precision (Gao et al., 2023, section 3.3) asks whether each citation is
    needed support; here the people who wrote the quotes are the judge. None where the
    question has no gold quotes or the answer no citations.
    """
    if not question.quotes or not quotes:
        return None
    return sum(
        any(g.article == article and _touch(text, g.text) for g in question.quotes) for article, text in quotes
    ) / len(quotes)


def gold_citation_recall(question: GoldenQuestion, quotes: Sequence[tuple[str, str]]) -> float | None:
    """Share of the answer's needed support that is cited.

    1 where at least one gold quote of each gold fact's articles is touched by a citation;
    measured as: share of facts for which some cited sentence holds one of the alternatives.
    None where nothing is to be cited.
    """
    if not question.facts or not question.quotes:
        return None
    cited = " ".join(text for _, text in quotes)
    gold = " ".join(q.text for q in question.quotes)
    due = [f for f in question.facts if any(contains(gold, a) for a in f)]
    if not due:
        return 1.0 if any(gold_citation_precision(question, [q]) for q in quotes) else 0.0
    return sum(any(contains(cited, a) for a in f) for f in due) / len(due)


def _touch(a: str, b: str) -> bool:
    """Whether one contains the other, or they share five words in a row."""
    a, b = plain(a), plain(b)
    if a in b or b in a:
        return True
    words = normalise(a).split()
    other = f" {normalise(b)} "
    return any(f" {' '.join(words[i : i + 5])} " in other for i in range(max(0, len(words) - 4)))


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """SQuAD's exact match: 1 where the normalised texts are equal. Rajpurkar et al., 2016."""
    return float(any(normalise(prediction) == normalise(gold) for gold in golds))


def token_f1(prediction: str, golds: Sequence[str]) -> float:
    """SQuAD's token F1, the best over the gold answers. Rajpurkar et al., 2016."""
    return max((_f1(normalise(prediction).split(), normalise(gold).split()) for gold in golds), default=0.0)


def _f1(predicted: list[str], gold: list[str]) -> float:
    shared = sum((Counter(predicted) & Counter(gold)).values())
    if not predicted or not gold or not shared:
        return float(predicted == gold)
    precision, recall = shared / len(predicted), shared / len(gold)
    return 2 * precision * recall / (precision + recall)


def contained(prediction: str, golds: Sequence[str], words: int = 40) -> float:
    """1 if a gold answer is among the first `words` words of the prediction."""
    head = " ".join(prediction.split()[:words])
    return float(any(normalise(g) and contains(head, g) for g in golds))


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1 / rank of the first relevant item, 0 where there is none; its mean is MRR."""
    return next((1 / rank for rank, good in enumerate(relevant, 1) if good), 0.0)


def recall_at(relevant: Sequence[bool], k: int) -> float:
    """1 where one of the first k items is relevant."""
    return float(any(relevant[:k]))


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative; NaN where one side is empty."""
    return float(roc_auc_score(labels, scores)) if len(set(labels)) == 2 else float("nan")


def balanced_accuracy(predicted: Sequence[bool], labels: Sequence[bool]) -> float:
    """Mean of the accuracies on positives and on negatives; if one side is empty, the accuracy on the other."""
    if not labels:
        return float("nan")
    return float(recall_score(labels, predicted, labels=sorted(set(labels)), average="macro"))


def bootstrap(values: Sequence[float], rounds: int = 2_000, seed: int = 7) -> Interval | None:
    """Mean and percentile bootstrap 95 % interval (Efron and Tibshirani, 1993, chapter 13)."""
    if not values:
        return None
    mean = sum(values) / len(values)
    if len(values) == 1:
        return Interval(mean, mean, mean, 1)
    found = resampled(
        (values,), np.mean, n_resamples=rounds, method="percentile", rng=np.random.default_rng(seed), batch=100
    ).confidence_interval
    return Interval(mean, float(found.low), float(found.high), len(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))] if ordered else float("nan")
