"""How many quotations get a speaker, and how many of those the right one, over labelled quotations.

    python scripts/measure_speakers.py LABELS.jsonl ARTICLES.jsonl

A line of LABELS: `article` (an id of ARTICLES), `start` and `end` of what stands in quotation marks in its text, `speaker`
(null where no person is named who says it), `part`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from index.types import Article
from rag.people import quoted
from rag.quotes import in_article


def main(labels: str, articles: str, show: bool = False) -> int:
    """Print a line for each part and one for all."""
    texts = {a["id"]: a["text"] for a in map(json.loads, Path(articles).read_text("utf-8").splitlines())}
    counts: dict[str, Counter[str]] = {}
    for label in map(json.loads, Path(labels).read_text("utf-8").splitlines()):
        article = Article(label["article"], None, None, None, "", None, (), texts[label["article"]])
        given = speakers(article, label["start"], label["end"])
        right = bool(given) and all(_same(name, label["speaker"]) for name in given)
        kinds = ["quotations", *(["a speaker"] if label["speaker"] else [])]
        kinds += ["given"] if given else []
        kinds += ["right"] if right else []
        for part in (label["part"], "all"):
            counts.setdefault(part, Counter()).update(kinds)
        if show and not right and (given or label["speaker"]):
            words = " ".join(article.text[max(0, label["start"] - 150) : label["end"] + 100].split())
            print(f"{label['speaker']} | {', '.join(sorted(given)) or '-'} | {words}\n")
    for part, c in sorted(counts.items()):
        print(f"{part}: right {c['right'] / max(c['given'], 1):.3f} of those given; {dict(c)}")
    return 0


def speakers(article: Article, start: int, end: int) -> set[str]:
    """Those whom `rag people` knows in an article and `rag quotes` has say what stands there in quotation marks."""
    return {
        person.name
        for person in quoted([article])
        if any(q.direct and q.start < end and start < q.end for q in in_article(article, person.name))
    }


def _same(name: str, speaker: str | None) -> bool:
    return bool(speaker) and name.split()[-1] in str(speaker).split()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3], show="--show" in sys.argv))
