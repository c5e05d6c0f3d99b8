"""Every number that shapes an answer stands in one place, says where it comes from, and counts in Config.id."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.calibration import RETRIEVAL, Retrieval
from rag import calibration
from rag.calibration import CALIBRATION, Calibration
from rag.config import Config
from scripts import fit_verifier

ROOT = Path(__file__).parents[2]
# Rooms in which an answer is made. The engine and the commands measure machines, not answers.
FILES = sorted(
    p
    for p in [
        *(ROOT / "rag").glob("*.py"),
        *(ROOT / "rag" / "claims").glob("*.py"),
        *(ROOT / "rag" / "question").glob("*.py"),
        *(ROOT / "index" / name for name in ("search.py", "versions.py", "text/chunks.py", "text/fragments.py")),
    ]
    if p.name != "calibration.py"
)


def bare_numbers(source: str) -> Iterator[tuple[int, float]]:
    """Fractions that are compared, added, multiplied or given by name, or kept under a name; a million is bytes, no score."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.BinOp):
            parts = [node.left, node.right]
        elif isinstance(node, ast.keyword):
            parts = [node.value]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and node in tree.body:
            parts = list(ast.walk(node.value))  # type: ignore[arg-type]
        else:
            continue
        for part in parts:
            part = part.operand if isinstance(part, ast.UnaryOp) else part
            if (
                isinstance(part, ast.Constant)
                and isinstance(part.value, float)
                and part.value not in (0.0, 1.0)
                and part.value < 1e6
            ):
                yield part.lineno, part.value


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_weight_or_threshold_stands_elsewhere(path: Path) -> None:
    assert not list(bare_numbers(path.read_text("utf-8")))


def test_the_search_for_bare_numbers_finds_them() -> None:
    source = "X = 0.3\ndef f(a):\n    if a > 0.5: return a * 2.5 - -0.7\n    return max(a, default=-9.5)\n"
    assert sorted(value for _, value in bare_numbers(source)) == [0.3, 0.5, 0.7, 2.5, 9.5]


@pytest.mark.parametrize("numbers", [CALIBRATION, RETRIEVAL], ids=lambda n: type(n).__name__)
def test_each_says_what_it_does_and_where_it_comes_from(numbers: Calibration | Retrieval) -> None:
    for field in dataclasses.fields(numbers):
        check_about(numbers.about(field.name))


def check_about(about: dict[str, str]) -> None:
    """What it does, the data and the command: all three are said."""
    assert set(about) == {"does", "on", "by"} and all(about.values())


def test_another_number_is_another_config(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Config().id
    monkeypatch.setattr(calibration, "CALIBRATION", dataclasses.replace(CALIBRATION, worth=0.21))
    assert Config().id != before
    monkeypatch.undo()
    assert Config().id == before
    monkeypatch.setattr(calibration, "RETRIEVAL", dataclasses.replace(RETRIEVAL, depth=50))
    assert Config().id != before
    monkeypatch.undo()
    assert Config(threads=1, gpu_layers=0, worker=True).id == Config().id


def test_what_is_fitted_is_written_into_the_calibration(tmp_path: Path) -> None:
    source = (ROOT / "rag" / "calibration.py").read_text("utf-8")
    fitted = {"verifier": (("bias", -9.0), ("right", 0.5)), "verifier_best": (("right", 1.5),), "usual_pmi": -2.25}
    for name, value in fitted.items():
        source = fit_verifier.rewritten(source, name, value)
    (tmp_path / "written.py").write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location("written", tmp_path / "written.py")
    assert spec is not None and spec.loader is not None
    written = importlib.util.module_from_spec(spec)
    sys.modules["written"] = written  # where dataclasses looks for the types of its fields
    spec.loader.exec_module(written)
    changed = {
        field.name: getattr(written.CALIBRATION, field.name)
        for field in dataclasses.fields(CALIBRATION)
        if getattr(written.CALIBRATION, field.name) != getattr(CALIBRATION, field.name)
    }
    assert changed == fitted, "these and no others"
    with pytest.raises(SystemExit, match="0 fields are called nothing"):
        fit_verifier.rewritten(source, "nothing", 1.0)
