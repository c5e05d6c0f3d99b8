"""Whether a question is in another language than English: answers are in English, and its asker is told so."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from rag.calibration import CALIBRATION

TOLD = "Questions, articles and answers are in English here. This one looks like another language; it was tried all the same."
_loading = threading.Lock()


def is_foreign(question: str) -> bool:
    """Whether a question is surely not English; one word alone says too little."""
    if len(question.split()) < 2 and question.isascii():
        return False
    found = dict(_identifier().rank(question))
    return bool(float(found["en"]) * CALIBRATION.foreign < 1)


def _identifier() -> Any:
    with _loading:  # half a second, at the first question
        return _loaded()


@cache
def _loaded() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
