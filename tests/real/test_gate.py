"""The gate: a stratified sample of the golden set, asked of the real default model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from eval import golden
from eval.metrics import markers
from eval.run import Collections, misses, run, summarise
from rag.assistant import Rag
from rag.config import DEFAULT_MODEL, Config

GATE = Path(golden.__file__).parent / "gate.toml"


@pytest.mark.main
@pytest.mark.real
def test_a_sample_of_the_golden_set_stays_above_its_floors_and_under_its_ceilings(tmp_path: Path, rag: Rag) -> None:
    gate = tomllib.loads(GATE.read_text("utf-8"))
    collections = Collections(DEFAULT_MODEL, Config())
    collections._open = {"seeds": rag}
    rows = run(golden.sample(golden.load(golden.DEFAULT), gate["sample"]), collections, tmp_path)
    figures = summarise(rows)
    assert figures["errors"] == 0
    missed = misses(figures["overall"], gate["floors"], gate["ceilings"])
    assert not missed, missed
    for row in rows:
        numbers = [citation["marker"] for citation in row["citations"]]
        assert list(dict.fromkeys(markers(row["text"]))) == numbers == list(range(1, len(numbers) + 1)), row["id"]
        assert row["abstained"] or numbers, row["id"]
