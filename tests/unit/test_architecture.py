"""Imports point one way, and nothing names what must not be named."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {"index": {"index"}, "rag": {"index", "rag"}, "ui": {"index", "rag", "ui"}, "eval": {"index", "rag", "eval"}}
ROOMS = set(ALLOWED)
COMMANDS = {"chat": {"ui"}, "password": {"ui"}, "eval": {"eval"}, "bench": {"eval"}}  # what each may import, besides


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names & ROOMS


@pytest.mark.parametrize(
    "path", sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_imports_point_one_way(path: Path) -> None:
    inside = path.relative_to(ROOT)
    allowed = ALLOWED[inside.parts[0]]
    if inside.parent == Path("rag/commands"):
        allowed = allowed | COMMANDS.get(inside.stem, set())
    assert imported(path) <= allowed


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from rag.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'faiss', 'gradio', 'transformers', 'llama_cpp'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
