"""An answer and an article as HTML: functions from data to escaped text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from index.types import Article, Removed
from rag.types import Answer, Citation, EvidenceSentence, Sentence
from ui.history import Exchange
from ui.panel import article_html
from ui.render import answer_html, evidence_html, exchange_html, refusal_html, timeline_html

QUOTE = 'The <harbour> is "open".'
CITED = Citation(1, "a", "a#0", "T", "S", date(2022, 3, 30), "javascript:alert(1)", 0, len(QUOTE), QUOTE)
SAID = Sentence("The <b>harbour</b> is open [1].", 0, 31, (1,), 0.9, True)
ANSWER = Answer("q", "q", False, SAID.text, (SAID,), citations=(CITED,))
OTHER = replace(CITED, marker=2, article_id="b", source="R", date=date(2022, 3, 28))
ARTICLE = Article(
    "a", "T", "S", date(2022, 3, 30), "stated", "javascript:alert(1)", (), f"{QUOTE}\n\nIt <closed> later.\n\nEnd."
)


def test_everything_from_articles_and_models_is_escaped() -> None:
    page = exchange_html(Exchange("q", ANSWER.as_dict(), note="<i>note</i>", limits={"source": "<u>S</u>"}))
    assert not re.search(r"<(b|harbour|i|u)>", page) and "&lt;harbour&gt;" in page
    page += article_html(replace(ARTICLE, title="<h1>", removed=(Removed(1, "<br>", "<why>"),)))
    assert "javascript:" not in page and "<h1>" not in page and "<br>" not in page and "<why>" not in page


def test_a_weakly_supported_sentence_looks_different() -> None:
    assert "weak" not in answer_html(ANSWER.as_dict())
    weak = answer_html(replace(ANSWER, sentences=(replace(SAID, support=0.3, supported=False),)).as_dict())
    assert 'class="weak"' in weak and "0.30" in weak


def test_a_refusal_looks_different_and_offers_what_is_near() -> None:
    refused = replace(ANSWER, abstained=True, reason="<no>", citations=(), sentences=(), near=(ARTICLE,))
    page = refusal_html(refused.as_dict())
    assert page.startswith('<div class="refusal"><p>The articles do not say: &lt;no&gt;.')
    assert 'data-article="a"' in page and "S, 30 March 2022" in page


def test_what_several_articles_say_stands_side_by_side_with_who_and_when() -> None:
    second = Sentence("It is shut [2].", 32, 47, (2,), 0.9, True)
    page = answer_html(replace(ANSWER, sentences=(SAID, second), citations=(CITED, OTHER)).as_dict())
    assert re.findall(r"<figcaption>(.*?)</figcaption>", page) == ["S, 30 March 2022", "R, 28 March 2022"]
    headed = replace(SAID, text="S (30 March 2022) writes: It is open [1].", supported=False)
    page = answer_html(replace(ANSWER, sentences=(headed, second), citations=(CITED, OTHER)).as_dict())
    assert "writes:" not in page and ">It is open <button" in page
    same = replace(OTHER, article_id="a")
    assert "<figure>" not in answer_html(replace(ANSWER, sentences=(SAID, second), citations=(CITED, same)).as_dict())


def test_the_timeline_goes_by_day_and_lights_what_is_cited() -> None:
    page = timeline_html(replace(ANSWER, citations=(CITED, OTHER)).as_dict())
    assert re.findall(r"<small>(.*?)</small>", page) == ["28 Mar", "30 Mar"] and page.count("dot cited") == 2
    assert timeline_html(ANSWER.as_dict()) == ""


def test_lit_words_are_exactly_the_spans_also_over_paragraphs() -> None:
    start = ARTICLE.text.index("It")
    page = article_html(ARTICLE, (start, len(ARTICLE.text)), [(0, len(QUOTE)), (2, 1), (-5, 10**9)])
    assert re.findall(r'<mark class="current">(.*?)</mark>', page) == ["It &lt;closed&gt; later.", "End."]
    assert re.findall(r'<mark class="other">(.*?)</mark>', page)[0] == "The &lt;harbour&gt; is &quot;open&quot;."
    assert "<mark" not in article_html(ARTICLE)


def test_the_nearest_evidence_is_escaped_and_says_that_it_is_no_answer_yet() -> None:
    article = Article("a", None, "The <i>Post</i>", date(2022, 3, 30), "stated", None, (), "A <b>ferry</b> sank.")
    shown = evidence_html(EvidenceSentence(article, "a#0", 0, 20, article.text))
    assert "<b>" not in shown and "<i>" not in shown and "A &lt;b&gt;ferry&lt;/b&gt; sank." in shown
    assert "Nearest so far: The &lt;i&gt;Post&lt;/i&gt;, 30 March 2022" in shown
