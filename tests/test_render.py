"""An answer as HTML: functions from data to escaped text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from rag.types import Answer, Citation, Sentence
from ui.render import answer_html, sources_html

QUOTE = 'The <harbour> is "open".'
CITED = Citation(1, "a", "a#0", "T", "S", date(2022, 3, 30), "javascript:alert(1)", 0, len(QUOTE), QUOTE)
SAID = Sentence("The <b>harbour</b> is open [1].", 0, 31, (1,), 0.9, True)
ANSWER = Answer("q", "q", False, SAID.text, (SAID,), citations=(CITED,))


def test_everything_from_articles_and_models_is_escaped() -> None:
    page = answer_html(ANSWER) + sources_html(ANSWER.citations)
    assert "<b>" not in page and "<harbour>" not in page and "&lt;harbour&gt;" in page
    assert "javascript:" not in page and 'class="chip"' in page


def test_a_weakly_supported_sentence_looks_different() -> None:
    assert "weak" not in answer_html(ANSWER)
    weak = answer_html(replace(ANSWER, sentences=(replace(SAID, support=0.3, supported=False),)))
    assert 'class="weak"' in weak and "0.30" in weak


def test_a_refusal_looks_different() -> None:
    refused = Answer("q", "q", True, "The articles do not say: <no>.")
    assert answer_html(refused) == '<p class="refusal">The articles do not say: &lt;no&gt;.</p>'
