"""Late interaction: each token of a question looks for its nearest one in a passage."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import Words

from index.late_interaction import Tokens, nearness, tokens_of

AXES = np.eye(4, dtype=np.float32)


def tokens(*ids: int) -> Tokens:
    """Tokens that are alike only where they are the same."""
    return tokens_of(np.array(ids), AXES[list(ids)] * 3)


def test_a_passage_with_every_token_of_the_question_is_nearest_wherever_they_stand() -> None:
    near = nearness(tokens(0, 1), [tokens(2, 3), tokens(1, 3, 2, 0), tokens(0, 3)])
    assert near.argsort().tolist() == [0, 2, 1] and near[1] == pytest.approx(1.0, abs=1e-3)
    assert near.dtype == np.float32


def test_a_token_that_few_passages_have_weighs_more() -> None:
    common, rare = tokens(0, 2), tokens(1, 2)
    near = nearness(tokens(0, 1), [common, common, common, rare])
    assert near[3] > near[0]


def test_a_token_that_every_passage_has_still_counts_for_something() -> None:
    near = nearness(tokens(0), [tokens(0), tokens(0)])
    assert np.isfinite(near).all() and near.tolist() == pytest.approx([1.0, 1.0], abs=1e-3)


def test_length_of_vectors_plays_no_part() -> None:
    long, short = tokens_of(np.array([0]), AXES[:1] * 50), tokens_of(np.array([0]), AXES[:1] / 50)
    assert nearness(tokens(0), [long, short]).tolist() == pytest.approx([1.0, 1.0], abs=1e-3)


def test_a_question_or_a_passage_without_a_token_is_near_to_nothing() -> None:
    none = tokens_of(np.zeros(0, int), np.zeros((0, 4)))
    assert nearness(none, [tokens(0)]).tolist() == [0.0]
    assert nearness(tokens(0), []).shape == (0,)
    assert nearness(tokens(0), [none, tokens(0)]).tolist() == pytest.approx([-1.0, 1.0], abs=1e-3)


def test_the_fake_embedder_is_nearest_to_what_has_its_words() -> None:
    words = Words()
    asked, *read = words.tokens(["Who sank the ferry?", "A ferry sank.", "A bridge opened.", ""])
    assert nearness(asked, read).argmax() == 0
