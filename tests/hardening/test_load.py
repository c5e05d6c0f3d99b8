"""Many people at once: a small load on a small model, and what counts as borne."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval import serve


def test_a_few_people_are_told_apart(seeds_index: Path) -> None:
    with serve.chat("--model", "smollm2-135m", "--index", str(seeds_index), "--read-ahead", "0") as (url, pid):
        row = serve.load(url, pid, people=6, seconds=8)
    assert row["answered"] >= 3 and row["memory MB, before"] > 100
    assert [row[fault] for fault in ("wrong conversation", "untyped error", "lost")] == [0, 0, 0]
    assert row["answered"] + row["cancelled"] + row["gone"] + row["nonsense refused"] + row["nonsense answered"] >= 6


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"answered": 0},
        {"lost": 1},
        {"wrong conversation": 1},
        {"longest / median": 3.1},
        {"growth after half-way": 0.021},
    ],
)
def test_what_is_not_borne_fails(fault: dict[str, Any]) -> None:
    row = dict.fromkeys(("wrong conversation", "untyped error", "lost"), 0)
    borne = row | {"answered": 9, "longest / median": 1.2, "growth after half-way": -0.01}
    assert serve.held(borne | fault) == (not fault)
