"""The path of a question through `Rag`: answers and refusals, with a model that follows a script.

`test_path_follow_ups.py` has conversations, `test_path_events.py` what happens on the way: events, stopping, errors, how much is read.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fakes import Rule, Words, news
from invented import (
    ANSWERING,
    BRIEFLY,
    HOLDS,
    NEWS,
    RESCUED,
    RIGHT,
    SHORTEST,
    SINKING,
    WRITES,
    Asking,
    drafted,
    holds_to_the_letter,
    model,
)  # fmt: skip

from index.build import build
from rag.calibration import CALIBRATION

# ---- answers --------------------------------------------------------------------------


def test_an_answer_and_its_citations(asking: Asking) -> None:
    rag = asking(
        Rule(("Aurora sank", HOLDS), 4.0), Rule(HOLDS, -5.0),
        Rule(("Aurora sank", WRITES), RESCUED), Rule(("Aurora sank", SHORTEST), "212"), Rule(RIGHT, 5.0),
    )  # fmt: skip
    answer = rag.answer(SINKING)
    assert answer.text == "All 212 passengers were rescued by the coast guard [1]."
    (cited,) = answer.citations
    assert (cited.marker, cited.article_id, cited.source, cited.date) == (1, "sinking", "Reuters", date(2024, 3, 4))
    assert cited.quote == RESCUED
    assert cited.exact and cited.quote[slice(*cited.exact)] == "212", "the shortest answer in the quoted words"
    holds_to_the_letter(answer, rag)
    (sentence,) = answer.sentences
    assert sentence.supported and sentence.support > 0.5 and sentence.sources == 1 and not sentence.doubt
    assert not answer.abstained and answer.dropped == () and answer.reason == ""
    assert (answer.model, answer.config_id, answer.as_of) == ("scripted", rag.config.id, date(2024, 5, 2))
    assert answer.standalone_question == answer.question == SINKING
    assert [p.relevance for p in answer.passages] == [4.0, -5.0, -5.0]
    for written in model(rag).prompts("write"):
        assert "Passage (Reuters, Monday 4 March 2024):\n" in written and "on Sunday (3 March)" in written
    assert answer.tokens["generated"] == len(RESCUED.split()) + len(["212"])


def test_a_statement_of_two_sentences_cites_both(asking: Asking) -> None:
    rag = asking(
        Rule(("Aurora sank", HOLDS), 4.0), Rule(HOLDS, -5.0), Rule(RIGHT, 5.0),
        Rule(WRITES, "The ferry Aurora sank off Turku, and all 212 passengers were rescued."),
    )  # fmt: skip
    answer = rag.answer("What happened to the ferry Aurora and its passengers?")
    assert [c.quote for c in answer.citations] == ["The ferry Aurora sank off Turku on Sunday.", RESCUED]
    assert answer.text.endswith("were rescued [1][2].")
    holds_to_the_letter(answer, rag)


@pytest.mark.parametrize(
    ("alone", "cited"), [(1.0, [RESCUED]), (-1.0, [RESCUED, "The ferry Aurora sank off Turku on Sunday."])]
)
def test_what_adds_nothing_to_an_answer_is_not_cited(asking: Asking, alone: float, cited: list[str]) -> None:
    rag = asking(
        Rule(lambda p: RIGHT in p and "Aurora sank" not in p, alone), Rule(RIGHT, 5.0),
        Rule(("Aurora sank", HOLDS), 4.0), Rule(HOLDS, -5.0),
        Rule(WRITES, "All 212 passengers of the ferry Aurora were rescued off Turku by the coast guard."),
    )  # fmt: skip
    answer = rag.answer("How many passengers of the ferry Aurora were rescued off Turku?")
    assert [c.quote for c in answer.citations] == cited
    holds_to_the_letter(answer, rag)


def test_drafts_are_tried_one_after_the_other_until_one_is_decisive(asking: Asking) -> None:
    rag = asking(
        Rule(("ferry Aurora", HOLDS), 3.0),
        Rule((WRITES, "Juhani Salo"), "The valve had frozen."), Rule("Proposed answer: The valve had frozen.", -6.0),
        Rule((WRITES, "Aurora sank"), "Captain Elina Saari said that a valve had failed."), Rule(RIGHT, 6.0),
    )  # fmt: skip
    answer = rag.answer("What was said about the valve of the ferry Aurora?")
    assert answer.text == "Captain Elina Saari said that a valve had failed [1]."
    owner, sinking = drafted(rag)
    assert "Juhani Salo" in owner and "Aurora sank" in sinking, "and the inquiry, which is third, is not tried"
    (left_out,) = answer.dropped
    assert left_out.text == "The valve had frozen." and left_out.why and not left_out.supported
    holds_to_the_letter(answer, rag)


def test_a_number_that_no_article_has_is_never_told(asking: Asking) -> None:
    """Where the passage has the shortest answer word for word, that sentence is quoted; otherwise it is refused."""
    rules = [
        Rule(("Aurora sank", HOLDS), 2.5), Rule(HOLDS, -5.0), Rule(RIGHT, 5.0),
        Rule(WRITES, "212 passengers were rescued and 9 were lost."),
    ]  # fmt: skip
    rag = asking(Rule(("Aurora sank", SHORTEST), "212 passengers"), *rules)
    answer = rag.answer(SINKING)
    assert answer.text == "Reuters (4 March 2024) writes: All 212 passengers were rescued by the coast guard [1]."
    assert [s.why for s in answer.dropped] == ["the number 9 is not in the evidence"]
    holds_to_the_letter(answer, rag)

    answer = asking(*rules).answer(SINKING)
    assert answer.abstained and "9" not in answer.text
    assert [s.why for s in answer.dropped] == ["the number 9 is not in the evidence"]


def test_the_likeliest_draft_is_the_answer_and_not_the_first(asking: Asking) -> None:
    rag = asking(
        Rule(("ferry Aurora", HOLDS), 3.0),
        Rule((WRITES, "Juhani Salo"), "The owner said that the valve was new."), Rule("said that the valve was new.", 0.0),
        Rule((WRITES, "Pekka Lahti"), "The ferry was safe when it left Turku."), Rule("safe when it left Turku.\nIs", -2.0),
        Rule((WRITES, "Aurora sank"), "A valve had failed, the captain said."),
        Rule(("Aurora sank", SHORTEST), "a valve had failed"), Rule(RIGHT, 2.0),
    )  # fmt: skip
    answer = rag.answer("What was said about the valve of the ferry Aurora?")
    assert answer.text == "A valve had failed, the captain said [1]."
    owner, *_ = drafted(rag)
    assert "Juhani Salo" in owner, "another passage was tried first"
    assert "The owner said that the valve was new." in [s.text for s in answer.dropped]


def test_the_day_an_article_appeared_is_not_the_day_of_what_it_tells(asking: Asking) -> None:
    rules = [
        Rule(("Sanna Koski", HOLDS), 4.0), Rule(HOLDS, -5.0), Rule(SHORTEST, "not stated"), Rule(RIGHT, 5.0),
        Rule(WRITES, "The bridge at Oulu was opened by mayor Sanna Koski on 2 May 2024."),
    ]  # fmt: skip
    answer = asking(*rules).answer("On which day was the bridge at Oulu opened?")
    assert answer.abstained and [s.why for s in answer.dropped] == ["2 May 2024 is not a day of the evidence"]


def test_a_question_for_a_yes_or_a_no_gets_the_likeliest_words_of_several_passages(asking: Asking) -> None:
    rag = asking(
        Rule(("Pekka Lahti", HOLDS), 4.0), Rule(("Juhani Salo", HOLDS), 3.8), Rule(HOLDS, -5.0),
        Rule(("Juhani Salo", RIGHT), 4.0), Rule(RIGHT, -2.0),
    )  # fmt: skip
    answer = rag.answer("Was the valve of the ferry Aurora new?")
    assert "Salo said that the valve was new" in answer.text
    assert any("Pekka Lahti" in s.text for s in answer.dropped)


def test_a_yes_or_a_no_shows_what_two_articles_say(asking: Asking) -> None:
    """The likeliest words, and those of another article; not of a third, and none that may be wrong."""
    rules = [
        Rule(("Pekka Lahti", HOLDS), 4.0), Rule(("Juhani Salo", HOLDS), 3.8), Rule(("Aurora sank", HOLDS), 3.0),
        Rule(HOLDS, -5.0), Rule(("Pekka Lahti", RIGHT), 3.0),
    ]  # fmt: skip
    answer = asking(*rules, Rule(("Juhani Salo", RIGHT), 4.0), Rule(RIGHT, 2.5)).answer("Was the ferry Aurora safe?")
    assert {c.article_id for c in answer.citations} == {"owner", "inquiry"} and len(answer.sentences) == 2
    answer = asking(*rules, Rule(RIGHT, -4.0)).answer("Was the ferry Aurora safe?")
    assert [c.article_id for c in answer.citations] == ["inquiry"]


@pytest.mark.parametrize(("nearest", "quoted"), [(-3.0, RESCUED), (2.9, "The ferry Aurora sank off Turku on Sunday.")])
def test_of_a_passage_s_nearest_sentences_a_likely_one_is_quoted(asking: Asking, nearest: float, quoted: str) -> None:
    """The likeliest, and of two that are about as likely the nearer one."""
    rag = asking(
        Rule(("Aurora sank", HOLDS), 3.0), Rule(HOLDS, -5.0),
        Rule((RIGHT, "Proposed answer: All 212"), 3.0),
        Rule((RIGHT, "Proposed answer: The ferry Aurora sank"), nearest), Rule(RIGHT, -3.0),
    )  # fmt: skip
    answer = rag.answer("Did the ferry Aurora sink with anybody on board?")
    assert answer.text == f"Reuters (4 March 2024) writes: {quoted[:-1]} [1]."
    first = [p for p in model(rag).prompts("score") if RIGHT in p and "Aurora sank" in p]
    assert len(first) == CALIBRATION.weighed and RESCUED not in first[0].split("Proposed answer")[1], "not the nearest"


def test_the_words_of_a_likelier_draft_that_failed_come_before_a_draft_that_did_not(asking: Asking) -> None:
    rag = asking(
        Rule(("Aurora sank", HOLDS), 4.0), Rule(("Juhani Salo", HOLDS), 3.5), Rule(HOLDS, -5.0),
        Rule(("Aurora sank", WRITES), "On 9 May 2023 all 212 passengers were rescued."), Rule(("Aurora sank", SHORTEST), "212"),
        Rule(("Juhani Salo", WRITES), "Salo said that the valve was new, and nobody was rescued."), Rule(SHORTEST, "not stated"),
        Rule("9 May 2023", 1.0), Rule(RIGHT, 1.0),
    )  # fmt: skip
    answer = rag.answer(SINKING)
    assert answer.text == f"Reuters (4 March 2024) writes: {RESCUED[:-1]} [1]."
    assert "9 May 2023 is not a day of the evidence" in [s.why for s in answer.dropped]


@pytest.mark.parametrize(("quoted", "drafted"), [(5.0, -9.0), (-9.0, 5.0)])
def test_words_quoted_for_a_failed_draft_are_weighed_by_themselves(
    asking: Asking, quoted: float, drafted: float
) -> None:
    rag = asking(
        Rule(("Aurora sank", HOLDS), 2.0), Rule(HOLDS, -5.0), Rule(SHORTEST, "212"),
        Rule(WRITES, "On 9 May 2023 all 212 passengers were rescued."),
        Rule((RIGHT, "On 9 May 2023"), drafted), Rule((RIGHT, RESCUED), quoted),
    )  # fmt: skip
    answer = rag.answer(SINKING)
    assert answer.abstained == (quoted < 0)
    assert answer.abstained or answer.text == f"Reuters (4 March 2024) writes: {RESCUED[:-1]} [1]."


@pytest.mark.parametrize(
    ("elsewhere", "right", "told"),
    [
        ("220 passengers", 5.0, [True, True]),  # another figure, as sure: both accounts stand there
        ("220 passengers", -3.0, [True, False]),  # another one that may be wrong
        ("220 passengers", -9.0, [True]),  # another one that is not likely to be right
        ("212 passengers", 5.0, [True]),  # the same one
        ("not stated", 5.0, [True]),
    ],
)
def test_another_article_s_other_figure_stands_beside_the_answer(
    asking: Asking, tmp_path: Path, elsewhere: str, right: float, told: list[bool]
) -> None:
    later = (
        "later",
        "BBC",
        "2024-03-06",
        "The ferry Aurora lies off Turku. The coast guard rescued 220 passengers from it.",
    )
    build(tmp_path / "ix", [news(tmp_path / "in", [*NEWS, later])], Words())
    rag = asking(
        Rule(("Aurora sank", HOLDS), 6.0), Rule(("Aurora lies", HOLDS), 4.9), Rule(HOLDS, -5.0),
        Rule(("Aurora sank", WRITES), RESCUED), Rule(("Aurora sank", SHORTEST), "212"), Rule(("Aurora sank", RIGHT), 6.0),
        Rule(("Aurora lies", WRITES), "The coast guard rescued 220 passengers from it."),
        Rule(("Aurora lies", SHORTEST), elsewhere), Rule(("Aurora lies", RIGHT), right),
        Rule(("Aurora lies", BRIEFLY), "220 passengers"),
        index=tmp_path / "ix",
    )  # fmt: skip
    answer = rag.answer(SINKING)
    assert [s.supported for s in answer.sentences] == told, answer.text
    assert "All 212 passengers were rescued by the coast guard [1]." in answer.text
    if len(told) == 2:
        assert (
            answer.text.startswith("Reuters (4 March 2024): ") and "BBC (6 March 2024): The coast guard" in answer.text
        )
    assert len(drafted(rag)) == (2 if elsewhere.startswith("220") else 1), "what says the same is not drafted from"
    holds_to_the_letter(answer, rag)


def test_without_a_model_the_nearest_sentences_are_quoted(asking: Asking) -> None:
    rag = asking()
    rag.llm = None
    answer = rag.answer("Who opened the bridge at Oulu?")
    assert "The bridge at Oulu was opened by mayor Sanna Koski [1]." in answer.text
    assert answer.model == "none" and answer.tokens == {}
    holds_to_the_letter(answer, rag)
    assert rag.answer("What is the capital of Australia?").abstained


# ---- several statements, a yes or a no ----------------------------------------------------


def test_several_statements_stand_side_by_side_in_order_of_their_days(asking: Asking) -> None:
    rag = asking(
        Rule(("Aurora sank", HOLDS), 1.0), Rule(("Pekka Lahti", HOLDS), 4.0), Rule(("Juhani Salo", HOLDS), 3.8),
        Rule(HOLDS, -5.0), Rule(RIGHT, 5.0),
        Rule((WRITES, "Juhani Salo"), "Salo said that the valve was new."),
        Rule((WRITES, "Pekka Lahti"), "Lahti said that the ferry Aurora was safe when it left Turku."),
    )  # fmt: skip
    answer = rag.answer("What did Lahti and Salo each say about the ferry Aurora?")
    assert answer.text == (
        "BBC (20 March 2024): Lahti said that the ferry Aurora was safe when it left Turku [1]. "
        "CNN (2 April 2024): Salo said that the valve was new [2]."
    )
    assert [c.article_id for c in answer.citations] == ["inquiry", "owner"]
    assert len(drafted(rag)) == 2, "the sinking is too far below the best"
    holds_to_the_letter(answer, rag)


@pytest.mark.parametrize("right", [1.0, -6.0])
def test_an_article_s_own_words_are_weighed_before_they_stand_beside_a_statement(asking: Asking, right: float) -> None:
    rag = asking(
        Rule(("Pekka Lahti", HOLDS), 4.0), Rule(("Juhani Salo", HOLDS), 3.8), Rule(HOLDS, -5.0),
        Rule((WRITES, "Juhani Salo"), "Salo said that 19 valves were new."),
        Rule((RIGHT, "Proposed answer: Juhani Salo"), right), Rule((RIGHT, "Proposed answer: Salo said that the valve"), right),
        Rule((WRITES, "Pekka Lahti"), "Lahti said that the ferry Aurora was safe when it left Turku."), Rule(RIGHT, 6.0),
    )  # fmt: skip
    answer = rag.answer("What did Lahti and Salo each say about the ferry Aurora?")
    assert answer.sentences[0].supported and answer.sentences[0].text.startswith("BBC (20 March 2024): Lahti said")
    assert [s.supported for s in answer.sentences[1:]] == ([False] if right > 0 else []), answer.text
    if right > 0:
        assert answer.sentences[1].text.startswith("CNN (2 April 2024) writes: ") and answer.sentences[1].doubt
    assert "Salo said that 19 valves were new." in [s.text for s in answer.dropped]
    holds_to_the_letter(answer, rag)


@pytest.mark.parametrize(("right", "answered"), [(3.0, True), (-1.0, False)])
def test_a_yes_or_a_no_is_quoted_and_never_written(asking: Asking, right: float, answered: bool) -> None:
    rag = asking(Rule(("valve had failed", HOLDS), 0.5), Rule(HOLDS, -5.0), Rule(RIGHT, right))
    answer = rag.answer("Had a valve of the ferry failed?")
    assert answer.abstained != answered
    assert ("Captain Elina Saari said that a valve had failed [1]" in answer.text) == answered
    assert model(rag).prompts("write") == [], "a small model says yes to nearly anything"
    holds_to_the_letter(answer, rag)


def test_a_quotation_that_may_not_answer_is_marked_or_refused(asking: Asking) -> None:
    rules = [Rule(("valve had failed", HOLDS), 4.0), Rule(HOLDS, -5.0)]
    (sentence,) = asking(*rules, Rule(RIGHT, 0.5)).answer("Had a valve of the ferry failed?").sentences
    assert not sentence.supported and sentence.why == "in the article's own words"
    assert asking(*rules, Rule(RIGHT, -6.0)).answer("Had a valve of the ferry failed?").abstained


# ---- refusals ---------------------------------------------------------------------------------


def test_where_nothing_is_near_it_is_said(asking: Asking) -> None:
    rag = asking(Rule(HOLDS, -5.0))
    answer = rag.answer("What is the capital of Australia?")
    assert answer.abstained and answer.text == "The articles do not say: no article mentions it."
    assert (answer.near, answer.citations, answer.sentences) == ((), (), ())
    assert drafted(rag) == [], "nothing is written that could be told by mistake"


def test_weak_evidence_is_refused_with_what_is_near(asking: Asking) -> None:
    rag = asking(Rule(HOLDS, -5.0))
    answer = rag.answer("How old was the ferry Aurora of Turku, which had a valve?")
    assert answer.abstained and drafted(rag) == []
    assert answer.reason == "some articles are about this subject, but none of them answers the question"
    assert [a.id for a in answer.near] == ["sinking", "owner"], "the two nearest of three"
    assert all(a.label in answer.text for a in answer.near) and "(4 March 2024)" in answer.text


def test_a_name_that_no_article_has_weakens_the_evidence(asking: Asking) -> None:
    rules = [Rule(("Aurora sank", HOLDS), 2.0), Rule(HOLDS, -5.0), Rule(WRITES, RESCUED), Rule(RIGHT, 5.0)]
    rules.insert(0, Rule(SHORTEST, "212"))
    (word,) = asking(*rules).answer(SINKING.replace("Aurora", "estonia")).sentences
    (name,) = asking(*rules, caution="lenient").answer(SINKING.replace("Aurora", "Estonia")).sentences
    assert name.support < word.support, "a name weighs more than a word that no article has"


@pytest.mark.parametrize(
    ("question", "limits", "reason"),
    [
        ("What sank in June 2025?", {},
         "the newest usable article is dated 2 May 2024, and the question asks about a later time"),
        (SINKING, {"after": date(2025, 1, 1)}, "the collection has no articles from 1 January 2025 on"),
        (SINKING, {"source": "CNN", "before": date(2024, 3, 1)},
         "the collection has no articles of CNN, up to 1 March 2024"),
        (SINKING, {"as_of": date(2023, 12, 31)}, "no article was published by 31 December 2023"),
    ],
)  # fmt: skip
def test_outside_of_the_time_and_the_limits_no_model_is_asked(
    asking: Asking, question: str, limits: dict[str, date], reason: str
) -> None:
    rag = asking()
    answer = rag.answer(question, **limits)  # type: ignore[arg-type]
    assert (
        answer.abstained and answer.reason == reason and answer.text.startswith(f"The articles do not say: {reason}.")
    )
    assert model(rag).asked == []


def test_a_time_in_the_question_is_no_wall(asking: Asking) -> None:
    """What a later article tells of it counts; where nothing does, the reason names the time."""
    rules = [Rule(SHORTEST, "212"), *ANSWERING]
    assert not asking(*rules).answer(SINKING.replace("?", " in January 2024?")).abstained
    early = asking(*rules).answer(SINKING.replace("?", " in May 2024?"))
    assert early.abstained and not early.citations
    refused = asking(Rule(HOLDS, -5.0)).answer("What sank in January 2019?")
    assert refused.reason == "no relevant article is from that time or reports on it (in January 2019)"


def test_nothing_published_after_the_day_it_is_asked_on_is_read(asking: Asking) -> None:
    rag = asking(*ANSWERING)
    answer = rag.answer(SINKING, as_of=date(2024, 3, 10))
    assert {p.article.id for p in answer.passages} == {"sinking", "snow"}
    assert not any(word in prompt for prompt in model(rag).prompts("score") for word in ("Lahti", "Salo", "Koski"))
