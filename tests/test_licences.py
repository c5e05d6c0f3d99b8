"""THIRD_PARTY.md says what the lock file and the registry say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_package_and_model_is_listed_with_its_licence() -> None:
    listed = (ROOT / "THIRD_PARTY.md").read_text("utf-8")
    locked = re.findall(r"^([\w.-]+)==([^\s+]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.M)
    assert len(locked) > 80
    for name, version in locked:
        found = re.search(rf"^\| {re.escape(name)} \| {re.escape(version)}\S* \| (.+) \|$", listed, re.M)
        assert found and found.group(1) != "not known", f"{name} {version}: run python scripts/third_party.py"
    for name in tomllib.loads((ROOT / "rag" / "registry.toml").read_text("utf-8")):
        assert f"| {name} |" in listed, name
