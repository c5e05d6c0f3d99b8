"""NewsQA as an archive: questions that people wrote about CNN articles, asked over all the articles at once.

The file holds a question a line, as {q, pos, neg, answer, doc, split}: `pos` are the passages that answer it, `neg`
other passages of the same article `doc` (Trischler et al., 2017). The writers of the questions had one article in front
of them, so some ask "When did she die?", which nobody could answer over a whole archive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.quizzes import Quiz, read_lines
from index.errors import InputError
from index.text.words import terms
from index.types import RawArticle

_TENTH = 10
_FEW = 4  # content words; a question with fewer, and no name and no number, fits any article


@dataclass(frozen=True)
class Archive:
    """The articles, the questions that are asked of them, and how the questions were chosen, in words."""

    quizzes: list[Quiz]
    articles: list[RawArticle]
    chosen: str


def newsqa(path: Path) -> Archive:
    """All articles of a file as one collection, and the held-out questions.

    Held out are those of every split but "train" or, if there is no other split, those about every tenth article of the
    file, in the order of their numbers. Left out are questions that name nobody and nothing: no capitalised word after
    the first word, no number, and fewer than four content words.

    Raises:
        InputError: the file is not in this format, or no question is left.
    """
    rows = [_checked(row, number, path) for number, row in enumerate(read_lines(path), 1)]
    asked = [(n, row) for n, row in enumerate(rows, 1) if row.get("split", "train") != "train"]
    how = 'those of splits other than "train"'
    if not asked:
        held_out = set(sorted({row["doc"] for row in rows})[_TENTH - 1 :: _TENTH])
        asked = [(n, row) for n, row in enumerate(rows, 1) if row["doc"] in held_out]
        how = "those about every tenth article, because every row is of the training split"
    quizzes = [
        Quiz(f"{row['doc']}-{n}", row["q"], (row["answer"],), None) for n, row in asked if names_something(row["q"])
    ]
    if not quizzes:
        raise InputError(f"{path} holds no question to ask.", "Name a NewsQA file with one JSON object a line.")
    out = len(asked) - len(quizzes)
    chosen = f"{len(quizzes)} questions: {how}; {out} that name nobody and nothing are left out"
    return Archive(quizzes, _articles(rows, path), chosen)


def names_something(question: str) -> bool:
    """Whether a question can be understood without its article: a name, a number or four content words."""
    words = re.findall(r"[\w'’-]+", question)
    named = any(word[0].isupper() and word not in ("I", "I'm") for word in words[1:])
    return named or any(c.isdigit() for c in question) or len(terms(question)) >= _FEW


def _articles(rows: list[dict[str, Any]], path: Path) -> list[RawArticle]:
    """Each article put together from its passages, each once; the one with the dateline first."""
    passages: dict[int, dict[str, None]] = {}
    for row in rows:
        passages.setdefault(row["doc"], {}).update(dict.fromkeys([*row["pos"], *row["neg"]]))
    return [
        RawArticle(
            id=f"newsqa-{doc}",
            text="\n\n".join(sorted(kept, key=lambda passage: "(CNN)" not in passage[:60])),
            path=f"{path}#{doc}",
            source="CNN",
        )
        for doc, kept in sorted(passages.items())
    ]


def _checked(row: dict[str, Any], number: int, path: Path) -> dict[str, Any]:
    texts = [row.get("q"), row.get("answer"), *_list(row.get("pos")), *_list(row.get("neg"))]
    if not isinstance(row.get("doc"), int) or not row.get("pos") or not all(isinstance(t, str) and t for t in texts):
        raise InputError(
            f"{path} line {number} is not a row of NewsQA.",
            "It needs q, answer, pos and neg as texts and doc as a number.",
        )
    return row


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]
