"""NewsQA as an archive, on made-up rows in its format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.newsqa import names_something, newsqa
from index.errors import InputError


def line(doc: int, question: str, split: str = "train") -> dict[str, Any]:
    lead, rest = f"TURKU, Finland (CNN) -- Ferry {doc} sank.", f"All {doc} people were saved."
    return {"q": question, "pos": [rest], "neg": [lead], "answer": f"{doc} people", "doc": doc, "split": split}


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "newsqa.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_every_article_is_in_the_collection_and_the_held_out_split_is_asked(tmp_path: Path) -> None:
    found = newsqa(written(
        tmp_path, line(1, "Who sank in Turku?"), line(2, "Who was saved off Turku?", "dev"), line(2, "Who died?", "dev"),
    ))  # fmt: skip
    assert [a.id for a in found.articles] == ["newsqa-1", "newsqa-2"]
    assert found.articles[1].text == "TURKU, Finland (CNN) -- Ferry 2 sank.\n\nAll 2 people were saved."
    assert found.articles[0].source == "CNN" and found.articles[0].published is None
    assert [(q.question, q.golds) for q in found.quizzes] == [("Who was saved off Turku?", ("2 people",))]
    assert found.chosen.startswith("1 questions: those of splits other") and "1 that name nobody" in found.chosen


def test_every_tenth_article_is_held_out_where_all_is_training(tmp_path: Path) -> None:
    found = newsqa(written(tmp_path, *(line(n, f"How many left ferry {n}?") for n in range(1, 24, 2))))
    assert [q.id for q in found.quizzes] == ["19-10"] and len(found.articles) == 12
    assert "every tenth article" in found.chosen


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("When did she die?", False),
        ("Who was the driver?", False),
        ("What did Merkel say?", True),
        ("Who won in 2008?", True),
        ("What damaged the harbour wall during the winter storm?", True),
    ],
)
def test_which_questions_name_something(question: str, kept: bool) -> None:
    assert names_something(question) is kept


@pytest.mark.parametrize("wrong", [{"doc": "x"}, {"pos": []}, {"neg": None}, {"answer": ""}, {"q": 3}])
def test_a_row_of_another_format_is_named_by_its_line(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = written(tmp_path, line(5, "Who sank in Turku?"), line(5, "Who sank in Turku?") | wrong)
    with pytest.raises(InputError, match="line 2 is not a row of NewsQA"):
        newsqa(path)
