"""What happens while a question is answered: events, stopping, errors, and how much is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes import Rule, ScriptError, Words, news
from invented import HOLDS, RESCUED, RIGHT, SHORTEST, SINKING, WRITES, Asking, drafted, model

from index.build import build
from index.errors import EngineCrashed, EngineDied, InputError
from rag.assistant import Rag
from rag.engine.base import LanguageModel
from rag.question.understand import Question
from rag.run import Run, Steps
from rag.types import Event, Passage

NEAREST = "The ferry Aurora sank off Turku on Sunday."
ANSWER = "All 212 passengers were rescued by the coast guard [1]."
READS = [Rule(("Aurora sank", HOLDS), 4.0), Rule(HOLDS, -5.0), Rule(RIGHT, 6.0)]
ANSWERS = [*READS, Rule(WRITES, RESCUED)]


def died() -> EngineDied:
    return EngineDied("The engine stopped with signal 11 while it was at work.", "Ask again.")


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    """The events by kind and text; those that follow each other and say the same are one."""
    told = [(e.kind, e.text) for e in events]
    return [event for n, event in enumerate(told) if n == 0 or event != told[n - 1]]


# ---- events ------------------------------------------------------------------------------


def test_events_come_in_order_and_the_answer_last(asking: Asking) -> None:
    events = list(asking(*ANSWERS).stream(SINKING))
    assert kinds(events) == [
        ("status", "searching 5 articles"),
        ("evidence", NEAREST),
        ("status", "reading 3 passages"),
        ("status", "writing"),
        ("status", "checking"),
        ("answer", ANSWER),
    ]
    assert [e.answer is not None for e in events] == [False] * (len(events) - 1) + [True]
    (nearest,) = [e.evidence for e in events if e.evidence]
    assert nearest.text == nearest.article.text[nearest.start : nearest.end] == NEAREST
    timings = events[-1].answer.timings if events[-1].answer else {}
    assert set(timings) == {"rewrite", "search", "read", "write", "check", "total"}


def test_a_follow_up_is_understood_first(asking: Asking) -> None:
    rag = asking(Rule("Last question:", SINKING), *ANSWERS)
    first, second, *_ = rag.stream("How many of them?", [{"role": "user", "content": "Who sailed on the Aurora?"}])
    assert (first.text, second.text) == ("understanding the question", "searching 5 articles")


def test_no_word_of_a_draft_is_in_an_event_before_it_was_checked(asking: Asking) -> None:
    """Neither of one that becomes the answer nor of one that is dropped."""
    rag = asking(
        Rule(("ferry Aurora", HOLDS), 3.0),
        Rule((WRITES, "Juhani Salo"), "Zeppelins overtook it."), Rule("Proposed answer: Zeppelins", -6.0),
        Rule((WRITES, "Aurora sank"), "Captain Elina Saari said that a broken valve had failed."), Rule(RIGHT, 9.0),
    )  # fmt: skip
    *before, last = rag.stream("What was said about the valve of the ferry Aurora?")
    said = " ".join(e.text for e in before) + repr([e.evidence for e in before])
    assert "broken" in last.text and last.answer and "Zeppelins" in last.answer.dropped[0].text
    assert "Zeppelins" not in last.text and "Zeppelins" not in said and "broken" not in said
    assert {e.text for e in before if e.kind == "status"} == {
        "searching 5 articles", "reading 3 passages", "writing", "checking"
    }  # fmt: skip
    assert all(e.answer is None for e in before)


def test_a_refusal_is_an_event_like_an_answer(asking: Asking) -> None:
    events = list(asking(Rule(HOLDS, -5.0)).stream("What is the capital of Australia?"))
    assert [e.kind for e in events if e.kind != "status"] == ["evidence", "answer"]
    assert events[-1].answer and events[-1].answer.abstained


# ---- stopping ------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(13))
def test_whoever_stops_frees_the_model(asking: Asking, place: int) -> None:
    """Wherever it is stopped: while it searches, reads, writes (from the fourth event on) or checks."""
    rag = asking(*ANSWERS)
    events = rag.stream(SINKING)
    for _ in range(place):
        next(events)
    events.close()
    assert not model(rag).busy
    done = len(model(rag).asked)
    assert rag.answer(SINKING).text == ANSWER
    assert [a.kind for a in model(rag).asked[done:]] == ["score"] * 3 + ["likely"] * 2 + ["write"] * 3 + ["score"], (
        "from the beginning"
    )


def test_nothing_more_is_written_once_it_is_stopped(asking: Asking) -> None:
    rag = asking(*ANSWERS)
    events = rag.stream(SINKING)
    while next(events).text != "writing":
        pass
    assert model(rag).busy
    with pytest.raises(ScriptError, match="still at work"):
        model(rag).score([])
    events.close()
    (written,) = [a for a in model(rag).asked if a.kind == "write"]
    assert written.pieces == 1 and not written.done and not model(rag).busy


# ---- errors --------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [("Aurora sank", HOLDS), WRITES, RIGHT], ids=["reading", "writing", "checking"])
def test_an_engine_that_died_once_is_asked_again(asking: Asking, where: str | tuple[str, ...]) -> None:
    rag = asking(Rule(where, died(), times=1), *ANSWERS)
    events = list(rag.stream(SINKING))
    (restart,) = [n for n, e in enumerate(events) if e.kind == "restart"]
    assert events[restart].text == "the engine stopped and is started again"
    assert kinds(events[restart + 1 :]) == kinds(list(asking(*ANSWERS).stream(SINKING))), "the whole of it, once more"
    assert events[-1].text == ANSWER


def test_an_engine_that_died_twice_is_an_error(asking: Asking) -> None:
    rag = asking(Rule(WRITES, died(), times=2), *ANSWERS)
    seen: list[Event] = []
    with pytest.raises(EngineDied, match="signal 11"):
        seen.extend(rag.stream(SINKING))
    assert len(drafted(rag)) == 2 and not model(rag).busy
    assert rag.answer(SINKING).text == ANSWER, "the next question is answered"


def test_an_engine_that_failed_and_lives_is_not_asked_again(asking: Asking) -> None:
    failed = EngineCrashed("The engine could not read 9 tokens (status 1).", "Ask a shorter question.")
    rag = asking(Rule(HOLDS, failed, times=1), *ANSWERS)
    with pytest.raises(EngineCrashed, match="could not read 9 tokens"):
        rag.answer(SINKING)
    assert len(model(rag).asked) == 1 and not model(rag).busy


def test_what_cannot_be_asked_never_reaches_the_model(asking: Asking) -> None:
    rag = asking()
    for question, history in (("", []), ("x" * 2_001, []), (SINKING, [{"role": "system", "content": "x"}])):
        with pytest.raises(InputError):
            rag.answer(question, history)  # type: ignore[arg-type]
    assert model(rag).asked == []


def test_the_model_goes_with_the_collection(asking: Asking) -> None:
    with asking(*ANSWERS) as rag:
        assert not model(rag).closed
    assert model(rag).closed


# ---- how much is read ------------------------------------------------------------------------

QUESTION = "How many crates of herring did the trawler land?"
NAMES = [
    f"{a}{b}" for a in ("Al", "Be", "Co", "Da", "El") for b in ("dor", "fim", "gan", "hus", "kel", "lob", "mur", "nes")
]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty articles that a question may be about, of which the second word tells them apart."""
    base = tmp_path_factory.mktemp("many")
    articles = [
        (name, "Reuters", f"2024-03-{n % 28 + 1:02}", f"The {name} is a trawler. It did land {n + 100} crates of herring at {name} quay.")
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    build(base / "ix", [news(base / "in", articles)], Words())
    return base / "ix"


def read(rag: Rag) -> int:
    return len([p for p in model(rag).prompts("score") if HOLDS in p])


SURE = [  # whichever of the forty stands first: which one does differs from CPU to CPU
    *(Rule((f"{name} quay", WRITES), f"It did land {n + 100} crates of herring.") for n, name in enumerate(NAMES)),
    *(Rule((f"{name} quay", SHORTEST), f"{n + 100} crates") for n, name in enumerate(NAMES)),
    Rule(RIGHT, 6.0),
]
TOLD = [*SURE[:-1], Rule(RIGHT, -2.0)]
POOR = [Rule(WRITES, "Many crates of cod."), Rule(RIGHT, -9.0)]


@pytest.mark.parametrize(
    ("rules", "settings", "passages"),
    [
        ([Rule(HOLDS, 5.0), *SURE], {}, 3),  # a sure answer after three
        ([Rule(HOLDS, 5.0), *TOLD], {}, 8),  # one that is told with a mark after eight
        ([Rule(("Benes", HOLDS), 6.0), Rule(HOLDS, -5.0), Rule(SHORTEST, "not stated"), *POOR], {}, 12),
        ([Rule(HOLDS, 5.0), *POOR], {}, 12),  # no answer: on, to half as many again
        ([Rule(HOLDS, -5.0)], {}, 12),
        ([Rule(HOLDS, 5.0), *SURE], {"stop_early": False}, 8),
        ([Rule(HOLDS, 5.0), *POOR], {"stop_early": False}, 8),
        ([Rule(HOLDS, 5.0), *SURE], {"read": 16}, 6),
        ([Rule(HOLDS, -5.0)], {"candidates": 9}, 9),
    ],
)
def test_reading_goes_on_until_an_answer_is_good_enough(
    asking: Asking, many: Path, rules: list[Rule], settings: dict[str, object], passages: int
) -> None:
    rag = asking(*rules, index=many, **settings)
    answer = rag.answer(QUESTION)
    assert read(rag) == len(answer.passages) == passages
    assert answer.abstained == (not any(rule in SURE for rule in rules))
    assert all(s.supported == (rules[-1] in SURE) for s in answer.sentences)


def test_a_right_passage_that_is_read_late_is_still_found(asking: Asking, many: Path) -> None:
    """What was drafted from the first passages is poor, so more are read; the best of all is the answer."""
    last = asking(Rule(HOLDS, -5.0), index=many).answer(QUESTION).passages[-1]
    name = last.text.split()[1]
    rag = asking(
        Rule((name, HOLDS), 6.0), Rule(HOLDS, 1.0), Rule((name, SHORTEST), "crates at " + name), Rule((name, RIGHT), 6.0),
        Rule((name, WRITES), last.text.split(". ")[1]), Rule(WRITES, "It landed many crates of herring."), Rule(RIGHT, -2.0),
        index=many,
    )  # fmt: skip
    answer = rag.answer(QUESTION)
    assert not answer.abstained and [c.article_id for c in answer.citations] == [last.article.id]
    assert len(drafted(rag)) > 1, "others were tried before"


def test_several_statements_need_more_than_one_clear_passage(asking: Asking, many: Path) -> None:
    rag = asking(Rule(HOLDS, 6.0), Rule(WRITES, "Many."), Rule(RIGHT, -9.0), index=many)
    rag.answer("Which trawlers landed herring?")
    assert read(rag) == 16 + 12, "and once more for one fact, as none of them can be told"


def test_where_no_statement_can_be_told_one_fact_is_looked_for(
    asking: Asking, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = list[str]()
    look = Run.look

    def watched(run: Run, question: Question, llm: LanguageModel, found: Sequence[Passage]) -> Steps:
        looked.append(question.kind)
        yield from look(run, question, llm, found)

    monkeypatch.setattr(Run, "look", watched)
    asked = "Which trawlers landed herring?"
    assert asking(Rule(HOLDS, 4.0), *POOR, index=many).answer(asked).abstained and looked == ["several", "fact"]
    looked.clear()
    assert not asking(Rule(HOLDS, 6.0), *SURE, index=many).answer(asked).abstained and looked == ["several"]


def test_no_more_is_read_than_the_tokens_allow_and_always_one_passage(asking: Asking, many: Path) -> None:
    rules = [Rule(HOLDS, -5.0)]
    whole = asking(*rules, index=many)
    whole.answer(QUESTION)
    asked = [p.split("<user>")[1].split("<assistant>")[0] for p in model(whole).prompts("score")]
    (each,) = {model(whole).count(text) for text in asked}
    for tokens, passages in ((1, 1), (4 * each, 4), (5 * each - 1, 4), (9 * each, 9)):
        rag = asking(*rules, index=many, prompt_tokens=tokens)
        rag.answer(QUESTION)
        assert read(rag) == passages, tokens
    one = asking(*rules, index=many, prompt_tokens=1)
    first = one.answer(QUESTION)
    again = one.answer(QUESTION)
    assert len(first.passages) == len(again.passages) == 1
    assert again.tokens["prompt"] < first.tokens["prompt"], "what was read is kept; the budget does not depend on it"


def test_the_tokens_of_an_answer_are_its_own(asking: Asking) -> None:
    """Of a model that several questions share, each counts what it took itself."""
    rag = asking(*ANSWERS)
    events = rag.stream(SINKING)
    next(events)
    other = rag.answer(SINKING)
    last = list(events)[-1].answer
    assert last and last.text == other.text
    assert other.tokens["generated"] == last.tokens["generated"] == len(RESCUED.split()) + 2 * len(["not", "stated"])
    assert last.tokens["prompt"] < other.tokens["prompt"], "the passages had been read by then"
