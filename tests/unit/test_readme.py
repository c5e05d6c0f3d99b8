"""What README says can be run, and the files it lists are there; its Python runs in `tests/real/test_readme_python.py`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from index.reading.files import KINDS
from rag.cli import parse
from scripts import tree

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^rag (.+?)\s*(?:#.*)?$", README, re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command: str) -> None:
    assert parse(shlex.split(command)).run


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"^make ([a-z]+)", README, re.M)) <= targets


def test_the_tree_is_what_the_files_say() -> None:
    assert tree.page() == tree.PAGE.read_text("utf-8"), "run python scripts/tree.py"
    named = re.findall(r"^ *(\w+\.py)(.*)$", tree.PAGE.read_text("utf-8"), re.M)
    assert len(named) > 80 and all(about.strip() for _, about in named)


def test_links_to_files_hold() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_formats_are_those_that_are_read() -> None:
    told = README.partition("## Your own articles")[2].partition("articles.toml")[0] + "`.jsonl`"
    assert "or use\n`.jsonl`" in README
    other_names = {".markdown", ".htm", ".mht"}
    assert set(re.findall(r"`(\.[a-z.]+)`", told)) == set(KINDS) - other_names


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_no_figure_is_left_open() -> None:
    for name in ("README.md", "eval/README.md"):
        assert not re.search(r"\b(?:SPEED_|EVAL_SUMMARY|GOLDEN_TABLE|MEASURED_ON)", (ROOT / name).read_text("utf-8"))
