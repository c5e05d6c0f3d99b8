"""How many of "last week", "this year", "last fall" get their days, and how many of those the right ones, over labelled mentions.

    python scripts/measure_stretches.py LABELS.jsonl ARTICLES.jsonl

A line of LABELS: `article` (an id of ARTICLES), `start` and `end` of the words in its text, `published`, `first` and `last` (the
right days, null where the words mean no days of the calendar or nobody can tell), `part`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path

from index.text.stretches import stretches


def main(labels: str, articles: str) -> int:
    """Print each one that is wrong, a line for each part and one for all."""
    texts = {a["id"]: a["text"] for a in map(json.loads, Path(articles).read_text("utf-8").splitlines())}
    counts: dict[str, Counter[str]] = {}
    for label in map(json.loads, Path(labels).read_text("utf-8").splitlines()):
        text = texts[label["article"]]
        found = stretches(text, date.fromisoformat(label["published"]))
        days = next(
            ([str(s.first), str(s.last)] for s in found if s.start < label["end"] and label["start"] < s.end), None
        )
        right = [label["first"], label["last"]] if label["first"] else None
        counts.setdefault(label["part"], Counter()).update(
            {
                "mentions": 1,
                "can be said": right is not None,
                "resolved": days is not None,
                "right": bool(days) and days == right,
            }
        )
        if days != right:
            words = " ".join(text[max(0, label["start"] - 120) : label["end"] + 60].split())
            print(f"{'wrong' if days else 'left'}: {days or ''} for {right}, {label['published']}: {words}")
    for part, c in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        print(
            f"{part}: right {c['right'] / max(c['resolved'], 1):.3f} of resolved, "
            f"resolved {c['right'] / max(c['can be said'], 1):.3f} rightly of what can be said; {dict(c)}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
