"""What fuzzing has found worth keeping is tried again each time (`tests/fuzz.py`)."""

from __future__ import annotations

import pytest
from fuzz import CORPUS, TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_kept_inputs_do_no_harm(target: str) -> None:
    kept = sorted((CORPUS / target).iterdir())
    assert len(kept) >= 20, "the corpus is there"
    for path in kept:
        TARGETS[target](path.read_bytes())
