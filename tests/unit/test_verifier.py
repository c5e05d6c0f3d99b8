"""The verifier: weights that belong to its signals, what it makes of them, and what the evaluation makes of its chances."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from xml.etree import ElementTree

import pytest
from invented import passage

from eval import confidence
from rag.calibration import CALIBRATION
from rag.claims.verifier import (
    Shortest,
    Signals,
    agreement,
    backed,
    chance,
    clear,
    doubt,
    hope,
    is_answer,
    rival,
    span_of,
)
from scripts import chance_figure

SURE = Signals(right=4.0, holds=4.0, behind=0.0, exact=1.0, stated=1.0, sure=-0.02, pmi=2.5)
POOR = Signals(right=-2.0, holds=-3.0, behind=5.0, exact=0.0, stated=0.0, sure=-0.8, pmi=0.2)


def test_every_signal_has_one_weight_and_no_weight_is_left_over() -> None:
    names = [name for name, _ in CALIBRATION.verifier]
    assert sorted(names) == sorted(["bias", *(field.name for field in fields(Signals))])
    known_late = {name for name, _ in CALIBRATION.verifier_best}
    assert known_late == set(asdict(SURE)) - {"holds", "behind", "rival", "backed"}, (
        "the others are known before a draft is written"
    )


def test_what_speaks_for_a_draft_makes_it_likelier() -> None:
    refuse, mark = dict(CALIBRATION.thresholds)["normal"]
    assert chance(POOR) < refuse < mark < chance(SURE)
    for name, better in asdict(SURE).items():
        assert chance(replace(POOR, **{name: better})) >= chance(POOR), name


def test_a_stricter_line_is_a_higher_one() -> None:
    lines = dict(CALIBRATION.thresholds)
    assert lines["lenient"][0] < lines["normal"][0] < lines["strict"][0]
    assert all(refuse <= mark for refuse, mark in lines.values())


def test_hope_is_no_less_than_what_a_good_draft_gets() -> None:
    best = dict(CALIBRATION.verifier_best)
    good = Signals(holds=2.0, behind=1.0, **best)
    assert hope(2.0, 1.0) == pytest.approx(chance(good))
    assert hope(2.0, 1.0, pmi=0.1) < hope(2.0, 1.0) == hope(2.0, 1.0, pmi=best["pmi"]), "what is known counts as it is"
    assert hope(2.0, 1.0) > chance(replace(good, right=0.0)) and hope(-4.0, 1.0) < hope(2.0, 1.0)


@pytest.mark.parametrize(
    ("shortest", "draft", "expected"),
    [
        ("212 passengers", "All 212 passengers were rescued.", 1.0),
        ("the coast guard", "All 212 passengers were rescued.", 0.0),
        ("by helicopter, at dawn", "They were rescued by helicopter.", 0.5),
        ("212, by helicopter", "All 212 were rescued.", 1.0),  # where there are numbers, these count
        ("Tuesday (29 March)", "It was on March 29th.", 1.0),
        ("212 on 9 May", "All 212 were rescued.", 0.5),
        ("not stated", "All 212 passengers were rescued.", 0.0),
        ("Not stated.", "Not stated.", 0.0),
        ('"not stated"', "Not stated.", 0.0),
        ("", "All 212 passengers were rescued.", 0.0),
        ("passengers of the ferry", "The ferry had passengers.", 0.0),  # the question's own words
    ],
)
def test_the_shortest_answer_and_the_draft_agree(shortest: str, draft: str, expected: float) -> None:
    assert agreement(shortest, draft, "How many passengers of the ferry were rescued?") == expected


def test_an_unsure_shortest_answer_lets_hope_less() -> None:
    asked = "How many passengers of the ferry were rescued?"
    best = dict(CALIBRATION.verifier_best)
    sure, unsure = Shortest("212", CALIBRATION.usual_likely + best["clear"]), Shortest("212", 0.3)
    assert hope(2.0, 1.0, None, unsure, asked) < hope(2.0, 1.0, None, sure, asked) == hope(2.0, 1.0)
    assert clear(Shortest("212", 0.9), asked) == pytest.approx(0.9 - CALIBRATION.usual_likely)
    assert clear(Shortest("212"), asked) == 0.0, "a model that cannot tell"
    assert clear(Shortest("not stated", 0.99), asked) == clear(Shortest("passengers", 0.99), asked) == 0.0


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], 0.0),
        ([("212 passengers", 0.9)], 0.0),  # the same
        ([("by helicopter, all 212", 0.9)], 0.0),  # half of it
        ([("by helicopter", 0.9)], 0.9),
        ([("19", 0.6), ("220 passengers", 0.8), ("212", 0.99)], 0.8),
        ([("not stated", 0.9), ("passengers of the ferry", 0.9)], 0.0),  # no answers
    ],
)
def test_the_surest_other_answer_is_a_draft_s_rival(others: list[tuple[str, float]], expected: float) -> None:
    question = "How many passengers of the ferry were rescued?"
    answers = [Shortest(text, likely, is_answer(text, question)) for text, likely in others]
    assert rival("All 212 passengers were rescued.", question, answers) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], 0.0),  # the reader was not asked
        ([("212 passengers", 0.8)], 0.8),
        ([("212 passengers", 0.8), ("all 212", 0.5), ("nineteen", 0.1)], 0.7),
        ([("212 passengers", 0.3), ("by helicopter", 0.9)], -0.6),
        ([("by helicopter", 0.9), ("the ferry", 0.2)], -0.9),
    ],
)
def test_what_the_reader_finds_backs_a_draft_or_not(found: list[tuple[str, float]], expected: float) -> None:
    read = [replace(passage("Of it."), found=text, reads=likely) for text, likely in found] or [passage("Of it.")]
    usual = CALIBRATION.usual_backed if found else 0.0
    question = "How many passengers of the ferry were rescued?"
    assert backed("All 212 passengers were rescued.", question, read) == pytest.approx(expected - usual)


def test_a_passage_in_which_the_reader_finds_nothing_lets_hope_less() -> None:
    assert hope(2.0, 1.0, reads=0.02) < hope(2.0, 1.0, reads=0.9)
    assert hope(2.0, 1.0, reads=0.9) >= chance(Signals(holds=2.0, behind=1.0, **dict(CALIBRATION.verifier_best)))


@pytest.mark.parametrize(
    ("shortest", "found"),
    [
        ("212 passengers.", "212 passengers"),
        ('"Aurora"', "Aurora"),
        ("not stated", None),
        ("12", None),
        ("a(b", None),
        ("", None),
    ],
)
def test_the_shortest_answer_is_found_only_word_for_word(shortest: str, found: str | None) -> None:
    text = "All 212 passengers of the Aurora were rescued."
    at = span_of(shortest, text)
    assert (at and text[slice(*at)]) == found


def test_a_shortest_answer_is_no_part_of_a_number_or_of_a_time() -> None:
    assert span_of("4", "It was called at 4:45 p.m. by 1,4 or 2.4 of 14.") is None
    assert span_of("4", "It was called at 4, and came.") == (17, 18)
    assert span_of("$4.8 million", "It paid $4.8 million.") == (8, 20)


def test_a_doubt_names_what_speaks_most_against_a_draft() -> None:
    assert doubt(replace(SURE, right=-9.0)) == "asked whether it is right, the model was not sure"
    assert doubt(replace(SURE, sure=-3.0)) == "the model was not sure of its words"
    assert doubt(replace(SURE, rival=0.9)) == "another passage gives another answer"
    assert doubt(replace(SURE, backed=-0.8)) == "other words of what was read look more like the answer"
    assert doubt(replace(SURE, clear=-0.8)) == "the model was not sure of the shortest answer"


# ---- what the evaluation makes of it -----------------------------------------------------------


def row(correct: bool, *support: float, abstained: bool = False) -> dict[str, object]:
    sentences = [{"support": s, "supported": True} for s in support]
    return {"correct": correct, "abstained": abstained, "error": None, "sentences": sentences}


ROWS = [row(True, 0.95), row(True, 0.9, 0.8), row(False, 0.84), row(False, 0.3), row(True, abstained=True)]


def test_the_chance_of_an_answer_is_that_of_its_least_likely_sentence() -> None:
    assert [confidence.chance(r) for r in ROWS[:4]] == [0.95, 0.8, 0.84, 0.3]
    assert confidence.auroc(ROWS) == pytest.approx(0.75), "of four pairs of right and wrong three are in order"


def test_reliability_counts_answers_by_their_chance() -> None:
    assert [(round(b.given, 2), b.right, b.n) for b in confidence.reliability(ROWS)] == [
        (0.3, 0, 1),
        (0.82, 0.5, 2),
        (0.95, 1, 1),
    ]


def test_risk_and_coverage_are_shares_of_all_questions() -> None:
    points = [(p.threshold, p.answered, p.wrong) for p in confidence.risk_coverage(ROWS)]
    assert points == [(0.95, 0.2, 0.0), (0.84, 0.4, 0.2), (0.8, 0.6, 0.2), (0.3, 0.8, 0.4)]


def test_the_figure_has_a_dot_for_each_tenth_and_a_curve() -> None:
    drawn = ElementTree.fromstring(chance_figure.draw(ROWS))
    kinds = [part.tag.rpartition("}")[2] for part in drawn]
    assert (kinds.count("circle"), kinds.count("polyline")) == (3, 1)
    (curve,) = [part.get("points", "").split() for part in drawn if part.get("points")]
    heights = [float(point.split(",")[1]) for point in curve]
    assert len(curve) == 4 and heights == sorted(heights, reverse=True), "the further along, the more is wrong"
