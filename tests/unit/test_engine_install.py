"""Which build of the engine is kept: the first that works, and never one that only loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from index.errors import RagError
from rag.engine import install

ROOT = Path(__file__).parents[2]
PLANS = [("clang", {"CC": "clang"}), ("gcc", {})]


class Machine:
    """A machine on which builds succeed or fail, and run or crash, as told."""

    def __init__(self, patch: pytest.MonkeyPatch, home: Path, built: set[str], runs: set[str]) -> None:
        self.built, self.runs = built, runs
        self.compiled: list[str] = []
        self.there = ""
        self.said: list[str] = []
        patch.setenv("RAG_HOME", str(home))
        patch.setattr(install, "plans", lambda: PLANS)
        patch.setattr(install, "build", self.build)
        patch.setattr(install, "_pip", lambda *arguments: setattr(self, "there", Path(arguments[-1]).stem))
        patch.setattr(install, "installed", lambda: install.VERSION if self.there else "")

    def build(self, folder: Path, flags: dict[str, str], tell: install.Tell) -> Path | None:
        name = "clang" if flags else "gcc"
        self.compiled.append(name)
        if name not in self.built:
            return None
        folder.mkdir(parents=True)
        wheel = folder / f"{name}.whl"
        wheel.touch()
        return wheel

    def works(self) -> tuple[bool, str]:
        return self.there in self.runs, f"{self.there} tried"

    def set_up(self) -> str:
        return install.install(self.works, self.said.append)


def test_a_build_that_crashes_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(monkeypatch, tmp_path, {"clang", "gcc"}, {"gcc"})
    assert machine.set_up() == "gcc tried"
    assert machine.compiled == ["clang", "gcc"]


def test_the_second_time_nothing_is_built_or_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(monkeypatch, tmp_path, {"clang"}, {"clang"})
    machine.set_up()
    machine.said.clear()
    assert machine.set_up() == "clang tried"
    assert machine.compiled == ["clang"] and machine.said == []


def test_a_second_environment_takes_the_kept_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(monkeypatch, tmp_path, {"clang"}, {"clang"})
    machine.set_up()
    machine.there = ""
    assert machine.set_up() == "clang tried" and machine.compiled == ["clang"]


def test_where_no_build_works_the_error_names_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = Machine(monkeypatch, tmp_path, {"gcc"}, set())
    with pytest.raises(RagError, match=r"clang: the build failed, see .*build\.log; gcc: gcc tried.*rag setup"):
        machine.set_up()


def test_pyproject_names_the_same_version() -> None:
    named = re.search(r'^engine = \["llama-cpp-python==(.+)"\]', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    assert named and named[1] == install.VERSION
