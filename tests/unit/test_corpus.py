"""What fuzzing begins with, and what it has found worth keeping, is tried again each time (`tests/fuzz.py`)."""

from __future__ import annotations

import pytest
from fuzz import CORPUS, TARGETS
from harmed import begin


@pytest.mark.parametrize("target", TARGETS)
def test_kept_inputs_do_no_harm(target: str) -> None:
    folder = CORPUS / target
    kept = [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []
    kept += begin(target)
    assert len(kept) >= 20, "the corpus is there"
    for data in kept:
        TARGETS[target](data)
