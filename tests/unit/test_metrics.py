"""The figures of the evaluation on fixed examples, and harm, which comes first."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from eval import golden, metrics, report
from eval.record import RESULTS, read_results
from eval.run import RATES, failed, harm, misses, summarise

SCORES = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.9, 0.05]
LABELS = [False, False, True, True, True, False, True, False]


def test_the_figures_of_the_libraries_are_those_of_the_definitions() -> None:
    pairs = [
        (p, n) for p, a in zip(SCORES, LABELS, strict=True) if a for n, b in zip(SCORES, LABELS, strict=True) if not b
    ]
    by_pairs = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in pairs) / len(pairs)
    assert metrics.auroc(SCORES, LABELS) == pytest.approx(by_pairs) == pytest.approx(0.8125)
    assert math.isnan(metrics.auroc([0.1, 0.2], [True, True]))
    predicted = [s >= 0.4 for s in SCORES]
    assert metrics.balanced_accuracy(predicted, LABELS) == pytest.approx((3 / 4 + 2 / 4) / 2)
    assert metrics.balanced_accuracy([True, False, True], [True] * 3) == pytest.approx(2 / 3)
    assert math.isnan(metrics.balanced_accuracy([], []))


def test_a_bootstrap_interval_is_the_one_that_the_code_before_scipy_gave() -> None:
    # By hand-written resampling with the same seed: 0.6, 0.45 to 0.75.
    assert metrics.bootstrap([1.0, 0.0, 0.0, 1.0, 1.0] * 8) == metrics.Interval(0.6, 0.45, 0.75, 40)
    assert metrics.bootstrap([0.25] * 5) == metrics.Interval(0.25, 0.25, 0.25, 5)
    assert metrics.bootstrap([1.0]) == metrics.Interval(1.0, 1.0, 1.0, 1)
    assert metrics.bootstrap([]) is None


def row(name: str, correct: bool, supported: tuple[bool, ...] = (True,), **changes: Any) -> dict[str, Any]:
    sentences = [{"text": "A sentence.", "support": float(s), "supported": s} for s in supported]
    about = {"id": name, "question": "?", "kind": "single", "refuse": "never", "gold": [], "why": ""}
    return failed("", 1.0) | about | {"error": None, "correct": correct, "sentences": sentences} | changes


ROWS = [
    row("wrong", False),
    row("wrong-in-part-marked", False, (True, False)),
    row("right", True),
    row("refused", False, (), abstained=True),
    row("error", False, (), error="EngineCrashed: it stopped"),
]


def test_harm_is_a_wrong_answer_that_nothing_warns_of() -> None:
    assert [r["id"] for r in ROWS if harm(r)] == ["wrong"]
    figures = summarise(ROWS)
    assert next(iter(RATES)) == "harm" and figures["overall"]["harm"]["mean"] == pytest.approx(0.2)
    assert figures["overall"]["harm"]["low"] < 0.2 < figures["overall"]["harm"]["high"]


def test_harm_is_the_first_figure_everywhere() -> None:
    figures = summarise(ROWS)
    lines = report.table(figures).splitlines()
    assert lines[2].startswith("harm") and "0.200" in lines[2] and lines[3].startswith("correctness")
    page = report.page(figures, ROWS, {})
    assert page.index("<th>harm</th>") < page.index("<th>correctness</th>") and page.count("wrong and not marked") == 1
    healed = [r | {"sentences": [{"text": "A sentence.", "support": 0.1, "supported": False}]} for r in ROWS[:1]]
    said = report.compare(ROWS, [*healed, *ROWS[1:]])
    assert said.index("Harm 0.200 → 0.000") < said.index("Correctness 0.200 → 0.200")


def test_the_gate_tells_what_is_under_its_floor_and_over_its_ceiling() -> None:
    overall = summarise(ROWS)["overall"]
    assert misses(overall, {"correctness": 0.2}, {"harm": 0.2}) == []
    assert misses(overall, {"correctness": 0.3}, {"harm": 0.1}) == [
        "correctness is 0.200, under 0.3", "harm is 0.200, over 0.1"
    ]  # fmt: skip
    assert misses(overall, {"recall@1": 0.5}, {}) == ["recall@1 could not be measured on these questions"]


def test_the_sets_lie_in_one_folder() -> None:
    assert golden.DEFAULT.parent == golden.HOSTILE.parent == Path(golden.__file__).parent / "sets"
    assert len(golden.load(golden.DEFAULT)) == 215 and list(golden.HOSTILE.iterdir())


def test_a_run_from_before_a_kind_was_renamed_is_compared(tmp_path: Path) -> None:
    before = row("furniture-001", False, kind="furniture")
    (tmp_path / RESULTS).write_text(json.dumps(before) + "\n" + json.dumps(row("single-001", True)) + "\n", "utf-8")
    earlier = read_results(tmp_path / RESULTS)
    assert [(r["id"], r["kind"]) for r in earlier] == [("boilerplate-001", "boilerplate"), ("single-001", "single")]
    said = report.compare(earlier, [row("boilerplate-001", True), row("single-001", True)])
    assert said.startswith("2 questions in both.") and "1 better" in said and "0 worse" in said
