"""README's Python runs, with the real default model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT

from rag import assistant

README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.real
def test_the_python_in_it_runs(
    seeds_index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(assistant, "default_index", lambda: seeds_index)
    monkeypatch.setattr(assistant, "_default", None)
    for code in re.findall(r"```python\n(.*?)```", README, re.S):
        exec(compile(code, "README", "exec"), {})
    shown = capsys.readouterr().out
    assert "Vladimir Medinsky" in shown and "False" in shown and re.search(r"^answer \S.*\[1\]", shown, re.M)
