"""Whether a question is in another language than English: answers are in English, and its asker is told so."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

TOLD = "Questions, articles and answers are in English here. This one looks like another language; it was tried all the same."
# So many times less likely than the other languages together must English be. Of 335 English questions (the golden set, and
# questions over an archive) none is taken for another language then, and 27 of 30 in 17 other languages are.
_UNLIKELY = 250
_loading = threading.Lock()


def is_foreign(question: str) -> bool:
    """Whether a question is surely not English; one word alone says too little."""
    if len(question.split()) < 2 and question.isascii():
        return False
    found = dict(_identifier().rank(question))
    return bool(float(found["en"]) * _UNLIKELY < 1)


def _identifier() -> Any:
    with _loading:  # half a second, at the first question
        return _loaded()


@cache
def _loaded() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
