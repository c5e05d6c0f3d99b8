"""The gate: a sample of each golden set, spread over its kinds, asked of the real default model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from eval import golden
from eval.metrics import markers
from eval.run import Collections, misses, run, summarise
from rag.assistant import Rag
from rag.config import DEFAULT_MODEL, Config

GATES = tomllib.loads((Path(golden.__file__).parent / "gate.toml").read_text("utf-8"))


@pytest.mark.main
@pytest.mark.real
@pytest.mark.parametrize("name", GATES)
def test_a_sample_stays_above_its_floors_and_under_its_ceilings(name: str, tmp_path: Path, rag: Rag) -> None:
    gate = GATES[name]
    collections = Collections(DEFAULT_MODEL, Config())
    collections._open = {"seeds": rag}
    rows = run(golden.sample(golden.load(golden.QUESTIONS[name]), gate["sample"]), collections, tmp_path)
    figures = summarise(rows)
    assert figures["errors"] == 0
    missed = misses(figures["overall"], gate.get("floors", {}), gate.get("ceilings", {}))
    assert not missed, missed
    for row in rows:
        numbers = [citation["marker"] for citation in row["citations"]]
        assert list(dict.fromkeys(markers(row["text"]))) == numbers == list(range(1, len(numbers) + 1)), row["id"]
        assert row["abstained"] or numbers, row["id"]
