"""The calls for programs (`ui.calls`) over Gradio's API, with errors as a sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, get_type_hints

from index.errors import RagError
from ui.calls import Calls, Gone, listens, person

MAX_CALLS = 40  # at once; those that need the model wait in its queue


def add_endpoints(calls: Calls) -> None:
    """Add every call to the page that is being built, each under its name."""
    import gradio as gr

    for call in calls.all():
        gr.api(_told(call), api_name=call.__name__, concurrency_limit=MAX_CALLS)


def _told(call: Callable[..., Any]) -> Callable[..., Any]:
    """The call as Gradio makes it: with the caller's name, and with errors as Gradio shows them."""
    import gradio as gr
    from gradio.context import LocalContext

    @wraps(call)
    def made(*args: Any, **kwargs: Any) -> Any:
        request = LocalContext.request.get(None)
        person.set(getattr(request, "username", None))
        listens.set(_caller())
        try:
            return call(*args, **kwargs)
        except RagError as error:
            raise gr.Error(str(error)) from None
        except Gone:
            raise gr.Error("The caller has left.") from None

    # Types and not their names: Gradio reads the schema of what is given back from them.
    hints = get_type_hints(call)
    made.__annotations__ = hints
    made.__signature__ = inspect.signature(call).replace(return_annotation=hints["return"])  # type: ignore[attr-defined]
    return made


def _caller() -> Callable[[], bool]:
    """A function that says whether the caller is still connected."""
    from gradio.context import LocalContext

    page, number = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    # Gradio has no public way to ask; it marks the events of a connection that was closed.
    event = page._queue.event_ids_to_events.get(number) if page and number else None
    return lambda: event is None or event.alive
