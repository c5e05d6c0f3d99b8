"""What an answer claims: hard facts against the evidence, the smallest evidence, the choice of drafts, own words."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fakes import Words
from hypothesis import given
from hypothesis import strategies as st
from invented import DAY, passage

from index.text.words import content, overlap, stem
from index.types import Article, Chunk, Hit
from rag.calibration import CALIBRATION
from rag.claims.attribution import Attributed, Told, attribute, number, sources, split_draft
from rag.claims.drafts import Draft, choose, worth_asking
from rag.claims.facts import form_problems, problems
from rag.claims.statements import in_own_words, own_words, same, statements
from rag.claims.support import score
from rag.claims.verifier import Signals
from rag.evidence import dated, passages
from rag.question.period import Period, period
from rag.question.understand import Question, understand
from rag.types import Filters

EVIDENCE = "Russia's chief negotiator Vladimir Medinsky said following three-hour talks in Istanbul on Tuesday that Moscow will study Kyiv's proposals."
PESKOV = '"We would like a more substantial and swift answer," Peskov said.'
SLUTSKY = "The delegate Leonid Slutsky said Dmitry Peskov was wrong."
BENNETT = (
    "Israeli Prime Minister Naftali Bennett came, and a Ukrainian adviser with him; the Foreign Ministry was silent."
)
SURE = Signals(right=4.0, holds=3.0, exact=1.0, stated=1.0, sure=-0.1, pmi=2.5)


def test_words_are_the_same_with_accents_and_without() -> None:
    assert content("Erdoğan's cafés in İzmir") == content("Erdogan's cafes in Izmir")
    assert stem("orbán's") == stem("orban") and stem("negotiations") == stem("negotiated")
    assert content("Лавров й") != content("Лавров и")  # only Latin letters are typed without marks
    assert overlap("Nausėda spoke in Ångström Hall", "Nauseda spoke there, in Angstrom Hall") == 1.0


def asked(text: str) -> Question:
    return understand(text, [], Filters(), None, None)


@pytest.mark.parametrize(
    ("sentence", "evidence", "wrong"),
    [
        ("Medinsky spoke after three-hour talks in Istanbul.", EVIDENCE, ""),
        ("Medinsky spoke after talks of 3 hours.", EVIDENCE, ""),
        ("Medinsky spoke on Tuesday (29 March).", EVIDENCE, ""),
        ("Medinsky spoke on 29 March 2022.", EVIDENCE, ""),
        ("Medinsky spoke on 30 March.", EVIDENCE, "30 March is not a day"),
        ("Medinsky spoke on Monday.", EVIDENCE, "Monday is not in"),
        ("Medinsky spoke after five hours of talks.", EVIDENCE, "the number 5"),
        ("Then Lavrov flew to Istanbul.", EVIDENCE, "Lavrov"),
        ("The minister Sergei Lavrov flew to Istanbul.", EVIDENCE, "the name Sergei Lavrov"),
        ("Slutsky said Moscow will study the proposals.", EVIDENCE, "Slutsky"),
        ('Peskov said he wants "a more substantial and swift answer".', PESKOV, ""),
        ('Peskov said he wants "a much faster answer".', PESKOV, "quotation"),
        ("Medinsky said he would like a swift answer.", PESKOV, "Medinsky"),
        ("Dmitry Peskov said Leonid Slutsky was wrong.", SLUTSKY, "Slutsky's in the evidence, not Peskov's"),
        ("Leonid Slutsky said Dmitry Peskov was wrong.", SLUTSKY, ""),
        ("According to Slutsky, Peskov was wrong.", SLUTSKY, ""),
        ("Austria hosts the talks, Leonid Slutsky said.", "Leonid Slutsky said Australia hosts the talks.", "Austria"),
        ("Ukraine hosts them, Leonid Slutsky said.", "Leonid Slutsky said Ukrainian cities host them.", ""),
        ("It rose to 0.5 percent and cost 3 euros.", "It rose to 0.50% and cost 3.00 euros.", ""),
        ("It rose to 0.05 percent.", "It rose to 0.50%.", "the number 0.05"),
        ("It rose to 50 percent.", "It rose to 5%.", "the number 50"),
        ("They came from 12 states.", "They came from a dozen states.", ""),
        ("They came from two dozen states.", "They came from 24 states.", ""),
        ("They came from half a dozen states.", "They came from dozens of states.", "the number 6"),
        ("They came from 6 states.", "They came from a half dozen states.", ""),
        ("They came from a couple of dozen states.", "They came from 24 states.", ""),
        (
            "Elina Saari said the ferry sank.",
            "Pekka Virtanen said that Elina Saari was the captain. The captain said the ferry sank.",
            "",  # who the captain is, a reader knows
        ),
        ("Dmitry Peskov said it was over.", "According to Dmitry Peskov, Leonid Slutsky said it was over.", ""),
        ("Viktor Orban said it sank.", "Viktor Orbán said it sank.", ""),
        ("Viktor Orbán said it sank.", "Viktor Orban said it sank.", ""),
        ("Anna Hassler of Lodz said so.", "Anna Haßler of Łódź said so.", ""),
        ("Viktor Orben said it sank.", "Viktor Orbán said it sank.", "Orben"),
        ("It sank, the mayor Łukasz said.", "It sank, the mayor Marek said.", "Lukasz"),
        ("The EU and the WHO met.", "The European Union and the World Health Organization met.", ""),
        ("It was made for JFK.", "It was made for John F. Kennedy.", ""),
        ("It was made for RFK.", "It was made for John F. Kennedy.", "RFK"),
        ("It rained in Buchanan County, Va., on Tuesday.", "On Tuesday it rained in Buchanan County, Virginia.", ""),
        (
            "It rained in Buchanan County, Va on Tuesday.",
            "On Tuesday it rained in Buchanan County, Virginia.",
            "Va is not",
        ),
        (
            "It rained in Buchanan County, Vt., on Tuesday.",
            "On Tuesday it rained in Buchanan County, Virginia.",
            "Vt is not",
        ),
        ("Ukrainian Prime Minister Naftali Bennett came.", BENNETT, "is not what Bennett is called"),
        ("Israeli Prime Minister Naftali Bennett came.", BENNETT, ""),
        ("Israel's Foreign Minister Naftali Bennett came.", BENNETT, "is not what Bennett is called"),
    ],
)
def test_hard_facts(sentence: str, evidence: str, wrong: str) -> None:
    found = problems(sentence, passage(evidence).sentences, evidence)
    assert bool(found) == bool(wrong) and wrong in "; ".join(found), found


def test_a_small_number_of_the_question_is_no_claim_of_the_answer() -> None:
    sentence = "The two sides will study the proposals."
    assert problems(sentence, passage(EVIDENCE).sentences, EVIDENCE)
    assert not problems(sentence, passage(EVIDENCE).sentences, EVIDENCE, "What will the two sides do?")


@pytest.mark.parametrize(
    ("question", "sentence", "wrong"),
    [
        ("In which building were the talks held?", "The talks were held in the building.", "nothing that the question"),
        ("In which building were the talks held?", "The talks were held in a palace.", ""),
        ("Were the talks held in a palace?", "The talks were held in a palace.", ""),
        ("How old is the envoy?", "The envoy is experienced.", "no number"),
        ("How many envoys came?", "Several envoys came.", ""),
        ("How many envoys came?", "No one came.", ""),
        ("On which date did they meet?", "They met late last month.", "no day"),
        ("On which date did they meet?", "They met on Tuesday.", ""),
        ("What crossed?", "The passage of aid convoys began.", ""),
        ("Who came?", "The passage names no envoy.", "speaks of the passage"),
    ],
)
def test_what_an_answer_must_have(question: str, sentence: str, wrong: str) -> None:
    found = form_problems(question, sentence)
    assert bool(found) == bool(wrong) and wrong in "; ".join(found), found


def test_several_statements_stand_side_by_side_in_order_of_date(words: Words) -> None:
    read = [
        replace(passage("The harbour is open, the mayor said.", "late", date(2022, 3, 30)), relevance=3.0),
        replace(passage("The harbour is shut, the port said.", "early", date(2022, 3, 1)), relevance=2.0),
        replace(passage("The harbour will be shut again.", "late", date(2022, 3, 30)), relevance=2.0),
        replace(passage("Bread has become dearer.", "far", date(2022, 3, 2)), relevance=-2.0),
    ]
    question = "Is the harbour open or not?"
    asked_of = worth_asking(read, replace(asked(question), kind="several"))
    assert [p.chunk_id for p in asked_of] == [read[0].chunk_id, read[1].chunk_id], (
        "the best of each article that is near"
    )
    wrong = Draft(attribute("The harbour is open since 1950.", [read[0]], words), read[0], SURE)
    held = Draft(attribute("The port said that the harbour is shut.", [read[1]], words), read[1], SURE)
    quoted = own_words(question, read[0], words)
    told, dropped = statements([wrong, held, quoted, held], question, 0.4)
    assert [d.attributed.text for d in told] == [
        "S (1 March 2022): The port said that the harbour is shut.",
        "S (30 March 2022) writes: The harbour is open, the mayor said.",
    ]
    assert told[0].claim == "The port said that the harbour is shut.", "who reports it is no part of what is claimed"
    assert dropped == [wrong] and [d.passage.article.id for d in told] == ["early", "late"]


def test_beside_a_likely_statement_less_likely_ones_are_told_and_alone_they_are_not() -> None:
    def draft(text: str, chance: float) -> Draft:
        made = passage(text)
        other = math.log(chance / (1 - chance)) / dict(CALIBRATION.verifier)["right"]
        bias = dict(CALIBRATION.verifier)["bias"] / dict(CALIBRATION.verifier)["right"]
        return Draft(Attributed(text, made.sentences, 1.0, 0.9, ()), made, Signals(right=other - bias, holds=0.0))

    likely, less = draft("The port is open.", 0.6), draft("Bread has become dearer.", 0.45)
    unlikely = draft("Snow fell in the hills.", 0.35)
    told, dropped = statements([less, unlikely, likely], "Which reports are there?", 0.5)
    assert {d.claim for d in told} == {likely.claim, less.claim} and dropped == [unlikely]
    assert statements([less, unlikely], "Which reports are there?", 0.5) == ([], [less, unlikely])


def test_among_drafts_the_surest_is_chosen_and_none_with_a_problem() -> None:
    sentence = passage("The harbour is open.")

    def draft(right: float, *problems: str) -> Draft:
        made = Attributed("The harbour is open.", sentence.sentences, 1.0, 0.9, problems)
        return Draft(made, sentence, replace(SURE, right=right))

    weak, strong, wrong = draft(0.5), draft(3.0), draft(5.0, "a number is not there")
    assert weak.chance < strong.chance < wrong.chance
    assert choose([weak, strong, wrong], 0.0)[0] == [strong]
    assert choose([wrong], 0.0) == ([], [wrong])
    assert choose([weak], weak.chance + 0.01) == ([], [weak])


def test_what_is_newest_comes_first_where_the_latest_is_asked_for(words: Words) -> None:
    def hit(name: str, day: date) -> Hit:
        text = "The harbour talks went on."
        article = Article(name, "T", "S", day, "", None, (), text)
        return Hit(Chunk(f"{name}#0", name, 0, 0, len(text), text), article, 0.5, 1, 0.5)

    hits = [hit("old", date(2022, 3, 1)), hit("new", date(2022, 3, 30))]
    asked = period("What is the latest on the talks?", date(2022, 3, 30))
    found = passages(hits, "What is the latest on the talks?", words, asked)
    assert [p.article.id for p in found] == ["new", "old"] and found[0].timely > found[1].timely


def test_attribution_takes_the_smallest_set_whatever_was_cited(words: Words) -> None:
    pool = [passage(EVIDENCE + " The weather was mild."), passage(PESKOV, "b")]
    one = attribute("Medinsky said Moscow will study Kyiv's proposals.", pool, words)
    assert [s.text for s in one.evidence] == [EVIDENCE]
    two = attribute(
        "Medinsky led three-hour talks while Peskov wanted a more substantial and swift answer.", pool, words
    )
    assert {s.article.id for s in two.evidence} == {"a", "b"}


def test_markers_of_the_models_own_making_go(words: Words) -> None:
    drafted = split_draft("Medinsky said so [7]. It was mild [2, 3].")
    assert drafted == ["Medinsky said so.", "It was mild."]
    pool = [passage(EVIDENCE)]
    made = [Told(attribute("Medinsky said Moscow will study it.", pool, words), 0.9, True)] * 2
    text, parts, cited = number(made)
    assert text.count("[1]") == 2 and len(cited) == 1
    assert all(text[s.start : s.end] == s.text for s in parts)


def test_a_reference_to_the_passage_is_not_part_of_the_answer() -> None:
    assert split_draft("According to the passage, talks were held daily.") == ["Talks were held daily."]


def test_words_of_the_day_are_not_repeated_in_an_answer() -> None:
    assert split_draft("The delegation left today (28 March).") == ["The delegation left on 28 March."]


def test_days_are_shown_beside_the_words() -> None:
    assert dated("talks in Istanbul on Tuesday", DAY) == "talks in Istanbul on Tuesday (29 March)"
    assert dated("talks on Tuesday", None) == "talks on Tuesday"


def test_scores_rise_with_each_signal() -> None:
    assert score(0.9, 0.8, None) > score(0.2, 0.8, None) and score(0.9, 0.8, 4.0) > score(0.9, 0.8, -4.0)
    assert overlap("negotiators met", "the negotiations: a meeting of negotiators") == 0.5
    assert content("three-hour") == content("3 hours")


@given(st.text(max_size=200))
def test_any_draft_can_be_split_and_any_question_dated(text: str) -> None:
    assert all(part.strip() for part in split_draft(text))
    period(text, DAY)


def test_an_outlet_counts_once_and_a_copied_report_once(tmp_path: Path, words: Words) -> None:
    import json

    from index.build import build
    from index.search import search
    from index.store.sqlite import Store

    report = (
        "The ferry Aurora sank off Turku on 3 May 2023 with forty people on board, harbour master Liisa Virtanen said."
    )
    lines = [
        ("post", "Post", report), ("copy", "Herald", report), ("post2", "Post", f"{report} Nobody was hurt, she said."),
        ("own", "Gazette", "Forty people were on board the ferry Aurora when it sank off Turku on 3 May 2023, Virtanen said."),
        ("other", "Globe", "The tram line to Espoo was opened on 4 May 2023."),
    ]  # fmt: skip
    (tmp_path / "in.jsonl").write_text(
        "".join(json.dumps({"id": i, "source": s, "text": t, "date": "2023-05-04"}) + "\n" for i, s, t in lines)
    )
    build(tmp_path / "ix", [tmp_path / "in.jsonl"], words)
    store = Store(tmp_path / "ix", words)
    read = passages(
        search(store, words, "Where did the Aurora sink?", 10), "Where did the Aurora sink?", words, Period()
    )
    first = next(p for p in read if p.article.id in ("post", "copy", "post2"))
    made = attribute("The ferry Aurora sank off Turku on 3 May 2023.", [first], words)
    assert {*made.evidence[0].also, first.article.id} == {"post", "copy", "post2"}
    assert sources(made.text, made.evidence, read, words) == 2  # the report, however often carried, and the Gazette
    _, parts, cited = number([Told(made, 0.9, True, sources=2)])
    assert parts[0].sources == 2 and set(cited[0].also) | {cited[0].article_id} == {"post", "copy", "post2"}


def test_for_a_yes_or_a_no_nothing_is_drafted() -> None:
    read = [replace(passage("The harbour is open, the mayor said."), relevance=3.0)]
    assert worth_asking(read, asked("Is the harbour open?")) == []
    assert worth_asking(read, asked("Is the harbour open, and who says so?")) == read


def test_a_denial_is_not_the_same_statement() -> None:
    def draft(text: str) -> Draft:
        made = passage(text)
        return Draft(Attributed(text, made.sentences, 1.0, 0.9, ()), made, SURE)

    there = draft("Peskov said on 28 March that there was significant progress in the talks.")
    assert same(there, draft("On 28 March Peskov said there was significant progress in the talks."))
    for other in (
        "Peskov said on 28 March that there was no significant progress in the talks.",
        "Peskov said on 22 March that there was significant progress in the talks.",
        "Peskov said on 28 March that there was significant progress in the talks, and that a meeting of the presidents was near.",
    ):
        assert not same(there, draft(other)), other


def test_an_amount_must_stand_in_the_evidence_itself() -> None:
    def wrong(sentence: str) -> list[str]:
        evidence = passage("Peskov said the talks lasted two hours.").sentences
        return problems(sentence, evidence, "Three people died in Kyiv.")

    assert wrong("Peskov said the talks lasted two hours.") == []
    assert wrong("Peskov said the talks lasted three hours.") and wrong("Peskov said the talks lasted 30 hours.")


def test_a_name_in_a_compound_is_there() -> None:
    made = passage("Police held 31 men near a park in Coeur d'Alene.")
    assert problems("The police of Alene held 31 men near Coeur d'Alene.", made.sentences, made.text) == []
    assert problems("The police of Alder held 31 men near Coeur d'Alene.", made.sentences, made.text)


def test_own_words_bring_the_one_who_speaks(words: Words) -> None:
    made = passage(
        'Israel\'s prime minister Naftali Bennett spoke on Monday. "Several issues are fundamental," he added. Snow fell.'
    )
    assert "Naftali Bennett" in own_words("Which issues are fundamental?", made, words).attributed.text


def test_where_a_draft_fails_the_sentence_with_the_shortest_answer_is_quoted() -> None:
    whole = passage("The talks began on Monday. He said that forty people were on board. The ferry sank.")
    made = Attributed("Forty came on 9 May.", whole.sentences[:1], 1.0, 0.9, ("9 May is not a day of the evidence",))
    failed = Draft(made, whole, SURE, "forty people")
    quoted = in_own_words(failed, "How many came?")
    assert quoted is not None and quoted.why == "in the article's own words" and quoted.chance == failed.chance
    other = replace(failed, signals=replace(SURE, exact=0.0))
    assert in_own_words(other, "How many came?") == quoted, "the words that are quoted have all of the shortest answer"
    assert quoted.attributed.text.endswith(
        "writes: The talks began on Monday. He said that forty people were on board."
    )
    assert in_own_words(replace(failed, attributed=replace(made, problems=())), "How many came?") is None, (
        "that one has not failed"
    )
    assert in_own_words(replace(failed, exact="fifty people"), "How many came?") is None, "the passage does not say so"
    assert in_own_words(replace(failed, signals=replace(SURE, stated=0.0)), "How many came?") is None
    assert in_own_words(failed, "How many came on 9 May?") is None, "it tells of another day than the question"


def test_a_question_of_an_article_is_no_evidence_and_is_not_quoted(words: Words) -> None:
    made = passage("Who owns the ferry Aurora? Does Lahti own it? The ferry has belonged to a bank since May.")
    assert [s.text for s in attribute("Lahti owns the ferry Aurora.", [made], words).evidence] == [
        "The ferry has belonged to a bank since May."
    ]
    assert own_words("Who owns the ferry Aurora?", made, words).attributed.text.endswith(
        "writes: The ferry has belonged to a bank since May."
    )
    asks = passage('Does Lahti own the ferry Aurora? "Who else would own it?"')
    assert attribute("Lahti owns the ferry Aurora.", [asks], words).evidence == asks.sentences[1:], "it was said"
    assert attribute("Lahti owns it.", [passage("Does Lahti own it?")], words).problems == ("there is no evidence",)
