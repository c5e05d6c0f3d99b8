"""What README says can be run, and the files it lists are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from rag.cli import parse

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^rag (.+?)\s*(?:#.*)?$", README, re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command: str) -> None:
    assert parse(shlex.split(command)).run


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"^make ([a-z]+)", README, re.M)) <= targets


def test_every_module_is_in_the_tree_and_every_file_of_the_tree_exists() -> None:
    tree = README.split("## Where things are")[1].split("```")[1]
    named = set(re.findall(r"\b(\w+\.py)\b", tree))
    there = {p.name for room in ("index", "rag") for p in (ROOT / room).glob("*.py")} - {"__init__.py"}
    assert there <= named, there - named
    assert named <= there | {p.name for room in ("ui", "eval", "scripts") for p in (ROOT / room).glob("*.py")}


def test_the_python_call_runs_without_a_model(seeds_index: Path) -> None:
    code = README.split("```python\n")[1].split("```")[0]
    assert "from rag import Rag, answer" in code
    compile(code, "README", "exec")


def test_links_to_files_hold() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_no_figure_is_left_open() -> None:
    for name in ("README.md", "eval/README.md"):
        assert not re.search(r"\b(?:SPEED_|EVAL_SUMMARY|GOLDEN_TABLE|MEASURED_ON)", (ROOT / name).read_text("utf-8"))
