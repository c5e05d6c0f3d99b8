"""Write THIRD_PARTY.md: the licence of every package in the lock file and of every model."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "THIRD_PARTY.md"
# Packages whose metadata name no licence in words; what their own licence file says.
_LOOKED_UP = {"axe-playwright-python": "MIT"}


def main() -> int:
    """Write the file; 1 where a package's licence is not known."""
    rows, unknown = [], []
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        found = re.match(r"([\w.-]+)==(\S+)", line)
        if not found:
            continue
        name, version = found.groups()
        licence = licence_of(name)
        if not licence:
            unknown.append(name)
        rows.append(f"| {name} | {version} | {licence or 'not known'} |")
    rows.append(f"| llama-cpp-python | see rag/engine/install.py | {licence_of('llama-cpp-python')} |")
    models = tomllib.loads((ROOT / "rag" / "registry.toml").read_text("utf-8"))
    kept = [f"| {name} | {m.get('licence', '')} |" for name, m in models.items() if isinstance(m, dict)]
    TARGET.write_text(
        "# Third-party software and models\n\nMade by `python scripts/third_party.py` from the installed packages' own metadata.\n\n"
        "| package | version | licence |\n|---|---|---|\n" + "\n".join(sorted(rows, key=str.lower)) + "\n\n"
        "| model | licence |\n|---|---|\n" + "\n".join(kept) + "\n\n"
        "| font, in ui/static/fonts | licence |\n|---|---|\n| Inter | OFL-1.1 |\n| Source Serif 4 | OFL-1.1 |\n",
        "utf-8",
    )
    if unknown:
        print(f"No licence is known of: {', '.join(unknown)}", file=sys.stderr)
    return 1 if unknown else 0


def licence_of(name: str) -> str:
    """The licence a package states: its expression, its classifiers, or its own words."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return ""
    if stated := about.get("License-Expression"):
        return stated
    classified = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    classified = [c for c in classified if c != "OSI Approved"]
    if classified:
        return ", ".join(classified)
    words = (about.get("License") or "").strip().splitlines()
    return words[0][:60] if words else _LOOKED_UP.get(name, "")


if __name__ == "__main__":
    sys.exit(main())
