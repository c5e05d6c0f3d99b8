"""Eight readers and two writers at once, each in its own process: every look shows one state."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import crowd
from conftest import ROOT, SOAK

from index.store.writer import write

SECONDS = 120 if SOAK else 6


def test_readers_see_whole_states_while_two_write(tmp_path: Path) -> None:
    write(tmp_path / "ix", crowd.articles(1), crowd.embedder())
    parts = ["write"] * 2 + ["read"] * 8
    processes = [
        subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "crowd.py"), part, str(tmp_path / "ix"), str(SECONDS), str(n)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n, part in enumerate(parts)
    ]  # fmt: skip
    said: list[dict[str, Any]] = []
    for process in processes:
        out, err = process.communicate(timeout=SECONDS + 120)
        assert process.returncode == 0, err
        said.append(json.loads(out))
    assert not [s["error"] for s in said if "error" in s]
    writes, reads = [s.get("writes", 0) for s in said[:2]], [s["reads"] for s in said[2:]]
    assert sum(writes) >= 5 and min(reads) >= 3 and max(s["states"] for s in said[2:]) >= 3
    print(f"{sum(writes)} writes by two, {sum(reads)} reads by eight, in {SECONDS} s")
