"""Drafts for fitting the verifier: public questions with known answers, asked of the program itself.

    python scripts/verifier_candidates.py DATA OUT [--questions N] [--shard K/OF] [--threads N]

DATA holds `newsqa.jsonl`, `realtimeqa.jsonl`, `squad2_half.jsonl` and `squadshifts_new_wiki.jsonl`: a row is a question `q`, passages that answer
it (`pos`) or do not (`neg`), and its `answer` (null where nothing answers it). Their passages become one collection;
each question is asked of it, and one in five with every passage that holds its answer taken away. OUT gets the
collection, its index and `candidates-K.jsonl`, a draft a line: its signals, and whether it is right, where that can be
told. Asking goes on where it was stopped; several shards may ask at the same time once the index is made. Only questions
that the reader has not learned from are asked (`held_out`), because on those it has it is surer than it is anywhere else; and of
NewsQA's held-out articles every second, because `rag eval --suite newsqa` asks about the others.

A string says less than a person would: of the drafts that do not name the known answer, about a third of the likeliest ones
were right when read, in other words or for another year's quiz. So a draft counts as wrong only where it has none or few of the
answer's words, the answer is short, and the question is not about "this week"; else it is left out.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import zlib
from collections import defaultdict
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from eval.metrics import contains
from index.build import build
from index.search import search
from index.text.words import content
from rag import embedders, evidence
from rag.assistant import Rag
from rag.calibration import CALIBRATION
from rag.config import DEFAULT_EMBEDDER, Config
from rag.question.understand import understand
from rag.reader import reader
from rag.reading import holds, unknown_names
from rag.run import Run
from rag.types import Event, Filters

Made = TypeVar("Made")
READ, TRIES = 3, 2  # enough for a right and a wrong draft of most questions
_LONG = 4  # words of an answer, beyond which other words may well say the same
_HALF = 0.5  # of its words, from which a draft may be right
_NOW = re.compile(
    r"\b(?:(?:this|last|past) (?:week|month|year|weekend|summer|spring|fall|winter)|recent\w*|latest|just|new|now|current\w*|today|this)\b",
    re.I,
)
_TENTH = 10
_WITHHELD = 0.2
_EACH = {"newsqa": 4, "squad2": 75, "shift": 80}  # questions of an article, of each kind of SQuAD 2's, of SQuADShifts


@dataclass(frozen=True)
class Asked:
    """A question, its known answer (None where nothing answers it), and the articles that hold it.

    Attributes:
        withheld: whether what holds the answer is taken away before it is asked.
        day: when it was asked; nothing published later is searched.
    """

    id: str
    question: str
    answer: str | None
    articles: tuple[str, ...]
    withheld: bool = False
    day: date | None = None


def held_out(key: object, one_in: int = 10) -> bool:
    """Whether what has this key is for measuring, not for the reader to learn from."""
    return zlib.crc32(str(key).encode()) % one_in == 0


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of the training data."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def names_something(question: str) -> bool:
    """Whether a question can be understood without its article: it has a name, a number, or five longer words."""
    return bool(re.search(r"(?<!^)\b[A-Z]\w+|\d", question)) or len(re.findall(r"\w{4,}", question)) >= 5


def collection(data: Path, draw: random.Random) -> tuple[list[dict[str, Any]], list[Asked]]:
    """The articles that the passages make, and the questions about them, in a fixed random order."""
    articles, asked = list[dict[str, Any]](), list[Asked]()
    for part in (newsqa(data, draw), realtimeqa(data, draw), squad2(data, draw), shifts(data, draw)):
        articles += part[0]
        asked += part[1]
    draw.shuffle(asked)
    return articles, [_withheld(a, draw) for a in asked]


def _withheld(asked: Asked, draw: random.Random) -> Asked:
    withheld = bool(asked.answer) and draw.random() < _WITHHELD
    return replace(asked, withheld=withheld)


def newsqa(data: Path, draw: random.Random) -> tuple[list[dict[str, Any]], list[Asked]]:
    """People's questions on CNN articles, every tenth of which is asked about."""
    texts, mine = defaultdict[Any, dict[str, None]](dict), defaultdict[Any, list[Asked]](list)
    given = rows(data / "newsqa.jsonl")
    asked_about = set(sorted({row["doc"] for row in given})[_TENTH // 2 - 1 :: _TENTH])
    for n, row in enumerate(given):
        texts[row["doc"]].update(dict.fromkeys([*row["pos"], *row["neg"]]))
        if row["doc"] in asked_about and names_something(row["q"]):
            mine[row["doc"]].append(Asked(f"newsqa-{n}", row["q"], row["answer"], (f"newsqa-{row['doc']}",)))
    articles = [{"id": f"newsqa-{doc}", "source": "CNN", "text": "\n\n".join(t)} for doc, t in texts.items()]
    return articles, [a for some in mine.values() for a in draw.sample(some, min(_EACH["newsqa"], len(some)))]


def day(row: dict[str, Any]) -> date:
    """The day of a row of RealTimeQA."""
    return date.fromisoformat(str(row["date"])[:10].replace("/", "-"))


def realtimeqa(data: Path, draw: random.Random) -> tuple[list[dict[str, Any]], list[Asked]]:
    """A weekly news quiz; only rows whose passage clearly holds the answer."""
    clear = [r for r in rows(data / "realtimeqa.jsonl") if r["pos"] and r["pos_ov"][0] >= 0.4 and not r["short"]]
    draw.shuffle(clear)
    texts, days = defaultdict[str, dict[str, None]](dict), dict[str, str]()
    for row in clear:
        titled = [*zip(row["pos"], row["pos_title"], strict=True), *zip(row["neg"], row["neg_title"], strict=True)]
        for text, title in titled:
            texts[title][text] = None
            days.setdefault(title, day(row).isoformat())
    ids = {title: f"realtimeqa-{n}" for n, title in enumerate(texts)}
    articles = [
        {"id": ids[t], "title": t[:150], "source": "news", "date": days[t], "text": "\n\n".join(texts[t])} for t in ids
    ]
    asked = [
        Asked(f"realtimeqa-{n}", row["q"], row["answer"], tuple(ids[t] for t in row["pos_title"]), day=day(row))
        for n, row in enumerate(clear)
        if held_out(row["date"]) and not _NOW.search(row["q"])  # another week's article may answer it, too
    ]
    return articles, asked


def squad2(data: Path, draw: random.Random) -> tuple[list[dict[str, Any]], list[Asked]]:
    """Questions on Wikipedia, most of them written so that their paragraph does not answer them."""
    given = rows(data / "squad2_half.jsonl")
    ids = {ctx: f"squad2-{n}" for n, ctx in enumerate(dict.fromkeys(row["ctx"] for row in given))}
    titles = {row["ctx"]: row.get("title") or "" for row in given}
    articles = [{"id": ids[c], "title": titles[c], "source": "reference", "text": c} for c in ids]
    held = [row for row in given if held_out(titles[row["ctx"]] or row["q"])]
    silent, answered = [r for r in held if r["answer"] is None], [r for r in held if r["answer"]]
    chosen = [*draw.sample(silent, _EACH["squad2"]), *draw.sample(answered, _EACH["squad2"])]
    return articles, [Asked(f"squad2-{n}", r["q"], r["answer"], (ids[r["ctx"]],)) for n, r in enumerate(chosen)]


def shifts(data: Path, draw: random.Random) -> tuple[list[dict[str, Any]], list[Asked]]:
    """Questions on newer Wikipedia articles."""
    held = [row for row in rows(data / "squadshifts_new_wiki.jsonl") if held_out(row["title"]) and row["answer"]]
    ids = {ctx: f"shift-{n}" for n, ctx in enumerate(dict.fromkeys(row["ctx"] for row in held))}
    titles = {row["ctx"]: row["title"].replace("_", " ") for row in held}
    articles = [{"id": ids[c], "title": titles[c], "source": "reference", "text": c} for c in ids]
    chosen = draw.sample(held, _EACH["shift"])
    return articles, [Asked(f"shift-{n}", r["q"], r["answer"], (ids[r["ctx"]],)) for n, r in enumerate(chosen)]


def is_right(answer: str | None, text: str, question: str) -> bool | None:
    """Whether a draft is right, by its words; None where they do not tell."""
    if not answer:
        return False
    wanted = content(answer) - content(question)
    if contains(text, answer) or (wanted and wanted <= content(text)):
        return True
    share = len(wanted & content(text)) / len(wanted) if wanted else _HALF
    return None if share >= _HALF or len(wanted) > _LONG else False


def _result(steps: Generator[Event, None, Made]) -> Made:
    """Take all steps of something, and give what it gives."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made


def candidates(rag: Rag, asked: Asked) -> Iterator[dict[str, Any]]:
    """The checked drafts of one question, each with whether it is right."""
    assert rag.llm
    run = Run(asked.question, rag.embedder, rag.llm, rag.config)
    question = understand(asked.question, (), Filters(as_of=asked.day), None, run.llm, run.embedder)
    hits = search(rag.store, rag.embedder, question.text, rag.config.candidates, as_of=asked.day)
    if asked.withheld:
        assert asked.answer
        there = {h.article.id for h in hits if contains(h.article.text, asked.answer)} | set(asked.articles)
        hits = [h for h in hits if h.article.id not in there]
    found = evidence.passages(hits, question.text, rag.embedder, question.period, reader=reader())
    found = [p for p in found if not evidence.cannot_tell(p, question.period)]
    if not found or question.kind != "fact":
        return
    run.unknown = len(unknown_names(question.text, rag.store.knows))
    _result(run.read_passages(question, rag.llm, found[:READ]))
    for passage in [p for p in run.read[:TRIES] if holds(p, run.unknown) >= CALIBRATION.worth]:
        exact = _result(run.shortest(question, rag.llm, passage))
        _result(run.draft(question, rag.llm, passage, exact))
    run.weigh_rivals(question)
    for draft in run.drafts:
        assert draft.signals
        text = draft.attributed.text
        yield {
            "question": asked.question,
            "answer": asked.answer,
            "article": asked.articles[0],
            "text": text,
            "passage": draft.passage.text,
            "exact": draft.exact,
            "problems": draft.attributed.problems,
            "right": is_right(asked.answer, text, asked.question),
            "signals": asdict(draft.signals),
        }


def main() -> int:
    """Make the collection, ask, and keep what comes."""
    parser = argparse.ArgumentParser(description="Make drafts for fitting the verifier.")
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder with newsqa.jsonl and the others")
    parser.add_argument("out", type=Path, metavar="OUT", help="where the collection and the drafts go")
    parser.add_argument("--questions", type=int, default=2000, metavar="N", help="how many are asked (default: 2000)")
    parser.add_argument("--shard", default="1/1", metavar="K/OF", help="ask only every OFth of them, from the Kth on")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the language model")
    options = parser.parse_args()
    shard, of = map(int, options.shard.split("/"))
    articles, asked = collection(options.data, random.Random(5))
    folder: Path = options.out / "articles"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "articles.jsonl").write_text("".join(json.dumps(a) + "\n" for a in articles), "utf-8")
    build(options.out / "index", [folder], embedders.load(DEFAULT_EMBEDDER))
    kept: Path = options.out / f"candidates-{shard}.jsonl"
    done = {row["id"] for row in rows(kept)} if kept.exists() else set()
    asked = asked[: options.questions][shard - 1 :: of]
    with (
        Rag.open(options.out / "index", config=Config(stop_early=False, threads=options.threads)) as rag,
        kept.open("a", encoding="utf-8") as file,
    ):
        for n, one in enumerate(asked, 1):
            if one.id not in done:
                lines = [json.dumps({"id": one.id} | c) + "\n" for c in candidates(rag, one)]
                file.write("".join(lines) or json.dumps({"id": one.id}) + "\n")
                file.flush()
            sys.stderr.write(f"\r{n} of {len(asked)} questions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
