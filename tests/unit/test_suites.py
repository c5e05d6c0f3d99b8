"""`rag eval --suite …` without any model: each option works or is refused, and a run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import Words

from eval import options
from eval.record import RESULTS, Record, Row
from index.errors import InputError
from rag import cli, embedders
from rag.assistant import Rag
from rag.types import Answer

Call = Callable[..., tuple[int, str, str]]
TOPICS = ("zoo", "mill", "pier", "dam", "mint", "abbey")
SQUAD = {
    "data": [
        {
            "title": topic,
            "paragraphs": [
                {
                    "context": f"The {topic} of the town was opened in 18{n}1 by the duke.",
                    "qas": [
                        {
                            "id": f"q{n}",
                            "question": f"When was the {topic} of the town opened?",
                            "answers": [{"text": f"18{n}1"}],
                        }
                    ],
                }
            ],
        }
        for n, topic in enumerate(TOPICS)
    ]
}
QAGS = [
    {
        "article": "A red panda escaped from the zoo. It was found in a tree.",
        "summary_sentences": [
            {"sentence": "A red panda escaped from the zoo.", "responses": [{"response": "yes"}] * 3},
            {"sentence": "The mayor resigned over a tax affair.", "responses": [{"response": "no"}] * 3},
        ],
    }
]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`rag eval` with an embedder by words and no language model."""
    monkeypatch.setattr(embedders, "load", Words)

    def run(*args: object) -> tuple[int, str, str]:
        code = cli.main(["eval", "--model", "none", *map(str, args)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    (tmp_path / "town.json").write_text(json.dumps(SQUAD), "utf-8")
    return tmp_path / "town.json"


def ids(folder: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / RESULTS).read_text("utf-8").splitlines()]


GIVEN = {
    "golden": ["--golden", "a.jsonl"],
    "index": ["--index", "ix"],
    "collection": ["--collection", "ix"],
    "kind": ["--kind", "who"],
    "include_unreviewed": ["--include-unreviewed"],
    "json": ["--json"],
    "fail_under": ["--fail-under", "correctness=1"],
    "fail_over": ["--fail-over", "harm=0"],
    "data": ["--data", "a.json"],
    "limit": ["--limit", "3"],
    "week": ["--week", "20220617"],
    "baseline": ["--baseline", "b.jsonl"],
    "caution": ["--strict"],
}
REFUSED = [(suite, name) for suite, used in options._USES.items() for name in GIVEN if name not in used]


@pytest.mark.parametrize(("suite", "name"), REFUSED)
def test_an_option_that_a_suite_does_not_use_is_refused(call: Call, suite: str, name: str) -> None:
    code, out, err = call("--suite", suite, *GIVEN[name])
    option = GIVEN[name][0]
    assert code == 1 and not out
    assert err.startswith(f"rag: --suite {suite} does not use {option}. Leave it out; it is for "), err


def test_every_option_of_a_run_is_for_all_suites_or_for_some() -> None:
    shared = {
        "--suite",
        "--sample",
        "--out",
        "--resume",
        "--model",
        "--gpu-layers",
        "--llm-url",
        "--lenient",
        "--help",
    }
    actions = cli.parser()._subparsers._group_actions[0].choices["eval"]._subparsers._group_actions[0].choices  # type: ignore[union-attr,attr-defined,index,call-overload]
    of_run = {action.option_strings[-1] for action in actions["run"]._actions}
    assert of_run == shared | {given[0] for given in GIVEN.values()}


def test_a_sample_is_spread_and_a_limit_is_the_first(call: Call, squad: Path, tmp_path: Path) -> None:
    given = ["--suite", "squad", "--data", squad]
    code, out, _ = call(*given, "--sample", 3, "--out", tmp_path / "a")
    assert code == 0 and "contained 1.000" in out and "n=3" in out
    assert ids(tmp_path / "a") == ["q0", "q2", "q4"]
    call(*given, "--limit", 2, "--out", tmp_path / "b")
    assert ids(tmp_path / "b") == ["q0", "q1"]
    call(*given, "--limit", 4, "--sample", 2, "--out", tmp_path / "c")
    assert ids(tmp_path / "c") == ["q0", "q2"]


@pytest.mark.parametrize("option", ["--sample", "--limit"])
def test_none_at_all_is_no_number_of_questions(call: Call, squad: Path, option: str) -> None:
    code, _, err = call("--suite", "squad", "--data", squad, option, 0)
    assert code == 1 and err == f"rag: {option} is 0. Give a number from 1.\n"


def test_a_suite_goes_on_where_it_stopped(
    call: Call, squad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answer = Rag.answer

    def counted(rag: Rag, question: str, **others: object) -> Answer:
        if len(asked) == 4:
            raise KeyboardInterrupt
        asked.append(question)
        return answer(rag, question, **others)  # type: ignore[arg-type]

    given = ["--suite", "squad", "--data", squad, "--out", tmp_path / "run"]
    monkeypatch.setattr(Rag, "answer", counted)
    assert call(*given)[0] == 130, "stopped by the person who started it"
    assert ids(tmp_path / "run") == ["q0", "q1", "q2", "q3"]
    monkeypatch.setattr(Rag, "answer", answer)
    code, _, err = call(*given)
    assert code == 1 and "holds an earlier run. Add --resume, or name another folder with --out." in err
    with (tmp_path / "run" / RESULTS).open("a") as file:
        file.write('{"id": "q4", "half a li')
    code, out, _ = call(*given, "--resume")
    assert code == 0 and "n=6" in out and "contained 1.000" in out
    assert ids(tmp_path / "run") == [f"q{n}" for n in range(6)]
    assert len(set(asked)) == 4


@pytest.mark.parametrize("suite", ["golden", "squad"])
def test_there_must_be_something_to_go_on_with(call: Call, squad: Path, suite: str) -> None:
    data = ["--data", squad] if suite == "squad" else []
    code, _, err = call("--suite", suite, *data, "--resume")
    assert code == 1 and err == "rag: --resume needs the folder of the run. Add --out DIR.\n"


def test_judged_sentences_are_recorded_too(call: Call, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QAGS), "utf-8")
    code, out, _ = call("--suite", "qags", "--data", tmp_path / "q.jsonl", "--out", tmp_path / "run")
    assert code == 0 and "AUROC of support   1.000" in out and "2 sentences, 1 supported" in out
    assert ids(tmp_path / "run") == ["1", "2"]
    assert call("--suite", "qags", "--data", tmp_path / "q.jsonl", "--out", tmp_path / "run", "--resume")[1] == out


def test_a_record_without_a_folder_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    class Asked:
        id = "a"

    def row(item: Asked) -> Row:
        return {"id": item.id}

    assert Record(None).fill([Asked()], row) == [{"id": "a"}] and not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="--out DIR"):
        Record(None, resume=True)
