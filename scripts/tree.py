"""The tree in CONTRIBUTING.md, made from the first line of each file's docstring: python scripts/tree.py"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
ROOMS = ("index", "rag", "ui", "eval", "scripts")
BEGIN, END = "<!-- tree: python scripts/tree.py -->\n```\n", "```\n<!-- end of tree -->"


def lines() -> Iterator[str]:
    """The tree, a line a folder and a line a file."""
    for room in ROOMS:
        yield from _folder(ROOT / room, "")


def _folder(folder: Path, indent: str) -> Iterator[str]:
    start = folder / "__init__.py"
    yield _line(f"{indent}{folder.name}/", _about(start) if start.exists() else "")
    for path in sorted(folder.glob("*.py")):
        if path != start:
            yield _line(f"{indent}  {path.name}", _about(path))
    for inner in sorted(p for p in folder.iterdir() if p.is_dir() and any(p.glob("*.py"))):
        yield from _folder(inner, indent + "  ")


def _about(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return re.split(r"(?<=[.!?]) |: python scripts", " ".join(said.split("\n\n")[0].split()))[0]


def _line(name: str, about: str) -> str:
    return f"{name:24} {about}".rstrip()


def page() -> str:
    """CONTRIBUTING.md with the tree as it is now."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(lines()) + "\n" + END + after


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
