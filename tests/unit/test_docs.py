"""The pages about the project name files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fuzz import TARGETS

from index.reading.files import KINDS

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


def test_each_reader_has_its_row_among_the_tests() -> None:
    table = (ROOT / "docs/trust.md").read_text("utf-8").partition("## Each reader")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| `")]
    told = [kind for row in rows for kind in re.findall(r"`(\.[a-z.]+)`", row[1])]
    assert sorted(told) == sorted(KINDS)
    for row in rows:
        target = re.search(r"`(\w+)`", row[4])
        assert target and target[1] in TARGETS and row[3].strip(), row


CONNECTS = re.compile(r"^\s*(?:import|from) (?:httpx|openai|pymilvus|requests|aiohttp|socket|huggingface_hub|urllib\.request|http\.client)\b", re.M)  # fmt: skip
TOLD = {
    "index/fetch.py": "rag articles add",  # for `index.pages`, whose users the test below holds
    "index/store/milvus.py": "--uri",
    "rag/engine/remote.py": "--llm-url",
    "rag/models.py": "rag models fetch",
    "eval/serve.py": "",  # `rag bench serve` asks the chat that it started on this machine
}


def test_readme_and_security_name_what_each_module_that_can_connect_is_for() -> None:
    able = {
        str(path.relative_to(ROOT))
        for room in ("index", "rag", "ui", "eval")
        for path in (ROOT / room).rglob("*.py")
        if CONNECTS.search(path.read_text("utf-8"))
    }
    assert able == set(TOLD)
    for page in ("README.md", "SECURITY.md"):
        text = " ".join((ROOT / page).read_text("utf-8").split())
        missing = [words for words in (*TOLD.values(), "rag setup") if words not in text]
        assert not missing, (page, missing)


@pytest.mark.parametrize("line", ["import httpx", "    from pymilvus import MilvusClient", "import urllib.request"])
def test_an_import_that_can_connect_is_seen(line: str) -> None:
    assert CONNECTS.search(f"import re\n{line}\n") and not CONNECTS.search("from urllib.parse import urlsplit\n")


def test_readme_and_security_name_whatever_connects() -> None:
    """Pages and feeds are fetched through `index.pages` alone; each of its users is named where people look."""
    users = {
        str(path.relative_to(ROOT))
        for room in ("rag", "ui", "eval")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"^\s*from index import .*\bpages\b|\bindex\.(?:pages|fetch)\b.*import|import index\.(?:pages|fetch)", path.read_text("utf-8"), re.M)
    }  # fmt: skip
    told = {
        "rag/commands/articles.py": "rag articles add",
        "rag/commands/feed.py": "rag feed add",
        "ui/adding.py": "Add articles",
    }
    assert users == set(told)
    for page in ("README.md", "SECURITY.md"):
        text = " ".join((ROOT / page).read_text("utf-8").split())
        assert all(words in text for words in told.values()) and "`rag feed" in text, page
