"""Imports point one way, and nothing names what must not be named."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
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


# The private words of an earlier tree, for what the field calls prompt injection, boilerplate, queue, library, filters …
PRIVATE_WORDS = frozenset("talk shelf line guard bodies place addressed ahead states apart furniture".split())


# A line of a text and a state of llama.cpp's memory are called so everywhere.
OF_VARIABLES = PRIVATE_WORDS - {"line", "states"}


def private_names(root: Path) -> list[str]:
    """Modules, folders, classes, functions, parameters, fields and variables that are named by a private word."""
    found = []
    for path in (p for room in sorted(ROOMS) for p in (root / room).rglob("*.py")):
        inside = path.relative_to(root)
        found += [str(inside) for part in inside.with_suffix("").parts if part in PRIVATE_WORDS]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name.lower() in PRIVATE_WORDS:
                found.append(f"{inside}: {node.name}")
            elif isinstance(node, ast.arg) and node.arg in OF_VARIABLES:
                found.append(f"{inside}: {node.arg}")
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in OF_VARIABLES:
                found.append(f"{inside}: {node.id}")
    return found


def test_names_are_the_fields() -> None:
    assert private_names(ROOT) == []


def test_a_private_name_is_found(tmp_path: Path) -> None:
    for name, text in {
        "ui/shelf.py": "",
        "rag/claims/words.py": "class Bodies: ...\ndef place(ahead): apart = 1",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert sorted(private_names(tmp_path)) == [
        "rag/claims/words.py: Bodies", "rag/claims/words.py: ahead", "rag/claims/words.py: apart",
        "rag/claims/words.py: place", "ui/shelf.py",
    ]  # fmt: skip


# Modules that may take part in a circle of imports, each with its reason.
MAY_CIRCLE: dict[str, str] = {}


def import_graph(root: Path) -> dict[str, set[str]]:
    """For each module of the four rooms the modules of them it imports, inside functions as well."""
    files = {}
    for path in (p for room in sorted(ROOMS) for p in (root / room).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{name} has a relative import, which this test does not follow"
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    named.add(inner if inner in files else str(node.module))
        graph[name] = named & set(files)
    return graph


def circle(graph: dict[str, set[str]]) -> tuple[str, ...]:
    """Modules that import each other in a ring; empty where there is no such ring."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = import_graph(ROOT)
    assert {"index.store.sqlite", "rag.engine.local", "ui.security.auth", "eval.metrics"} <= set(graph)
    assert "rag.engine.local" in graph["rag.engine.benchmark"], "imports are seen in subfolders"
    assert not (unknown := set(MAY_CIRCLE) - set(graph)), unknown
    kept = {name: named - set(MAY_CIRCLE) for name, named in graph.items() if name not in MAY_CIRCLE}
    assert not circle(kept), " → ".join(circle(kept))


def test_a_circle_closed_inside_a_function_is_found(tmp_path: Path) -> None:
    for name, text in {
        "rag/a.py": "from rag.deep import b\n",
        "rag/deep/b.py": "from rag.c import x\n",
        "rag/c.py": "def f():\n    import rag.a\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert set(circle(import_graph(tmp_path))) == {"rag.a", "rag.deep.b", "rag.c"}
    (tmp_path / "rag/c.py").write_text("")
    assert not circle(import_graph(tmp_path))


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from rag.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'faiss', 'gradio', 'transformers', 'llama_cpp'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
