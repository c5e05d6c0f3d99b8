"""How questions are taken apart: python scripts/measure_parts.py

The questions of `eval/sets/several_parts.json` are made up; half of them ask for several things, and half have an "and" and
ask for one. Of each it is printed what becomes of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rag import embedders, models
from rag.config import DEFAULT_EMBEDDER, DEFAULT_MODEL, Config
from rag.engine.local import LocalModel
from rag.question.kind import kind_of
from rag.question.parts import parts

SET = Path(__file__).resolve().parent.parent / "eval" / "sets" / "several_parts.json"


def main() -> int:
    """Print the parts of each question, and how many are taken apart that should and should not be."""
    config = Config()
    llm = LocalModel(models.locate(DEFAULT_MODEL, "llm"), DEFAULT_MODEL, config.context, config.threads)
    embedder = embedders.load(DEFAULT_EMBEDDER)
    asked = {True: 0, False: 0}
    apart = {True: 0, False: 0}
    for row in json.loads(SET.read_text("utf-8")):
        made = parts(row["question"], kind_of(row["question"], embedder), llm)
        asked[row["several"]] += 1
        apart[row["several"]] += bool(made)
        print(f"{row['question']} → {' '.join(made) or 'one'}")
    print(
        f"of {asked[True]} that ask for several things {apart[True]} are taken apart, of {asked[False]} others {apart[False]}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
