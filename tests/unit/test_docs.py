"""The pages about the project name files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "eval/README.md",
    *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md")),
]
NAMED = re.compile(r"`((?:index|rag|ui|eval|tests|scripts|docs)/[\w./-]*)`")


def missing(page: Path, root: Path) -> list[str]:
    """The files and links of a page that are not there."""
    text = page.read_text("utf-8")
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    gone = [name for name in NAMED.findall(text) if not (root / name).exists()]
    return gone + [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_files_that_a_page_names_are_there(page: str) -> None:
    assert not missing(ROOT / page, ROOT)


def test_a_name_and_a_link_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`tests/gone.py`, `tests/here.py`, [a](other.md), [b](page.md#part), [c](https://example.org)", "utf-8"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/here.py").touch()
    assert missing(page, tmp_path) == ["tests/gone.py", "other.md"]
