"""Fit the verifier's weights: python scripts/fit_verifier.py [--write] CANDIDATES…, then the same with --scale RESULTS

CANDIDATES are what `scripts/verifier_candidates.py` kept. A logistic regression over the signals of each draft learns
whether it names the known answer; it is cross-validated by article, so that no article is in both halves. Printed are
how well each signal, the weights in use and those fitted anew tell right from wrong (AUROC), how that changes with more
questions to fit on, whether what is called .8 is right eight times in ten, what is told and how much of it is wrong along
the line, and the new weights. With `--write` they are put into `rag/calibration.py`.

RESULTS is the `results.jsonl` of a `rag eval --lenient`, made with these weights, over questions that people ask (a
development set): public questions over a heap of paragraphs are harder, so the same signals mean a lower chance there.
All weights are scaled and shifted by two numbers (Platt, 1999), so that the chance is right where people ask.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eval import confidence
from eval.metrics import auroc
from eval.record import read_results
from rag.calibration import CALIBRATION
from rag.claims import verifier
from rag.claims.verifier import Signals

NAMES = [field.name for field in fields(Signals)]
SETTINGS = Path(__file__).resolve().parent.parent / "rag" / "calibration.py"
LATE = ("right", "exact", "stated", "sure", "clear", "pmi")  # what is not known before a passage is drafted from
FOLDS = 5
DRAWS = 20


def load(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The drafts that the fact gate let pass and that are right or wrong: the others are never told, whatever their chance."""
    kept = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]
    return [row for row in kept if "signals" in row and not row["problems"] and row["right"] is not None]


def fit(paths: Sequence[Path]) -> dict[str, Any]:
    """What the calibration would be; printed is how well it does."""
    rows = load(paths)
    x = np.array([[row["signals"][name] for name in NAMES] for row in rows])
    y = np.array([row["right"] for row in rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    groups = [row["article"] for row in rows]
    chance = cross_val_predict(model, x, y, groups=groups, cv=GroupKFold(FOLDS), method="predict_proba")[:, 1]
    print(f"{len(rows)} drafts of {len({r['id'] for r in rows})} questions, {int(y.sum())} right")
    for name, column in zip(NAMES, x.T, strict=True):
        print(f"  AUROC of {name:9} {auroc(column.tolist(), y.tolist()):.3f}")
    in_use = [verifier.chance(Signals(**row["signals"])) for row in rows]
    print(f"  AUROC of all, with the weights in use: {auroc(in_use, y.tolist()):.3f}")
    print(f"  AUROC of all, fitted anew, cross-validated by article: {auroc(chance.tolist(), y.tolist()):.3f}")
    learning(model, x, y, np.array(groups))
    reliability(chance, y)
    coverage(rows, chance, y)
    model.fit(x, y)
    weights = model[1].coef_[0] / model[0].scale_
    bias = float(model[1].intercept_[0] - (weights * model[0].mean_).sum())
    best = [(name, round(float(np.quantile(x[:, NAMES.index(name)], 0.9)), 3)) for name in LATE]
    return {
        "verifier": rounded([("bias", bias), *zip(NAMES, weights, strict=True)]),
        "verifier_best": tuple(best),
        "usual_pmi": round(float(np.median(x[:, NAMES.index("pmi")])), 2),
    }


def learning(model: Pipeline, x: np.ndarray, y: np.ndarray, articles: np.ndarray) -> None:
    """How well weights fitted on the drafts of so many articles tell right from wrong elsewhere, on average of some draws."""
    held_out = np.unique(articles).size // FOLDS
    for learned in (n for n in (25, 50, 100, 200, 400) if n + held_out <= np.unique(articles).size):
        found = list[float]()
        for seed in range(DRAWS):
            drawn = np.random.default_rng(seed).permutation(np.unique(articles))
            known, other = np.isin(articles, drawn[:learned]), np.isin(articles, drawn[-held_out:])
            found.append(auroc(model.fit(x[known], y[known]).decision_function(x[other]).tolist(), y[other].tolist()))
        print(f"    fitted on {learned} articles, of {held_out} others: {np.mean(found):.3f}")


def scale(results: Path) -> dict[str, Any]:
    """The weights of the calibration scaled so that their chances are right for these answers."""
    told = [row for row in confidence.answered(read_results(results)) if confidence.chance(row) < 1]
    z = np.array([math.log(confidence.chance(row) / (1 - confidence.chance(row))) for row in told])
    right = [bool(row["correct"]) for row in told]
    scaled = LogisticRegression(C=1.0).fit(z[:, None], right)
    slope, shift = float(scaled.coef_[0][0]), float(scaled.intercept_[0])
    print(f"{len(told)} answers, {sum(right)} right: slope {slope:.2f}, shift {shift:.2f}")
    return {"verifier": rounded([(n, slope * w + (shift if n == "bias" else 0.0)) for n, w in CALIBRATION.verifier])}


def rounded(weights: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Weights with as many digits as the calibration has."""
    return tuple((name, round(float(weight), 3)) for name, weight in weights)


def rewritten(text: str, name: str, value: object) -> str:
    """The text of a calibration with another value for one of its fields."""
    field = re.compile(rf'(    {name}: [^=]*= _chosen\(\s*)(?:\(.*?\)|-?[\d.]+)(,\s*")', re.S)
    found, count = field.subn(lambda m: f"{m[1]}{value!r}{m[2]}", text)
    if count != 1:
        sys.exit(f"{SETTINGS}: {count} fields are called {name}; the value is not written.")
    return found


def reliability(chance: np.ndarray, y: np.ndarray) -> None:
    """What each tenth is called, and how often it is right."""
    print("called      right of")
    for low in np.arange(0, 1, 0.1):
        inside = (chance >= low) & (chance < low + 0.1)
        if inside.any():
            print(f"  {chance[inside].mean():.2f}    {y[inside].mean():.2f} of {int(inside.sum())}")


def coverage(rows: Sequence[dict[str, Any]], chance: np.ndarray, y: np.ndarray) -> None:
    """The likeliest draft of each question: what is told from each line on, and how much of that is wrong."""
    best = defaultdict[str, tuple[float, bool]](lambda: (0.0, False))
    for row, c, right in zip(rows, chance, y, strict=True):
        best[row["id"]] = max(best[row["id"]], (float(c), bool(right)))
    asked = len({row["id"] for row in rows})
    print("line   right   wrong   (shares of all questions)")
    for line in np.arange(0.1, 0.95, 0.1):
        told = [right for c, right in best.values() if c >= line]
        print(f"  {line:.2f}   {sum(told) / asked:.2f}   {(len(told) - sum(told)) / asked:.2f}")


def main(args: Sequence[str]) -> None:
    """Fit or scale, print what the calibration would be, and write it where that is asked for."""
    files = [Path(name) for name in args if not name.startswith("--")]
    found = scale(*files) if "--scale" in args else fit(files)
    for name, value in found.items():
        print(f"{name} = {value!r}")
    if "--write" in args:
        text = SETTINGS.read_text("utf-8")
        for name, value in found.items():
            text = rewritten(text, name, value)
        SETTINGS.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
