"""How follow-ups are rewritten: python scripts/measure_rewrites.py

The 32 conversations of `eval/sets/follow_ups.json` are made up. Of each follow-up it is printed what it becomes; counted are
those that are seen to lean on the conversation at all, and those whose rewriting names what it has to name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rag import models
from rag.config import DEFAULT_MODEL, Config
from rag.engine.local import LocalModel
from rag.question.rewrite import leans_on_history, standalone
from rag.types import Turn

SET = Path(__file__).resolve().parent.parent / "eval" / "sets" / "follow_ups.json"


def main() -> int:
    """Print each rewriting, and the two counts."""
    config = Config()
    llm = LocalModel(models.locate(DEFAULT_MODEL, "llm"), DEFAULT_MODEL, config.context, config.threads)
    rows = json.loads(SET.read_text("utf-8"))
    leaning = named = 0
    for row in rows:
        turns: list[Turn] = [
            {"role": "assistant" if n % 2 else "user", "content": text} for n, text in enumerate(row["turns"])
        ]
        made = standalone(row["question"], turns, llm)
        has = all(any(name.lower() in made.lower() for name in names) for names in row["names"])
        leaning, named = leaning + leans_on_history(row["question"]), named + has
        print("names it   " if has else "names it not", f"{row['question']} → {made}")
    print(f"{len(rows)} follow-ups: {leaning} seen to be one, {named} rewritten with what they have to name")
    return 0


if __name__ == "__main__":
    sys.exit(main())
