"""How many weekdays get a day, and how many of those the right one, over labelled mentions.

    python scripts/measure_days.py LABELS.jsonl ARTICLES.jsonl

A line of LABELS: `article` (an id of ARTICLES), `start` and `end` of the weekday in its text, `published`, `day` (the right
one, null where it is none or nobody can tell), `after_its_date` (the page was written over after the day it bears), `part`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path

from index.text.dates import mentions


def main(labels: str, articles: str) -> int:
    """Print a line for each part and one for all."""
    texts = {a["id"]: a["text"] for a in map(json.loads, Path(articles).read_text("utf-8").splitlines())}
    counts: dict[str, Counter[str]] = {}
    for label in map(json.loads, Path(labels).read_text("utf-8").splitlines()):
        found = mentions(texts[label["article"]], date.fromisoformat(label["published"]))
        day = next((str(m.day) for m in found if m.start <= label["start"] < m.end), None)
        kinds = ["mentions"]
        kinds += ["a day"] if label["day"] else []
        kinds += ["resolved"] if day else []
        kinds += ["right"] if day and day == label["day"] else []
        kinds += ["wrong, page newer than its date"] if day and day != label["day"] and label["after_its_date"] else []
        for part in (label["part"], "all"):
            counts.setdefault(part, Counter()).update(kinds)
    for part, c in sorted(counts.items()):
        print(f"{part}: right {c['right'] / max(c['resolved'], 1):.3f} of resolved; {dict(c)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
