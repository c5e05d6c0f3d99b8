"""After set-up nothing leaves the machine: every way of using it, with connections to anywhere else forbidden."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from conftest import ROOT, served

from rag.config import seeds


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where connections to elsewhere are written down, in every Python that is started."""
    (tmp_path / "site").mkdir()
    shutil.copy(ROOT / "tests" / "offline.py", tmp_path / "site" / "sitecustomize.py")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}{os.pathsep}{ROOT}")
    monkeypatch.setenv("RAG_OFFLINE_LOG", str(tmp_path / "connections"))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "GRADIO_ANALYTICS_ENABLED"):
        monkeypatch.delenv(name, raising=False)  # it must not depend on how somebody has set up their machine
    return tmp_path / "connections"


def rag(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rag.cli", *args], capture_output=True, text=True, cwd=ROOT, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_watch_sees_what_it_should(offline: Path) -> None:
    for code in (
        "import urllib.request; urllib.request.urlopen('http://203.0.113.7/', timeout=5)",
        "import socket; socket.create_connection(('news.example', 80), timeout=5)",
        "import httpx; httpx.get('https://news.example/')",
    ):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode and "no network here" in done.stderr
    assert len(offline.read_text().splitlines()) >= 3


def test_nothing_is_fetched_or_sent(offline: Path, tmp_path: Path) -> None:
    index = ["--index", str(tmp_path / "ix")]
    small = ["--model", "smollm2-135m"]
    assert rag("index", str(seeds()), *index).startswith("5 articles")
    assert "Medinsky" in rag("search", "Medinsky", *index)
    assert json.loads(rag("ask", "How long did the talks in Istanbul last?", "--json", *small, *index))["model"]
    rag("eval", "--sample", "2", "--kind", "single", "--out", str(tmp_path / "out"), *small)
    assert "ok" in rag("doctor", *small, *index)
    with served(*small, *index, "--mcp") as url, httpx.Client(base_url=url, timeout=300) as web:
        assert web.get("/").status_code == 200
        call = web.post(
            "gradio_api/call/ask", json={"data": ["How long did the talks in Istanbul last?", "", "", "", ""]}
        ).json()
        said = web.get(f"gradio_api/call/ask/{call['event_id']}").text
        assert "event: complete" in said, said
    assert not offline.exists(), offline.read_text()
