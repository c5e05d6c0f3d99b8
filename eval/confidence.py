"""Whether the chance that an answer carries means what it says: AUROC, reliability, risk and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval import metrics
from eval.record import Row


@dataclass(frozen=True)
class Bin:
    """Answers whose chance is in one tenth of the scale: mean chance, share that was right, and number."""

    given: float
    right: float
    n: int


@dataclass(frozen=True)
class Point:
    """What a threshold on the chance gives: the shares of all questions that are answered, and answered wrongly."""

    threshold: float
    answered: float
    wrong: float


def chance(row: Row) -> float:
    """The chance of an answer: that of its least likely sentence."""
    return float(min(sentence["support"] for sentence in row["sentences"]))


def answered(rows: Sequence[Row]) -> list[Row]:
    """The rows with an answer, without refusals and errors."""
    return [row for row in rows if not row["abstained"] and not row["error"] and row["sentences"]]


def auroc(rows: Sequence[Row]) -> float:
    """How well the chance separates right from wrong among the given answers; higher is better."""
    told = answered(rows)
    return metrics.auroc([chance(row) for row in told], [bool(row["correct"]) for row in told])


def reliability(rows: Sequence[Row], bins: int = 10) -> list[Bin]:
    """Answers by their chance, in equal steps; empty steps are left out. DeGroot and Fienberg, 1983."""
    out = []
    for n in range(bins):
        inside = [row for row in answered(rows) if min(bins - 1, int(chance(row) * bins)) == n]
        if inside:
            given = sum(map(chance, inside)) / len(inside)
            out.append(Bin(given, sum(bool(row["correct"]) for row in inside) / len(inside), len(inside)))
    return out


def risk_coverage(rows: Sequence[Row]) -> list[Point]:
    """The shares answered, and answered wrongly, with the threshold at each chance that occurs; the surest first.

    El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification", 2010; here both are shares of all
    questions that were asked, so that the last point is what the run did.
    """
    told = sorted(answered(rows), key=chance, reverse=True)
    out, wrong = list[Point](), 0
    for n, row in enumerate(told, 1):
        wrong += not row["correct"]
        if n == len(told) or chance(told[n]) < chance(row):
            out.append(Point(chance(row), n / len(rows), wrong / len(rows)))
    return out
