"""Write the list of calls in docs/api.md from their docstrings, signatures and shapes: python scripts/api_docs.py"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

from typing_extensions import is_typeddict

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
PAGE = ROOT / "docs" / "api.md"
BEGIN, END = "<!-- calls: python scripts/api_docs.py -->\n", "<!-- end of calls -->"


def page() -> str:
    """docs/api.md with the calls as they are now."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + "\n".join(_calls()) + "\n" + END + after


def _calls() -> Iterator[str]:
    from ui.calls import Calls

    calls = Calls.__new__(Calls).all()  # nothing is asked of them: no collection is needed
    shapes: dict[str, Any] = {}
    for call in calls:
        yield from _call(call)
        _collect(get_type_hints(call)["return"], shapes)
    yield "## What they give back\n"
    for name in sorted(shapes):
        yield from _shape(name, shapes[name])


def _call(call: Callable[..., Any]) -> Iterator[str]:
    from ui.tools import described

    about, texts = described(call)
    hints = inspect.get_annotations(call)
    yield f"### `{call.__name__}`\n\n{about}\n"
    yield f"Returns [`{_name(hints['return'])}`](#{_name(hints['return']).lower()}).\n"
    given = inspect.signature(call).parameters
    if given:
        yield "| argument | type | default | |\n|---|---|---|---|"
        for name, argument in given.items():
            default = "required" if argument.default is argument.empty else f"`{argument.default!r}`"
            yield f"| `{name}` | `{hints[name]}` | {default} | {texts[name]} |".replace(" | None`", " \\| None`")
        yield ""


def _shape(name: str, shape: Any) -> Iterator[str]:
    yield f"### `{name}`\n\n```\n{inspect.getdoc(shape)}\n```\n"
    fields = {field: _written(kind) for field, kind in get_type_hints(shape).items()}
    yield "Fields: " + ", ".join(f"`{field}: {kind}`" for field, kind in fields.items()) + "\n"


def _collect(kind: Any, shapes: dict[str, Any]) -> None:
    """The shapes that a type is made of, by name."""
    if is_typeddict(kind):
        shapes[kind.__name__] = kind
    for inner in get_type_hints(kind).values() if is_typeddict(kind) else get_args(kind):
        _collect(inner, shapes)


def _written(kind: Any) -> str:
    """A type as it is written in the code."""
    return (
        kind.__name__ if isinstance(kind, type) and not get_args(kind) else _name(str(kind).replace("NoneType", "None"))
    )


def _name(written: str) -> str:
    """A type without the modules it is from."""
    return written.replace("rag.schema.", "").replace("ui.schema.", "").replace("schema.", "")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
