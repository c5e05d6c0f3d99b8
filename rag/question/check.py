"""What may be asked: a question, a history and days that can be used, or an error that names the argument."""

from __future__ import annotations

from datetime import date
from typing import Any

from index.errors import InputError
from index.reading.metadata import encodable
from index.store.names import check_days
from rag.types import Filters, Turn

MAX_QUESTION = 2_000  # characters
MAX_HISTORY = 200  # turns


def check_question(question: Any) -> str:
    """The question, stripped.

    Raises:
        InputError: it is no text, empty or too long.
    """
    if not isinstance(question, str):
        raise InputError(f"question is a {type(question).__name__}, not a str.", "Pass the question as text.")
    # Half of a surrogate pair (an argument that is no UTF-8) is no text that a tokenizer takes.
    question = " ".join(encodable(question).replace("\0", " ").split())
    if not question:
        raise InputError("The question is empty.", "Ask something.")
    if len(question) > MAX_QUESTION:
        raise InputError(
            f"The question has {len(question):,} characters; the most is {MAX_QUESTION:,}.", "Ask a shorter one."
        )
    return question


def check_history(history: Any) -> list[Turn]:
    """The last turns of a conversation.

    Raises:
        InputError: a message without a role or text.
    """
    if isinstance(history, (str, bytes)) or not hasattr(history, "__iter__"):
        raise InputError(
            f"history is a {type(history).__name__}, not a list of messages.", "Pass [{'role': …, 'content': …}]."
        )
    turns: list[Turn] = []
    for n, turn in enumerate(list(history)[-MAX_HISTORY:]):
        if (
            not isinstance(turn, dict)
            or turn.get("role") not in ("user", "assistant")
            or not isinstance(turn.get("content"), str)
        ):
            raise InputError(
                f"history[{n}] is not a message with role user or assistant and text content.",
                "Pass {'role': …, 'content': …}.",
            )
        turns.append({"role": turn["role"], "content": encodable(turn["content"])})
    return turns


def check_filters(source: Any, after: Any, before: Any, as_of: Any) -> Filters:
    """The limits of a question.

    Raises:
        InputError: a day that is no `datetime.date`, a source that is no text, or `after` later than `before`.
    """
    for name, value in (("as_of", as_of), ("after", after), ("before", before)):
        if value is not None and type(value) is not date:
            raise InputError(f"{name} is a {type(value).__name__}, not a datetime.date.", "Pass a date.")
    if source is not None and not isinstance(source, str):
        raise InputError(f"source is a {type(source).__name__}, not a str.", "Pass a source's name.")
    check_days(after, before)
    return Filters(source, after, before, as_of)


def read_days(**named: Any) -> dict[str, date | None]:
    """Days that were given as text, read; None for an empty one.

    Raises:
        InputError: one is not a day; it is named.
    """
    read: dict[str, date | None] = {}
    for name, text in named.items():
        try:
            read[name] = date.fromisoformat(text) if text else None
        except (ValueError, TypeError):
            raise InputError(f"{name} is {text!r:.40}, not a day.", "Write it as 2022-03-31.") from None
    return read
