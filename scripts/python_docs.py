"""Write docs/python.md, the public surface of `rag` from its docstrings: python scripts/python_docs.py"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
PAGE = ROOT / "docs" / "python.md"
_HEAD = """# From Python

Everything that `from rag import …` offers, made from the docstrings by `python scripts/python_docs.py`. A model or an index that is
missing is a `RagError` whose message names the command that helps; a refusal is an answer with `abstained` set, never an error.

```python
from rag import Rag

report = Rag.index("articles", index="my-index")  # read, clean, embed; again, to bring it up to date
with Rag.open("my-index") as rag:
    answer = rag.answer("What did the mayor say?", after=None)
    print(answer.text, [c.quote for c in answer.citations])
```
"""


def page() -> str:
    """The page as the docstrings are now."""
    import rag

    return _HEAD + "\n" + "\n".join(part for name in rag.__all__ for part in _entry(name, getattr(rag, name)))


def _entry(name: str, thing: object) -> Iterator[str]:
    yield f"## `{name}`\n"
    if inspect.isclass(thing) and issubclass(thing, Exception):
        bases = ", ".join(f"`{base.__name__}`" for base in thing.__bases__)
        yield f"An error ({bases}). {inspect.getdoc(thing)}\n"
        return
    if inspect.isfunction(thing):
        yield _code(name, thing)
        return
    yield f"```\n{inspect.getdoc(thing)}\n```\n"
    if dataclasses.is_dataclass(thing):
        yield "Fields: " + ", ".join(f"`{f.name}: {f.type}`" for f in dataclasses.fields(thing)) + "\n"
    for member, value in vars(thing).items():
        inner = value.__func__ if isinstance(value, classmethod) else value
        if member.startswith("_"):
            continue
        if inspect.isfunction(inner):
            yield f"### `{name}.{member}`\n"
            yield _code(member, inner)
        elif isinstance(value, property):
            yield f"### `{name}.{member}`\n\n{inspect.getdoc(value)}\n"


def _code(name: str, function: object) -> str:
    signature = str(inspect.signature(function))  # type: ignore[arg-type]
    return f"```\n{name}{signature}\n\n{inspect.getdoc(function)}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
