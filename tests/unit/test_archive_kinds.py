"""What goes wrong with other people's archives, kind by kind, over the made-up archive: what the code decides, with a scripted model."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fakes import Rule, Words
from invented import ANSWERING, HOLDS, RIGHT, SHORTEST, SINKING, WRITES, Asking, holds_to_the_letter, model

from eval import golden
from eval.golden import GoldenQuestion, plain
from index.build import build, clean_all
from index.reading.files import read_folders
from index.search import search
from index.types import Article
from rag import evidence
from rag.assistant import Rag
from rag.calibration import CALIBRATION
from rag.claims.facts import form_problems, problems
from rag.prompt import SPLIT
from rag.question.kind import kind_of
from rag.question.rewrite import standalone
from rag.question.understand import understand
from rag.reading import unknown_names
from rag.summary import Wanted, wanted
from rag.types import Filters, Passage, Turn

QUESTIONS = {q.id.removeprefix("archive-"): q for q in golden.load(golden.QUESTIONS["archive"])}
NEWEST = date(2024, 2, 27)
AMONG = 8  # passages


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the archive, by words."""
    folder = tmp_path_factory.mktemp("archive")
    build(folder, [golden.ARCHIVE], Words())
    return folder


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    return {a.id: a for a in clean_all(read_folders([golden.ARCHIVE])[0])[0]}


def history(q: GoldenQuestion) -> list[Turn]:
    return [{"role": m.role, "content": m.content} for m in q.history]


def found(rag: Rag, q: GoldenQuestion) -> list[Passage]:
    """The passages for a question as it is searched for, best first."""
    asked = understand(q.question, history(q), Filters(as_of=NEWEST), NEWEST, None)
    hits = search(rag.store, rag.embedder, asked.search, rag.config.candidates)
    return evidence.passages(hits, asked.text, rag.embedder, asked.period)


def holds_gold(passage: Passage, q: GoldenQuestion) -> bool:
    return any(g.article == passage.article.id and plain(g.text) in plain(passage.text) for g in q.quotes)


def script(words: str, shortest: str, draft: str) -> list[Rule]:
    """A model that finds the answer only in passages with these words."""
    return [
        Rule((words, HOLDS), 4.0), Rule(HOLDS, -5.0), Rule((words, SHORTEST), shortest), Rule((words, WRITES), draft),
        Rule("Does the passage say this?", 5.0), Rule(RIGHT, 5.0),
    ]  # fmt: skip


# ---- time is evidence, not a wall ---------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words", "shortest", "draft"),
    [
        (
            "single-001",
            "212 people off roofs",
            "212 people",
            "Corin Haddow said that 212 people had been taken off roofs.",
        ),
        ("single-002", "cod went for", "four crowns a kilo", "Cod went for four crowns a kilo."),
        ("single-003", "only a third of that sum", "a third", "Only a third of the nine million had been paid so far."),
        ("when-001", "last seen alive in 1957", "1957", "The grey-eared bat was last seen alive in 1957."),
    ],
)
def test_a_day_of_another_year_is_answered_from_the_article_that_tells_of_it(
    asking: Asking, archive: Path, name: str, words: str, shortest: str, draft: str
) -> None:
    q = QUESTIONS[name]
    assert q.subkind == "time wall"
    rag = asking(*script(words, shortest, draft), index=archive)
    answer = rag.answer(q.question)
    assert not answer.abstained and draft.removesuffix(".") in answer.text, answer.text
    assert {c.article_id for c in answer.citations} == set(q.articles)
    holds_to_the_letter(answer, rag)


def test_only_a_limit_that_is_set_excludes(asking: Asking, archive: Path) -> None:
    rag = asking(Rule(HOLDS, -5.0), index=archive)
    answer = rag.answer(QUESTIONS["single-001"].question, after=date(2020, 1, 1))
    assert answer.abstained and answer.passages
    assert all(p.article.published and p.article.published >= date(2020, 1, 1) for p in answer.passages)


@pytest.mark.parametrize(("when", "answered"), [("in March 2024", True), ("in April 2024", False), ("in April", True)])
def test_an_article_cannot_say_what_happened_after_it(asking: Asking, when: str, answered: bool) -> None:
    """The ferry's report is of 4 March 2024. Without a year, the time is that of a story which the question does not name."""
    rag = asking(*ANSWERING)
    answer = rag.answer(SINKING.replace("?", f" {when}?"))
    assert answer.abstained != answered
    assert any("Aurora sank" in prompt for prompt in model(rag).prompts("score")) == answered


def test_a_day_to_come_is_refused_only_where_nothing_speaks_of_it(asking: Asking, archive: Path) -> None:
    nothing = asking(index=archive).answer("What happens in Vessing on 3 May 2031?")
    assert nothing.abstained and "the question asks about a later time" in nothing.reason
    shut = script("from noon on Wednesday", "from noon", "The port of Port Tollan will close from noon on Wednesday.")
    answer = asking(*shut, index=archive).answer(
        "What closes in Port Tollan on 19 October 2022?", as_of=date(2022, 10, 18)
    )
    assert {c.article_id for c in answer.citations} == {"harbour_closure"}
    fields = script("flooded on purpose", "The first fields", "The first fields are to be flooded on purpose.")
    asked = "Which fields of the town will the river flood on purpose in November 2022?"
    answer = asking(*fields, index=archive).answer(asked, as_of=date(2021, 12, 1))
    assert {c.article_id for c in answer.citations} == {"ostermere_wall"}, answer.text


# ---- days -----------------------------------------------------------------------------------


def test_the_day_meant_is_shown_and_another_one_is_not_told(asking: Asking, archive: Path) -> None:
    q = QUESTIONS["when-002"]
    right = "The port of Port Tollan will close from noon on Wednesday, 19 October 2022."
    told = asking(*script("from noon on Wednesday", "noon on Wednesday", right), index=archive)
    answer = told.answer(q.question)
    assert right.removesuffix(".") in answer.text and not answer.abstained
    assert any("from noon on Wednesday (19 October)" in prompt for prompt in model(told).prompts("write"))
    wrong = right.replace("19", "12")
    answer = asking(*script("from noon on Wednesday", "noon on Wednesday", wrong), index=archive).answer(q.question)
    assert "12 October" not in answer.text
    assert any("12 October 2022 is not a day of the evidence" in s.why for s in answer.dropped)


# ---- true, and an answer to something else -------------------------------------------------------


def test_a_sentence_that_answers_something_else_is_not_told(asking: Asking, archive: Path) -> None:
    q = QUESTIONS["single-005"]
    cost = "Orvane puts the cost of the recall at three million crowns."
    rag = asking(
        Rule(("at three million crowns", HOLDS), 3.5), Rule(("39 crowns", HOLDS), 3.0), Rule(HOLDS, -5.0),
        Rule(("at three million crowns", WRITES), cost), Rule(("at three million crowns", SHORTEST), "three million crowns"),
        Rule(("39 crowns", WRITES), "Owners take it back to any shop for their money, 39 crowns."), Rule(("39 crowns", SHORTEST), "39 crowns"),
        Rule(f"Proposed answer: {cost}", -6.0), Rule(RIGHT, 5.0), index=archive,
    )  # fmt: skip
    answer = rag.answer(q.question)
    assert "39 crowns" in answer.text and "three million" not in answer.text
    assert set(q.articles) >= {c.article_id for c in answer.citations}


@pytest.mark.parametrize(
    ("name", "sentence", "lacks"),
    [
        ("across-003", "Orvane called the kettles back because of their handles.", ["it gives no number"]),
        ("when-004", "The Playhouse burned during a performance of a comedy.", ["it gives no day"]),
        ("when-004", "The Playhouse burned on Sunday.", []),
        ("unanswerable-003", "Noor Halloran is the deputy mayor for finance.", ["it gives no number"]),
    ],
)
def test_the_kind_of_answer_that_is_asked_for_must_be_there(name: str, sentence: str, lacks: list[str]) -> None:
    assert form_problems(QUESTIONS[name].question, sentence) == lacks


# ---- near, and not in it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("article", "words", "sentence", "wrong"),
    [
        ("playhouse_fire_2", "We found the seat of the fire",
         "Garrick Noyes said that the seat of the fire was in the roof.", "the words are Thorold's"),
        ("ostermere_flood_3", "The insurers' association", "The damage is put at 85 million crowns.", "the number 85"),
        ("kestrane_blocked", "The competition office forbade it", "The office blocked Grimmet.", "the name Grimmet"),
        ("vessing_recount", "gave her a majority of 288", "The recount ended on Friday, 12 May 2023.", "12 May 2023"),
    ],
)  # fmt: skip
def test_what_is_swapped_is_found(
    articles: dict[str, Article], article: str, words: str, sentence: str, wrong: str
) -> None:
    text = articles[article].text
    told = evidence.evidence_sentences(articles[article], f"{article}#0", 0, len(text))
    (cited,) = [s for s in told if words in s.text]
    assert any(wrong in problem for problem in problems(sentence, [cited], cited.text)), sentence


def test_a_name_that_no_article_has_is_known_to_be_unknown(asking: Asking, archive: Path) -> None:
    knows = asking(index=archive).store.knows
    assert unknown_names("How old is the minister Brunhild Zeck?", knows) == ["Brunhild", "Zeck"]
    assert unknown_names(QUESTIONS["unanswerable-003"].question, knows) == []
    assert unknown_names("Has the minister Łucja Zeck resigned?", lambda _: False) == ["Łucja", "Zeck"]


def test_of_a_name_of_two_parts_one_is_looked_for() -> None:
    """Full text takes them for two words."""
    there = ("brien", "liam", "tsai", "ing", "wen", "haul")

    def knows(beginning: str) -> bool:
        return any(word.startswith(beginning.lower()) for word in there)

    asked = "Where did Liam O'Brien, Liam O’Neill and Tsai Ing-wen leave the U-Haul?"
    assert unknown_names(asked, knows) == ["O’Neill"]


@pytest.mark.parametrize("q", [q for q in QUESTIONS.values() if q.refuse == "must"], ids=lambda q: q.id)
def test_where_no_passage_holds_it_nothing_is_said(asking: Asking, archive: Path, q: GoldenQuestion) -> None:
    answer = asking(Rule(HOLDS, -4.0), Rule(RIGHT, -9.0), index=archive).answer(q.question)
    assert answer.abstained and answer.reason and not answer.citations


# ---- several articles --------------------------------------------------------------------------


def test_two_accounts_stand_side_by_side_with_their_days(asking: Asking, archive: Path) -> None:
    asked = "What do the two reports say about the people who left the burning Playhouse?"
    assert kind_of(asked) == "several"
    rag = asking(
        Rule(("About 300 people", HOLDS), 4.0), Rule(("counted 184 people", HOLDS), 4.0), Rule(HOLDS, -5.0), Rule(RIGHT, 5.0),
        Rule(("About 300 people", WRITES), "About 300 people were brought out in six minutes."),
        Rule(("counted 184 people", WRITES), "The fire service counted 184 people in the street by the seating plan."),
        index=archive,
    )  # fmt: skip
    answer = rag.answer(asked)
    assert [c.article_id for c in answer.citations] == ["playhouse_fire_1", "playhouse_fire_2"], answer.text
    assert answer.text.startswith("The Corrany Herald (23 November 2015): About 300 people")
    assert "The Capital Courier (25 November 2015): The fire service counted 184 people" in answer.text
    holds_to_the_letter(answer, rag)


FIRST, SECOND = (
    "By how many votes was Marchbank ahead on election night?",
    "By how many votes was Marchbank ahead after the second count?",
)


@pytest.mark.parametrize("both", [True, False])
def test_each_part_has_its_own_evidence_and_what_one_lacks_is_said(asking: Asking, archive: Path, both: bool) -> None:
    rules = [
        Rule(SPLIT, f"{FIRST}\n{SECOND}"), Rule((f"Question: {FIRST}", "312 votes on Sunday", HOLDS), 4.0),
        Rule((f"Question: {FIRST}", WRITES), "Thea Marchbank beat Aurelio Quill by 312 votes."),
        Rule((f"Question: {SECOND}", WRITES), "A recount gave her a majority of 288 votes."), Rule(RIGHT, 5.0),
    ]  # fmt: skip
    if both:
        rules.append(Rule((f"Question: {SECOND}", "a majority of 288 votes", HOLDS), 4.0))
    answer = asking(*rules, Rule(HOLDS, -5.0), index=archive, read=16).answer(QUESTIONS["across-002"].question)
    assert "312 votes" in answer.text
    if both:
        assert "288 votes" in answer.text and not answer.lacking
        assert {c.article_id for c in answer.citations} == {"vessing_election_2", "vessing_recount"}
    else:
        assert answer.lacking == (SECOND,) and answer.text.endswith(f"The articles do not say: “{SECOND}”")


# ---- follow-ups ----------------------------------------------------------------------------------

FOLLOW_UPS = [q for q in QUESTIONS.values() if q.history]


@pytest.mark.parametrize("q", FOLLOW_UPS, ids=lambda q: q.id)
def test_what_is_searched_for_names_what_the_conversation_names(
    asking: Asking, archive: Path, q: GoldenQuestion
) -> None:
    before = q.history[0].content
    assert standalone(q.question, history(q), None) == f"{before} {q.question}"
    assert any(holds_gold(p, q) for p in found(asking(index=archive), q)[:AMONG])


def test_a_rewriting_is_searched_for_unless_it_is_the_last_question_again(asking: Asking, archive: Path) -> None:
    q = QUESTIONS["follow-004"]
    again, answered = (turn.content for turn in q.history)
    good = "How much did the dockers collect for Imke Sarsfield?"
    for written, searched in ((good, good), (again, f"{again} {answered} {q.question}")):
        rag = asking(Rule("Rewritten question:", written), Rule(HOLDS, -5.0), index=archive)
        assert rag.answer(q.question, history(q)).standalone_question == searched


# ---- what people type first -------------------------------------------------------------------------


def test_a_summary_is_made_of_sentences_on_its_subject(asking: Asking, archive: Path) -> None:
    q = QUESTIONS["across-005"]
    assert wanted(q.question, NEWEST) == Wanted("the recall of the kettles")
    rag = asking(index=archive)
    answer = rag.answer(q.question)
    assert 0 < len(answer.sentences) <= CALIBRATION.summary and {c.article_id for c in answer.citations} >= set(
        q.articles
    )
    assert not model(rag).asked, "no model writes it; that it keeps to the subject needs the real embedder: tests/real"


@pytest.mark.parametrize("name", ["single-007", "who-001"])
def test_a_few_words_and_another_language_are_questions(name: str) -> None:
    asked = QUESTIONS[name].question
    assert wanted(asked, NEWEST) is None and kind_of(asked) == "fact"
    assert standalone(asked, [], None) == asked


# ---- there, and not among what is read first ----------------------------------------------------------


def test_what_stands_further_down_is_read_before_it_is_refused(asking: Asking, archive: Path) -> None:
    q = QUESTIONS["single-006"]
    rag = asking(
        *script("would now cost 97 million", "The price", "Planned at 51 million crowns, the wall would now cost 97 million."),
        index=archive,
    )  # fmt: skip
    place = next(n for n, p in enumerate(found(rag, q)) if holds_gold(p, q))
    assert 2 < place < AMONG, "neither among the first nor out of reach"
    answer = rag.answer(q.question)
    assert {c.article_id for c in answer.citations} == {"ostermere_wall"}, answer.text
