"""The evaluation can be trusted: schema, metrics, and builds made worse on purpose score worse."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from eval import golden, metrics, quizzes, report
from eval.golden import GoldenQuestion
from eval.qags import qags, signals
from eval.record import read_results
from eval.run import Collections, ask, failed, run, summarise
from index.build import clean_all
from index.errors import InputError
from index.reading.files import read_folders
from index.types import Article
from rag.assistant import Rag
from rag.config import Config, seeds
from rag.types import Answer

LEAST = {
    "single": 40, "who": 20, "when": 20, "conflict": 8, "follow_up": 12, "unanswerable": 25, "false_premise": 8,
    "boilerplate": 5, "injection": 5,
}  # fmt: skip


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    raws, _ = read_folders([seeds(), golden.HOSTILE])
    return {a.id: a for a in clean_all(raws)[0]}


def test_the_golden_set_is_whole(articles: dict[str, Article]) -> None:
    questions = golden.load(golden.DEFAULT, articles)
    counts = Counter(q.kind for q in questions)
    assert len(questions) >= 150 and all(counts[kind] >= n for kind, n in LEAST.items()), counts
    assert counts["across"] + counts["conflict"] >= 20
    assert {q.subkind for q in questions if q.kind == "unanswerable"} == {"far", "near", "after"}


def test_questions_are_worded_as_people_ask(articles: dict[str, Article]) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}

    known = set().union(*(runs(a.text) for a in articles.values()))
    questions = golden.load(golden.DEFAULT)
    assert sum(bool(runs(q.question) & known) for q in questions) <= len(questions) / 3


GOOD = {
    "id": "a", "kind": "single", "question": "Who?", "facts": [["Medinsky"]], "articles": ["001_1c8f655283240db4"],
    "quotes": [{"article": "001_1c8f655283240db4", "text": "Russia's chief negotiator Vladimir Medinsky"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "riddle"}, "line 1: kind"),
        ({"facts": []}, "names no fact"),
        ({"facts": [[]]}, "no alternatives"),
        ({"refuse": "must"}, "must be refused"),
        ({"articles": ["nowhere"]}, "not among the articles"),
        ({"articles": ["nowhere"], "quotes": []}, 'unknown article id "nowhere"'),
        ({"quotes": [{"article": "001_1c8f655283240db4", "text": "words that nobody wrote"}]}, "is not in"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(
    tmp_path: Path, articles: dict[str, Article], change: dict[str, object], says: str
) -> None:
    path = tmp_path / "g.jsonl"
    path.write_text(json.dumps(GOOD | change), "utf-8")
    with pytest.raises(InputError, match=r"g\.jsonl line 1") as error:
        golden.load(path, articles)
    assert says in str(error.value)


def test_a_sample_holds_every_kind_and_is_always_the_same() -> None:
    questions = golden.load(golden.DEFAULT)
    chosen = golden.sample(questions, 30)
    assert len(chosen) == 30 and {q.kind for q in chosen} == {q.kind for q in questions}
    assert chosen == golden.sample(questions, 30)


def question(**change: object) -> GoldenQuestion:
    return GoldenQuestion.model_validate(GOOD | change)


def test_correctness() -> None:
    q = question(facts=[["three hours", "three-hour"], ["Medinsky"]], forbidden=["Slutsky"], quotes=[])
    assert metrics.correct(q, "They met for three hours, led by Medinsky [1].", False)
    assert metrics.correct(q, "Three‑hour talks; Medinsky.", False)
    assert not metrics.correct(q, "They met for three hours [1].", False)
    assert not metrics.correct(q, "Three hours, Medinsky and Slutsky.", False)
    assert not metrics.correct(q, "The articles do not say.", True)
    assert metrics.correct(question(facts=[], articles=[], quotes=[], refuse="must"), "…", True)
    assert not metrics.correct(question(facts=[], articles=[], quotes=[], refuse="must"), "He is 54.", False)
    assert metrics.names_day("on Tuesday, March 29", date(2022, 3, 29)) and not metrics.names_day(
        "on 30 March", date(2022, 3, 29)
    )


def test_citation_figures() -> None:
    q = question()
    good = ("001_1c8f655283240db4", "Russia's chief negotiator Vladimir Medinsky said following three-hour talks")
    bad = ("003_28bfb05cc1f99695", "Conflict talks are set to resume Monday")
    assert metrics.gold_citation_precision(q, [good, bad]) == 0.5
    assert metrics.gold_citation_recall(q, [good]) == 1.0 and metrics.gold_citation_recall(q, [bad]) == 0.0


def test_squad_scores() -> None:
    assert metrics.exact_match("The Squid Game!", ["squid game"]) == 1
    assert metrics.token_f1("big red dog", ["red dog"]) == pytest.approx(0.8)
    assert metrics.contained("x " * 50 + "Europe", ["Europe"]) == 0 and metrics.contained("In Europe.", ["Europe"]) == 1


def test_ranks_and_curves() -> None:
    assert metrics.reciprocal_rank([False, True]) == 0.5 and metrics.recall_at([False, True], 1) == 0
    assert metrics.auroc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert metrics.balanced_accuracy([True, True, False, True], [True, True, False, False]) == 0.75
    interval = metrics.bootstrap([0.0, 1.0] * 50)
    assert interval and interval.low < 0.5 < interval.high and interval.n == 100


def test_an_error_never_raises_a_score() -> None:
    base = {"id": "x", "kind": "single", "refuse": "never", "question": "?", "facts": [], "gold": [], "why": ""}
    right = base | failed("", 1.0) | {"error": None, "correct": True, "gold_precision": 1.0, "supported": 1.0}
    with_error = summarise([right, base | failed("EngineCrashed: it died.", 1.0)])
    alone = summarise([right])
    assert with_error["errors"] == 1
    for name, value in with_error["overall"].items():
        if value and alone["overall"][name]:
            assert value["mean"] <= alone["overall"][name]["mean"], name


@pytest.fixture
def collections(quick: Rag) -> Collections:
    made = Collections("none", Config())
    made._open = {"seeds": quick}
    return made


def sampled(kinds: set[str], n: int = 40) -> list[GoldenQuestion]:
    return golden.sample([q for q in golden.load(golden.DEFAULT) if q.collection == "seeds" and q.kind in kinds], n)


def test_a_run_is_written_and_resumed(tmp_path: Path, collections: Collections) -> None:
    questions = sampled({"single", "unanswerable"}, 8)
    first = run(questions[:5], collections, tmp_path / "a")
    path = tmp_path / "a" / "results.jsonl"
    path.write_text(path.read_text("utf-8")[:-30], "utf-8")  # interrupted while writing the fifth
    with pytest.raises(InputError, match="--resume"):
        run(questions, collections, tmp_path / "a")
    rows = run(questions, collections, tmp_path / "a", resume=True)
    assert [r["id"] for r in rows] == [q.id for q in questions]
    assert rows[:4] == json.loads(json.dumps(first[:4])) and len(read_results(path)) == 8
    summary = summarise(rows)
    assert "correctness" in report.table(summary)
    page = report.page(summary, rows, {"model": "<none>"})
    assert "&lt;none&gt;" in page and "http" not in page and page.count('class="q ') == 8


def figures(questions: list[GoldenQuestion], collections: Collections) -> dict[str, float]:
    rates = summarise([ask(q, collections) for q in questions])["overall"]
    return {name: value["mean"] for name, value in rates.items() if value}


def test_random_retrieval_lowers_what_it_should(collections: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    import index.search as module
    from rag import assistant

    questions = sampled({"single", "who"}, 30)
    good = figures(questions, collections)
    rng = random.Random(1)
    real = module.search

    def worse(*args, **kwargs):  # type: ignore[no-untyped-def]
        hits = real(args[0], args[1], "a", 36)
        rng.shuffle(hits)
        return hits[:8]

    monkeypatch.setattr(assistant, "search", worse)
    bad = figures(questions, collections)
    for name in ("correctness", "recall@5", "mrr"):
        assert bad[name] < good[name], (name, good[name], bad[name])


def test_boilerplate_left_in_lowers_what_it_should(
    collections: Collections, tmp_path: Path, quick: Rag, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index import build as module
    from index.store.sqlite import Store

    questions = [q for q in golden.load(golden.DEFAULT) if q.kind == "boilerplate"]
    good = figures(questions, collections)
    monkeypatch.setattr(module, "clean_all", lambda raws: ([_uncleaned(r) for r in raws], []))
    module.build(tmp_path / "ix", [seeds()], quick.embedder)
    dirty = Collections("none", Config())
    dirty._open = {"seeds": Rag(Store(tmp_path / "ix", quick.embedder), quick.embedder, None, quick.config)}
    bad = figures(questions, dirty)
    assert bad["refusal_recall"] < good["refusal_recall"], (good, bad)


def _uncleaned(raw):  # type: ignore[no-untyped-def]
    return Article(raw.id, raw.title, raw.source, raw.published, "", raw.url, (), raw.text.strip())


def test_wrong_citations_lower_what_they_should(collections: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = sampled({"single"}, 20)
    good = figures(questions, collections)
    real = Rag.stream

    def worse(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        for event in real(self, *args, **kwargs):
            if event.answer and event.answer.citations:
                first = self.articles[0]
                wrong = tuple(
                    replace(c, article_id=first.id, start=0, end=60, quote=first.text[:60])
                    for c in event.answer.citations
                )
                event = replace(event, answer=replace(event.answer, citations=wrong))
            yield event

    monkeypatch.setattr(Rag, "stream", worse)
    bad = figures(questions, collections)
    for name in ("citation_precision", "citation_recall", "checker_recall"):
        assert bad[name] < good[name], (name, good[name], bad[name])


@pytest.fixture(scope="module")
def near_misses(rag: Rag) -> tuple[list[GoldenQuestion], Collections, dict[str, float]]:
    """Questions about neighbours of what is there, with the figures of the build as it is."""
    made = Collections("default", Config())
    made._open = {"seeds": rag}
    near = [q for q in golden.load(golden.DEFAULT) if q.subkind == "near" and not q.history]
    questions = golden.sample(near, 3)  # each is asked four times
    return questions, made, figures(questions, made)


@pytest.mark.real
def test_the_decision_to_refuse_switched_off_is_seen(
    near_misses: tuple[list[GoldenQuestion], Collections, dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag import run

    questions, made, good = near_misses
    told = replace(run.CALIBRATION, worth=-99.0, thresholds=(("normal", (0.0, 0.75)),))
    monkeypatch.setattr(run, "CALIBRATION", told)
    bad = figures(questions, made)
    assert bad["refusal_recall"] < good["refusal_recall"] and bad["correctness"] < good["correctness"]


@pytest.mark.real
def test_the_verifier_switched_off_is_seen(
    near_misses: tuple[list[GoldenQuestion], Collections, dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag import run

    def unchecked(*args):  # type: ignore[no-untyped-def]
        made = real(*args)
        sure = {"right": 9.0, "exact": 1.0, "stated": 1.0}
        return [
            replace(d, signals=replace(d.signals, **sure), attributed=replace(d.attributed, problems=())) for d in made
        ]

    questions, made, _ = near_misses
    real = run.check
    # Both builds take every question to the draft, so that the check alone decides.
    monkeypatch.setattr(run, "hope", lambda *args: 1.0)
    checked = figures(questions, made)
    monkeypatch.setattr(run, "check", unchecked)
    bad = figures(questions, made)
    assert bad["refusal_recall"] < checked["refusal_recall"] and bad["correctness"] < checked["correctness"]


def test_comparison_calls_noise_noise() -> None:
    def rows(right: list[bool]) -> list[dict[str, object]]:
        base = failed("", 1.0) | {"error": None, "question": "?", "text": "t"}
        return [base | {"id": str(i), "correct": r} for i, r in enumerate(right)]

    same = report.compare(rows([True, False] * 20), rows([False, True] + [True, False] * 19))
    assert "noise" in same and "1 better" in same and "1 worse" in same
    assert "a difference" in report.compare(rows([False] * 40), rows([True] * 40))


def test_realtimeqa_format(tmp_path: Path, quick: Rag) -> None:
    (tmp_path / "w_qa.jsonl").write_text(
        json.dumps({"question_id": "w_0", "question_date": "2021/05/05", "question_sentence": "Which animal escaped from the zoo?",
                    "choices": ["a lion", "red panda"], "answer": ["1"]}) + "\n", "utf-8")  # fmt: skip
    (tmp_path / "w_gcs.jsonl").write_text(
        json.dumps({"question_id": "w_0", "search_result": [
            {"url": "https://news.example/a", "title": "Zoo", "text": "Advertisement\n\nA red panda escaped from the zoo on Monday.",
             "authors": ["A"], "publish_date": "2021/05/04"}]}) + "\n", "utf-8")  # fmt: skip
    (tmp_path / "base.jsonl").write_text(json.dumps({"question_id": "w_0", "prediction": "A lion"}) + "\n", "utf-8")
    asked, raws = quizzes.realtimeqa(tmp_path, "w")
    assert quizzes.realtimeqa_weeks(tmp_path) == ["w"] and raws[0].published == date(2021, 5, 4)
    rows = quizzes.ask_all(asked, raws, (quick.embedder, None, Config(model="none")))
    assert rows[0]["contained"] == 1.0 and rows[0]["in_collection"] and rows[0]["in_evidence"]
    assert quizzes.baseline(tmp_path / "base.jsonl", asked)[0]["contained"] == 0.0


def test_squad_and_qags_formats(tmp_path: Path, quick: Rag) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"data": [{"title": "Zoo", "paragraphs": [
        {"context": "The zoo was opened in 1871 by the duke.", "qas": [{"id": "1", "question": "When was the zoo opened?", "answers": [{"text": "1871", "answer_start": 22}]}]}]}]}), "utf-8")  # fmt: skip
    asked, raws = quizzes.squad(tmp_path / "s.json")
    assert quizzes.ask_all(asked, raws, (quick.embedder, None, Config(model="none")))[0]["contained"] == 1.0
    (tmp_path / "q.jsonl").write_text(json.dumps({"article": "A red panda escaped from the zoo. It was found in a tree.", "summary_sentences": [
        {"sentence": "A red panda escaped from the zoo.", "responses": [{"response": "yes"}] * 3},
        {"sentence": "The mayor resigned over a tax affair.", "responses": [{"response": "no"}] * 3}]}), "utf-8")  # fmt: skip
    rows = list(map(signals(quick.embedder, None), qags(tmp_path / "q.jsonl")))
    assert rows[0]["support"] > 0.5 > rows[1]["support"] and [r["supported"] for r in rows] == [True, False]


def test_answers_that_abstain_have_no_citations_to_score() -> None:
    answer = Answer("q", "q", True, "The articles do not say.")
    assert not answer.as_dict()["citations"]


@pytest.mark.real
def test_drafted_questions_wait_for_a_person(tmp_path: Path, rag: Rag) -> None:
    from eval import draft

    assert rag.llm
    drafted = draft.propose(seeds(), rag.llm, 4)
    assert drafted and all(not q.reviewed and q.facts and q.quotes for q in drafted)
    path = tmp_path / "draft.jsonl"
    path.write_text("".join(golden.to_line(q) + "\n" for q in drafted), "utf-8")
    assert golden.load(path, {a.id: a for a in rag.articles}) == drafted
