"""THIRD_PARTY.md says what the lock file and the registry say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.version import Version

from rag.engine.install import VERSION

ROOT = Path(__file__).parents[2]


def test_every_package_and_model_is_listed_with_its_licence() -> None:
    listed = (ROOT / "THIRD_PARTY.md").read_text("utf-8")
    locked = re.findall(r"^([\w.-]+)==([^\s+]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.M)
    assert len(locked) > 80
    for name, version in locked:
        found = re.search(rf"^\| {re.escape(name)} \| {re.escape(version)}\S* \| (.+) \|$", listed, re.M)
        assert found and found.group(1) != "not known", f"{name} {version}: run python scripts/third_party.py"
    for name in tomllib.loads((ROOT / "rag" / "registry.toml").read_text("utf-8")):
        assert f"| {name} |" in listed, name


def test_no_locked_version_has_a_known_fault() -> None:
    known = tomllib.loads((ROOT / "scripts" / "advisories.toml").read_text("utf-8"))["packages"]
    locked = dict(re.findall(r"^([\w.-]+)==([^\s+]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.M))
    locked = {name.lower().replace("_", "-"): version for name, version in locked.items()}
    locked["llama-cpp-python"] = VERSION  # the engine is built apart
    checked = 0
    for name, fault in known.items():
        if name in locked:
            assert Version(locked[name]) >= Version(fault["least"]), f"{name} {locked[name]}: {fault['why']}"
            checked += 1
    assert checked == len(known) == 20
