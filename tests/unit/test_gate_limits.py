"""The golden gate's limits stand so close to what was measured that one answer more than may be lost is seen."""

from __future__ import annotations

import tomllib

import pytest

from eval import golden
from eval.golden import GoldenQuestion
from scripts import gate

GATES = tomllib.loads(gate.PAGE.read_text("utf-8"))
MEASURED = [name for name, one in GATES.items() if "measured" in one]


def due_refusals(questions: list[GoldenQuestion]) -> int:
    return sum(question.refuse == "must" for question in questions)


def holds(one: gate.Gate, asked: list[GoldenQuestion]) -> None:
    """As many answers may be lost as it says, and not one more."""
    floors, ceilings, measured, lost = one["floors"], one["ceilings"], one["measured"], one["lost"]
    assert set(measured) == set(floors) | set(ceilings) == set(one["figures"]) and len(asked) == one["sample"]
    assert all(floor > 0 for floor in floors.values()), "a floor of 0 cannot fail"
    of = {"correctness": len(asked), "refusal_recall": due_refusals(asked)}
    for name, among in of.items():
        if name in measured:
            assert measured[name] - (lost + 1) / among < floors[name] <= measured[name] - lost / among, name
    assert measured["harm"] + lost / len(asked) <= ceilings["harm"] < measured["harm"] + (lost + 1) / len(asked)
    assert floors["quotes_verbatim"] == measured["quotes_verbatim"] == 1.0, "no quote may differ by a letter"
    if "citation_precision" in measured:
        assert measured["citation_precision"] - 0.15 <= floors["citation_precision"] < measured["citation_precision"]


def test_the_seeds_and_the_archive_have_a_gate() -> None:
    assert list(GATES) == ["seeds", "archive"] and "seeds" in MEASURED
    assert all({"harm", "correctness", "quotes_verbatim"} <= set(one["figures"]) for one in GATES.values())


@pytest.mark.parametrize("name", MEASURED)
def test_what_may_be_lost_is_lost_and_one_more_is_seen(name: str) -> None:
    holds(GATES[name], gate.questions(name, GATES[name]))


def test_six_questions_of_the_archive_are_asked_each_of_another_kind() -> None:
    asked = gate.questions("archive", GATES["archive"])
    assert len({question.kind for question in asked}) == len(asked) == 6
    assert {question.collection for question in asked} == {"archive"}


@pytest.mark.parametrize("right", [1.0, 5 / 6, 4 / 6])
def test_limits_are_made_of_what_was_measured(right: float) -> None:
    asked = gate.questions("archive", GATES["archive"])
    means = {"harm": 0.0, "correctness": round(right, 3), "quotes_verbatim": 1.0, "mrr": 0.4}
    made = gate.limited(GATES["archive"], means, asked)
    holds(made, asked)
    assert tomllib.loads(gate.page(GATES | {"archive": made}))["archive"] == made


def test_a_figure_whose_floor_would_be_nothing_is_left_out() -> None:
    asked = gate.questions("seeds", GATES["seeds"])
    wanted = GATES["seeds"] | {"figures": ["harm", "correctness", "refusal_recall", "quotes_verbatim"]}
    means = {"harm": 0.0, "correctness": 0.833, "refusal_recall": 1.0, "quotes_verbatim": 1.0}
    due = due_refusals(asked)
    strict = gate.limited(wanted | {"lost": 0}, means, asked)
    assert due and strict["floors"]["refusal_recall"] > 0 and strict["figures"] == wanted["figures"]
    lenient = gate.limited(wanted | {"lost": due}, means, asked)
    assert all("refusal_recall" not in lenient[part] for part in ("figures", "measured", "floors"))
    holds(strict, asked)
    holds(lenient, asked)


def test_the_page_is_what_the_script_writes() -> None:
    assert gate.page(GATES) == gate.PAGE.read_text("utf-8")
    assert golden.QUESTIONS.keys() == GATES.keys()
