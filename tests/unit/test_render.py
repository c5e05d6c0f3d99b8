"""An answer and an article as HTML: functions from data to escaped text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime

from index.types import Article, Chunk, Hit, Removed
from rag import notebook
from rag.types import Answer, Citation, EvidenceSentence, Sentence
from ui.copying import as_bibtex, as_markdown, as_page, as_plain
from ui.history import Chat, Exchange
from ui.overview import Overview, columns, overview_html
from ui.panel import article_html, hits_html, lit
from ui.rail import chats_html
from ui.render import (
    answer_html,
    evidence_html,
    held_back_html,
    refusal_html,
    sources_html,
    turn_html,
)
from ui.timeline import timeline_html

QUOTE = 'The <harbour> is "open".'
CITED = Citation(1, "a", "a#0", "T", "S", date(2022, 3, 30), "javascript:alert(1)", 0, len(QUOTE), QUOTE)
SAID = Sentence("The <b>harbour</b> is open [1].", 0, 31, (1,), 0.9, True)
ANSWER = Answer("q", "q", False, SAID.text, (SAID,), citations=(CITED,))
OTHER = replace(CITED, marker=2, article_id="b", source="R", date=date(2022, 3, 28))
ARTICLE = Article(
    "a", "T", "S", date(2022, 3, 30), "stated", "javascript:alert(1)", (), f"{QUOTE}\n\nIt <closed> later.\n\nEnd."
)


def test_everything_from_articles_and_models_is_escaped() -> None:
    page = turn_html(Exchange("<q>", ANSWER.as_dict(), note="<i>note</i>", limits={"source": "<u>S</u>"}), 0)
    assert not re.search(r"<(harbour|u>|q>)", page) and "<i>note" not in page and "&lt;harbour&gt;" in page
    page += article_html(replace(ARTICLE, title="<h1>", removed=(Removed(1, "<br>", "<why>"),)))
    page += overview_html(Overview(1, {date(2022, 3, 30): 1}, {"<s>": 1}, [("<n>", 1)], [("k", "<x>")]))
    page += chats_html([(Chat("0" * 32, (Exchange("<x>"),), "<em>"), datetime(2022, 3, 30))], "", date(2022, 3, 30))
    page += hits_html([Hit(Chunk("a#0", "a", 0, 0, 9, "<em>"), ARTICLE, 0.0, 1, None, None)], "<em>")
    page += as_page(Chat("0" * 32, (Exchange("<em>", ANSWER.as_dict()),)))
    assert "javascript:" not in page
    assert not re.search(r"<(h1>|br|why|s>|n>|x>|em)", page.replace("<h1>&lt;em", ""))


def test_a_weakly_supported_sentence_looks_different() -> None:
    page = turn_html(Exchange("q", ANSWER.as_dict()), 0)
    assert "weak" not in page and "Every sentence has its quote" in page
    weak = replace(ANSWER, sentences=(replace(SAID, support=0.3, supported=False, doubt="<b>"),)).as_dict()
    page = turn_html(Exchange("q", weak), 0)
    assert 'class="weak"' in page and "1 sentence may be wrong" in page and "Every sentence has its quote" not in page
    assert 'title="not sure: &lt;b&gt;"' in page, "it says what is doubtful"


def test_a_refusal_looks_different_and_offers_what_is_near() -> None:
    refused = replace(ANSWER, abstained=True, reason="<no> article", citations=(), sentences=(), near=(ARTICLE,))
    page = refusal_html(refused.as_dict())
    assert "Your articles don’t say.</h3><p>&lt;no&gt; article.</p>" in page
    assert 'data-article="a"' in page and "S, 30 March 2022" in page


def test_a_greeting_is_no_refusal() -> None:
    page = turn_html(
        Exchange("hello", replace(ANSWER, abstained=True, text="Hello <you>!", sentences=(), citations=()).as_dict()), 0
    )
    assert "<p>Hello &lt;you&gt;!</p>" in page and "don’t say" not in page


def test_a_quote_lights_the_shortest_answer() -> None:
    lit = replace(CITED, exact=(18, 22))
    assert 'The &lt;harbour&gt; is &quot;<b class="exact">open</b>&quot;.' in sources_html(
        replace(ANSWER, citations=(lit,)).as_dict()
    )
    cites = re.findall(r'data-cites="(.*?)"', turn_html(Exchange("q", replace(ANSWER, citations=(lit,)).as_dict()), 0))
    assert "&quot;exact&quot;: [18, 22]" in cites[0], "and the page knows where in the article"


def test_what_several_articles_say_stands_side_by_side_in_order_of_day() -> None:
    first = replace(SAID, text="S (30 March 2022) writes: It is open [1].", supported=False)
    second = Sentence("R (28 March 2022): It is shut [2].", 32, 66, (2,), 0.9, True)
    page = answer_html(replace(ANSWER, sentences=(first, second), citations=(CITED, OTHER)).as_dict())
    assert re.findall(r"<time>(.*?)</time>", page) == ["28 Mar 2022", "30 Mar 2022"]
    assert re.findall(r'class="from">(.*?)<', page) == ["R", "S"]
    assert "writes:" not in page and ">It is <span" in page
    same = replace(OTHER, article_id="a")
    assert "stmt" not in answer_html(replace(ANSWER, sentences=(first, second), citations=(CITED, same)).as_dict())


def test_the_parts_of_a_question_are_answered_in_one_paragraph_and_what_one_lacks_is_said() -> None:
    second = Sentence("It is shut [2].", 32, 47, (2,), 0.9, True)
    whole = replace(ANSWER, sentences=(SAID, second), citations=(CITED, OTHER))
    assert "stmt" not in answer_html(whole.as_dict()) and "don’t say" not in answer_html(whole.as_dict())
    lacking = replace(whole, lacking=("Who pays for <it>?",)).as_dict()
    assert "Your articles don’t say: “Who pays for &lt;it&gt;?”" in answer_html(lacking)
    assert "Who pays for &lt;it&gt;?" in notebook.html(lacking)


def test_a_source_is_one_line_that_unfolds_to_the_quote_and_many_are_folded_together() -> None:
    page = sources_html(ANSWER.as_dict())
    assert page.count("<summary>") == 1 and "<b>S</b>" in page and "&lt;harbour&gt;" in page
    many = replace(ANSWER, citations=(CITED, OTHER, replace(CITED, marker=3)))
    assert "3 quotes from 2 articles" in sources_html(many.as_dict()) and not sources_html(
        replace(ANSWER, citations=()).as_dict()
    )


def test_what_was_held_back_is_told_by_number_and_marked_as_not_supported() -> None:
    dropped = replace(SAID, text="It <sank>.", why="the number 10 is not in the evidence")
    page = held_back_html(replace(ANSWER, dropped=(dropped,)).as_dict())
    assert "1 draft sentence was held back" in page and "<s>It &lt;sank&gt;.</s>" in page
    assert "Not supported: the number 10 is not in the evidence." in page and not held_back_html(ANSWER.as_dict())


def test_the_timeline_goes_by_day_and_each_point_has_its_quote() -> None:
    later = replace(CITED, marker=3, start=4, quote="<harbour>")
    page = timeline_html(replace(ANSWER, citations=(later, CITED, OTHER)).as_dict())
    assert re.findall(r"<small>(\d.*?)</small>", page) == ["28 Mar", "30 Mar"] and page.count("dot on") == 2
    points = page[page.index('class="points"') :]
    assert re.findall(r"<b>(.*?)</b><small>(.*?)</small>", points) == [("28 March 2022", "R"), ("30 March 2022", "S")]
    assert re.findall(r'data-article="(.)" data-start="(\d)".*?>“(.*?)”<', points) == [
        ("b", "0", "The &lt;harbour&gt; is &quot;open&quot;."),
        ("a", "0", "The &lt;harbour&gt; is &quot;open&quot;."),
        ("a", "4", "&lt;harbour&gt;"),
    ]
    assert timeline_html(ANSWER.as_dict()) == ""


def test_what_changed_since_a_day_stands_on_a_line_of_days() -> None:
    second = Sentence("It is shut [2].", 32, 47, (2,), 0.9, True)
    both = replace(ANSWER, sentences=(SAID, second), citations=(CITED, OTHER))
    page = answer_html(
        replace(both, standalone_question="What has changed since 29 March 2022 at the harbour?").as_dict()
    )
    assert re.findall(r"<time>(.*?)</time>", page) == ["28 Mar 2022", "30 Mar 2022"]
    assert re.findall(r'class="gap"><i>(.*?)<', page) == ["2 days"]
    assert "stmt" not in answer_html(replace(both, standalone_question="Is the harbour open?").as_dict())


def test_an_answer_is_copied_with_its_citations() -> None:
    answer = replace(ANSWER, citations=(replace(CITED, url="https://a.example/x_1"),)).as_dict()
    plain, bibtex = as_plain("Is it open?", answer), as_bibtex(answer)
    assert plain.startswith("Is it open?\n\nThe <b>harbour</b>") and f"[1] “{QUOTE}” S, 30 March 2022: T" in plain
    assert "[^1]: “" in as_markdown("Is it open?", answer)
    assert bibtex.startswith("@article{s2022-1,\n  title = {T},") and r"https://a.example/x\_1" in bibtex
    assert as_bibtex(replace(ANSWER, citations=()).as_dict()) == ""


def test_lit_words_are_exactly_the_spans_also_over_paragraphs() -> None:
    start = ARTICLE.text.index("It")
    page = article_html(ARTICLE, (start, len(ARTICLE.text)), [(0, len(QUOTE)), (2, 1), (-5, 10**9)])
    assert re.findall(r'<mark class="current">(.*?)</mark>', page) == ["It &lt;closed&gt; later.", "End."]
    assert re.findall(r'<mark class="other">(.*?)</mark>', page)[0] == "The &lt;harbour&gt; is &quot;open&quot;."
    assert "<mark" not in article_html(ARTICLE)


def test_a_title_is_shown_once_unless_it_is_what_is_cited() -> None:
    titled = replace(ARTICLE, title="Harbour shut", text="Harbour shut\n\nIt closed.")
    assert article_html(titled).count("Harbour shut") == 1 and "It closed." in article_html(titled)
    assert article_html(titled, (0, 12)).count("Harbour shut") == 2


def test_a_search_shows_the_words_that_match_lit_with_the_text_around_them() -> None:
    text = "Nothing of note. " * 30 + "The harbours of Turku were closed by ice. " + "And so on. " * 30
    page = lit(text, "Which harbour was closed?")
    assert (
        "<mark>harbours</mark>" in page
        and "<mark>closed</mark>" in page
        and page.startswith("… ")
        and page.endswith(" …")
    )
    assert "<mark>" not in lit(text, "zebra") and len(lit(text, "zebra")) < 300


def test_the_first_view_tells_what_is_in_the_collection() -> None:
    days = {date(2022, 3, 13): 1, date(2022, 3, 30): 3}
    page = overview_html(
        Overview(5, days, {"S": 4, None: 1}, [("Ann Lee", 2)], [("One fact", "Who won?")], [("Turku", 3)])
    )
    assert "your 5 articles" in page and "5 articles, 13 to 30 March 2022" in page and "No source given" in page
    assert 'data-ask="Who won?"' in page and 'data-ask="What did Ann Lee say?"' in page
    assert "30 March 2022: 3 articles" in page and 'data-ask="Summarise the news on Turku"' in page
    long = columns({date(2000, 1, 1): 1, date(2022, 3, 30): 2})
    assert len(long) <= 40 and sum(count for *_, count in long) == 3 and long[-1][1] == date(2022, 3, 30)
    assert "There are no articles yet." in overview_html(Overview(0, {}, {}))


def test_chats_stand_under_the_day_they_were_last_used_on() -> None:
    chats = [(Chat(c * 32, (Exchange("q"),)), datetime(2026, 11, d)) for c, d in (("a", 25), ("b", 24), ("c", 2))]
    page = chats_html(chats, "b" * 32, date(2026, 11, 25))
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["Today", "Yesterday", "2 November"]
    assert page.count("aria-current") == 1 and "Your chats will be listed here." in chats_html([], "", date(2026, 1, 1))


def test_the_nearest_evidence_is_escaped_and_says_that_it_is_no_answer_yet() -> None:
    article = Article("a", None, "The <i>Post</i>", date(2022, 3, 30), "stated", None, (), "A <b>ferry</b> sank.")
    shown = evidence_html(EvidenceSentence(article, "a#0", 0, 20, article.text))
    assert "<b>" not in shown and "<i>" not in shown and "A &lt;b&gt;ferry&lt;/b&gt; sank." in shown
    assert "Nearest so far: The &lt;i&gt;Post&lt;/i&gt;, 30 March 2022" in shown
