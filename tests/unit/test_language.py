"""A question in another language is noticed, and one in English, however short or full of names, never."""

from __future__ import annotations

import json

import pytest

from eval.golden import DEFAULT
from rag.language import is_foreign


@pytest.mark.parametrize(
    "question",
    [
        "Wer ist der Chefunterhändler Russlands?", "Qui est le négociateur en chef de la Russie ?", "Kuka on Venäjän pääneuvottelija?",
        "¿Qué dijo Peskov sobre las conversaciones?", "Chi è il capo negoziatore della Russia?", "Кто возглавляет российскую делегацию?",
        "ロシアの首席交渉官は誰ですか", "من هو كبير المفاوضين الروس؟", "Kto jest głównym negocjatorem Rosji?",
    ],
)  # fmt: skip
def test_another_language_is_noticed(question: str) -> None:
    assert is_foreign(question)


def test_no_english_question_is_taken_for_another_language() -> None:
    asked = [json.loads(line)["question"] for line in DEFAULT.read_text("utf-8").splitlines() if line.strip()]
    short = [
        "Peskov?",
        "hi",
        "thanks",
        "And in Istanbul?",
        "Volodymyr Zelenskyy Bakhmut",
        "Who is Luiz Inácio Lula da Silva?",
    ]
    assert len(asked) > 200 and [q for q in [*asked, *short] if is_foreign(q)] == []
