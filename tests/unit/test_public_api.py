"""What `rag` offers to Python: its names, what they show, and the page that describes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

import rag
from index.types import Article, Chunk, Hit
from rag import Answer, Citation, Passage, Sentence
from rag.types import EvidenceSentence
from scripts import python_docs

TEXT = "The ferry <b>sank</b> on Monday. " * 4_000
ARTICLE = Article("a1", "Ferry *sinks*", "The Port Times", date(2024, 5, 6), "stated", None, (), TEXT)
QUOTE = TEXT[:32].strip()


def made(**changes: object) -> Answer:
    said = EvidenceSentence(ARTICLE, "a1#0", 0, len(QUOTE), QUOTE)
    passage = Passage(ARTICLE, "a1#0", 0, len(TEXT), TEXT, TEXT, 0.9, 0.8, (said,))
    cited = Citation(1, "a1", "a1#0", ARTICLE.title, ARTICLE.source, ARTICLE.published, None, 0, len(QUOTE), QUOTE)
    sentences = (Sentence("It <b>sank</b> [1].", 0, 19, (1,), 0.2, False),)
    whole = Answer(
        "What sank?", "What sank?", False, "It <b>sank</b> [1].", sentences, (), (cited,), (passage,) * 30
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_the_names_are_these() -> None:
    errors = "CollectionError EngineCrashed EngineDied IndexBusy IndexDamaged IndexMissing InputError ModelError ModelMissing RagError"
    values = "Answer Article Citation CollectionInfo Config Event Hit IndexReport Passage Person Quote Rag Sentence Turn answer"
    assert sorted(rag.__all__) == sorted([*errors.split(), *values.split()]) == dir(rag)
    assert all(getattr(rag, name).__doc__ for name in rag.__all__)
    assert all(issubclass(getattr(rag, name), rag.RagError) for name in errors.split())


def test_a_repr_is_a_screen_at_most() -> None:
    hit = Hit(Chunk("a1#0", "a1", 0, 0, len(TEXT), TEXT), ARTICLE, 0.9, 1)
    for shown in (made(), made().passages[0], ARTICLE, hit):
        assert len(repr(shown)) < 1_500 and repr(shown).count("\n") < 24
    assert "The Port Times, 2024-05-06" in repr(made()) and "What sank?" in repr(made())


def test_a_notebook_shows_answer_marks_and_citations_and_runs_nothing() -> None:
    page, text = made()._repr_html_(), made()._repr_markdown_()
    assert "<b>" not in page and "<b>" not in text
    assert "not sure" in page and "not sure" in text
    assert '<li value="1">The Port Times, 2024-05-06, Ferry *sinks*: <q>' in page and "Ferry \\*sinks\\*" in text
    refused = made(abstained=True, text="The articles do not say: <i>no</i>.", sentences=(), citations=())
    assert refused._repr_html_() == "<p><em>The articles do not say: &lt;i&gt;no&lt;/i&gt;.</em></p>"


def test_a_link_in_an_article_is_no_link_in_a_notebook() -> None:
    shown = made(text="See [the form](javascript:alert(1)).")._repr_markdown_()
    assert "\\[the form\\](" in shown and "[the form](" not in shown


def test_the_page_of_the_public_surface_is_what_the_docstrings_say() -> None:
    assert python_docs.page() == python_docs.PAGE.read_text("utf-8"), "run python scripts/python_docs.py"


def test_indexing_needs_a_folder() -> None:
    with pytest.raises(rag.InputError, match="No folder is named"):
        rag.Rag.index()
