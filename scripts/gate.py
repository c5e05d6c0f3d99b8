"""Measure the gate's samples and write `eval/gate.toml` anew: python scripts/gate.py [seeds] [archive] [--results FILE]

It asks the real default model the sample of each set that is named, or of all (some ten seconds a question on two
cores), and makes the limits of what it measured: one answer more may be lost than `lost` says before the gate fails.
With the `results.jsonl` of a `rag eval` over the one set that is named, nothing is asked again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eval import golden
from eval.golden import GoldenQuestion
from eval.record import read_results
from eval.run import Collections, run, summarise
from rag.config import DEFAULT_MODEL, Config

PAGE = Path(golden.__file__).parent / "gate.toml"
HEAD = """\
# Limits for the samples of the golden sets that `make test` asks of the real default model; made by scripts/gate.py.
# As many answers as `lost` says may move with another machine's arithmetic, or do harm, and the gate holds; one more,
# and it does not (tests/unit/test_gate_limits.py). A figure that could fall to nothing within that has no limit here.
"""
_PRECISION = 0.14  # by which citation precision may fall
Gate = dict[str, Any]
Row = dict[str, Any]


def main(names: list[str], results: Path | None = None) -> None:
    """Measure the sets that are named, or all, and write the page."""
    gates: dict[str, Gate] = tomllib.loads(PAGE.read_text("utf-8"))
    for name in names or list(gates):
        asked = questions(name, gates[name])
        figures = summarise(kept(asked, results) if results else answered(asked))
        if figures["errors"]:
            raise SystemExit(f"{name}: {figures['errors']} questions ended in an error; nothing is written.")
        means = {key: round(value["mean"], 3) for key, value in figures["overall"].items() if value}
        if missing := set(gates[name]["figures"]) - set(means):
            raise SystemExit(f"{name}: {', '.join(missing)} could not be measured; nothing is written.")
        gates[name] = limited(gates[name], means, asked) | {"day": date.today()}
        print(f"{name}: {gates[name]['measured']}")
    PAGE.write_text(page(gates), "utf-8")


def answered(asked: list[GoldenQuestion]) -> list[Row]:
    """What the default model answers to these questions now."""
    with tempfile.TemporaryDirectory() as folder:
        return run(asked, Collections(DEFAULT_MODEL, Config()), Path(folder) / "run")


def kept(asked: list[GoldenQuestion], results: Path) -> list[Row]:
    """What a finished run has for these questions."""
    rows = {row["id"]: row for row in read_results(results)}
    if missing := [question.id for question in asked if question.id not in rows]:
        raise SystemExit(f"{results} has no answer to {', '.join(missing)}; ask the whole set with `rag eval`.")
    return [rows[question.id] for question in asked]


def questions(name: str, gate: Gate) -> list[GoldenQuestion]:
    """The sample of a set, always the same."""
    return golden.sample(golden.load(golden.QUESTIONS[name]), gate["sample"])


def limited(gate: Gate, means: dict[str, float], asked: list[GoldenQuestion]) -> Gate:
    """A gate with what was measured, and the limits half an answer beyond what may be lost.

    A figure whose floor would be 0 is left out, because such a limit cannot fail.

    Args:
        gate: `sample`, `lost`, and `figures`, the names of those that it holds.
        means: of every figure.
    """
    due = sum(question.refuse == "must" for question in asked)
    half = gate["lost"] + 0.5
    room = {"harm": half / len(asked), "correctness": half / len(asked), "citation_precision": _PRECISION}
    if due:
        room["refusal_recall"] = half / due
    floors = {name: round(means[name] - room.get(name, 0.0), 3) for name in gate["figures"] if name != "harm"}
    floors = {name: floor for name, floor in floors.items() if floor > 0}
    ceilings = {"harm": round(means["harm"] + room["harm"], 3)}
    figures = [name for name in gate["figures"] if name in floors or name in ceilings]
    measured = {name: means[name] for name in figures}
    return gate | {"figures": figures, "measured": measured, "ceilings": ceilings, "floors": floors}


def page(gates: dict[str, Gate]) -> str:
    """The gates as TOML."""
    lines = [HEAD]
    for name, gate in gates.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {value}" for key, value in gate.items() if key in ("sample", "lost", "day")]
        lines.append("figures = [" + ", ".join(f'"{figure}"' for figure in gate["figures"]) + "]\n")
        for part in ("measured", "ceilings", "floors"):
            if part in gate:
                lines += [f"[{name}.{part}]", *(f"{key} = {value}" for key, value in gate[part].items()), ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="SET")
    parser.add_argument("--results", type=Path, metavar="FILE")
    given = parser.parse_args()
    main(given.names, given.results)
