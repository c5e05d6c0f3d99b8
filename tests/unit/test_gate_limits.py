"""The golden gate's limits stand so close to what was measured that three lost answers are seen, and one or two are not."""

from __future__ import annotations

import tomllib
from pathlib import Path

from eval import golden
from eval.golden import GoldenQuestion

GATE = tomllib.loads((Path(golden.__file__).parent / "gate.toml").read_text("utf-8"))


def due_refusals(questions: list[GoldenQuestion]) -> int:
    return sum(question.refuse == "must" for question in questions)


def test_three_lost_answers_are_seen_and_two_are_not() -> None:
    floors, ceilings, measured = GATE["floors"], GATE["ceilings"], GATE["measured"]
    asked = golden.sample(golden.load(golden.DEFAULT), GATE["sample"])
    assert set(measured) == set(floors) | set(ceilings) and len(asked) == GATE["sample"]
    for name, of in (("correctness", len(asked)), ("refusal_recall", due_refusals(asked))):
        assert measured[name] - 3 / of < floors[name] <= measured[name] - 2 / of, name
    assert measured["harm"] + 2 / len(asked) <= ceilings["harm"] < measured["harm"] + 3 / len(asked)
    assert floors["quotes_verbatim"] == measured["quotes_verbatim"] == 1.0, "no quote may differ by a letter"
    assert measured["citation_precision"] - 0.15 <= floors["citation_precision"] < measured["citation_precision"]
