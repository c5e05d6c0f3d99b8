"""`make test` and `make check` together run every test exactly once, and continuous integration calls both."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
MARKED = "main"


def pytest_calls(makefile: str, target: str) -> list[tuple[str, list[str]]]:
    """The marker expression and the folders of each call of pytest in a target's recipe."""
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)*)", makefile, re.M)
    assert recipe, f"there is no target {target}"
    calls = []
    for line in recipe[1].splitlines():
        words = shlex.split(line)
        if "pytest" not in words:
            continue
        said = words[words.index("pytest") + 1 :]
        expression = said.pop(said.index("-m") + 1) if "-m" in said else ""
        calls.append((expression, [word for word in said if word != "-m"]))
    return calls


def marked(folder: Path) -> list[str]:
    """The files of a folder in which something has the marker."""
    found = []
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        if any(isinstance(n, ast.Attribute) and ast.unparse(n) == f"pytest.mark.{MARKED}" for n in ast.walk(tree)):
            found.append(path.name)
    return found


def faults(tests: Path, makefile: str) -> list[str]:
    """Which tests the two targets leave out, or run twice."""
    runs = Counter(
        (Path(folder).name, part)
        for target in ("test", "check")
        for expression, folders in pytest_calls(makefile, target)
        for folder in folders
        for part in {"": ("main", "not main"), "main": ("main",), "not main": ("not main",)}[expression]
    )
    found = []
    for folder in sorted({path.relative_to(tests).parts[0] for path in tests.rglob("test_*.py")}):
        parts = ["not main", *(["main"] if marked(tests / folder) else [])]
        found += [f"{folder}, {part}: run {runs[folder, part]} times" for part in parts if runs[folder, part] != 1]
    return found


def test_each_test_is_run_once_by_the_two() -> None:
    assert faults(ROOT / "tests", MAKEFILE) == []


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"other/test_a.py": ""}, ["other, not main: run 0 times"]),
        (
            {"hardening/test_a.py": "import pytest\n@pytest.mark.main\ndef test(): ..."},
            ["hardening, main: run 0 times"],
        ),
        ({"test_a.py": ""}, ["test_a.py, not main: run 0 times"]),
        ({"real/test_a.py": "import pytest\npytestmark = pytest.mark.main"}, []),
    ],
)
def test_one_that_would_be_left_out_is_seen(tmp_path: Path, made: dict[str, str], said: list[str]) -> None:
    for name, text in made.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert faults(tmp_path, MAKEFILE) == said


def test_one_that_would_run_twice_is_seen(tmp_path: Path) -> None:
    (tmp_path / "unit").mkdir()
    (tmp_path / "unit" / "test_a.py").touch()
    twice = MAKEFILE.replace('-m "not main" tests/real', '-m "not main" tests/unit tests/real')
    assert faults(tmp_path, twice) == ["unit, not main: run 2 times"]


def test_the_main_path_has_its_marker() -> None:
    assert any(line.startswith(f"{MARKED}: ") for line in _pytest_settings()["markers"])
    assert "--strict-markers" in _pytest_settings()["addopts"]
    assert "test_gate.py" in marked(ROOT / "tests" / "real"), "the golden gate"
    assert marked(ROOT / "tests" / "browser"), "and a chat in the browser"


def test_continuous_integration_calls_both() -> None:
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("make ")] == ["make test", "make check"]


def _pytest_settings() -> dict[str, list[str]]:
    settings: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"][
        "ini_options"
    ]
    return settings
