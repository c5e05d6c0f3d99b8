"""`rag bench index` measures what reading costs in each format that README names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fakes import Words

from eval import bench, formats
from index.reading.files import KINDS
from rag import cli

_SAME = {".markdown", ".htm", ".mht"}  # other names of a format


def test_each_format_has_its_chunks_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "_embedder", Words)
    out = tmp_path / "figures.json"
    assert cli.main(["bench", "index", "--runs", "1", "--articles", "1", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    for kind in set(KINDS) - _SAME:
        found = re.search(
            rf"^\| {re.escape(kind)} \| 1 \| (\d+) \| 1 \| [\d.]+ \| [\d.]+ \| [\d.]+ \| (\d+) \|$", shown, re.M
        )
        assert found and int(found[1]) >= 8 and int(found[2]) > 0, f"{kind}\n{shown}"
    assert '"format": ".warc.gz"' in out.read_text("utf-8")


def test_an_article_that_does_not_come_back_is_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "FORMATS", (".csv",))
    monkeypatch.setitem(formats._MANY, ".csv", lambda articles: b"text\n")
    with pytest.raises(RuntimeError, match=r"2 articles were written as \.csv, 0 were read: no article in it"):
        formats.measure(2, tmp_path)
