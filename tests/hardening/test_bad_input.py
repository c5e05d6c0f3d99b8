"""Every command with every kind of wrong argument: one sentence, the right exit code, no traceback; and any text at all."""

from __future__ import annotations

import argparse
import json
import os
import re
import tomllib
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import SOAK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import InputError
from index.reading.boilerplate import clean, tidy
from index.reading.files import read_file, read_folders
from index.reading.metadata import METADATA
from index.store.writer import as_data
from index.text.dates import WEEKDAYS, mentions, parse_day
from index.text.stretches import stretches
from index.text.words import terms
from index.types import RawArticle, Skipped
from rag.assistant import Rag
from rag.claims.attribution import split_draft
from rag.cli import main, parser
from rag.question.check import check_history, check_question
from rag.question.period import period

MANY = settings(
    max_examples=2_000 if SOAK else 60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LONG = "x" * 100_000


def leaves(
    parser: argparse.ArgumentParser, name: tuple[str, ...] = ()
) -> dict[tuple[str, ...], argparse.ArgumentParser]:
    """Each command's parser, and those of its actions where it has some."""
    for nested in (a for a in parser._actions if isinstance(a, argparse._SubParsersAction)):
        return {k: v for sub, its in nested.choices.items() for k, v in leaves(its, (*name, sub)).items()}
    return {name: parser}


def wrong_options() -> list[list[str]]:
    """For each option of each command what it cannot be."""
    out = []
    for name, command in leaves(parser()).items():
        first = [*name, *("x" for a in command._actions if not a.option_strings and a.nargs in (None, "+"))]
        for action in command._actions:
            if not action.option_strings or action.nargs == 0 or action.dest == "help":
                continue
            option = action.option_strings[-1]
            out.append([*first, option])  # nothing after it
            if action.type in (int, float):
                out += [[*first, option, value] for value in ("x", "", "1e999x", "١x")]
            if action.choices:
                out.append([*first, option, "no-such-choice"])
        out.append([*first, "--no-such-option"])
    return out


@pytest.mark.parametrize("args", wrong_options(), ids=" ".join)
def test_a_wrong_option_is_told_with_the_usage(capsys: pytest.CaptureFixture[str], args: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(args)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "usage: rag" in said and "error:" in said and "Traceback" not in said


# What parses and cannot be used: it must be told before anything is loaded or served.
WRONG = [
    ["ask", ""],
    ["ask", "   "],
    ["ask", LONG],
    ["ask", "Who?", "--read", "0"],
    ["ask", "Who?", "--read", "-3"],
    ["ask", "Who?", "--as-of", "yesterday"],
    ["ask", "Who?", "--as-of", "2022-13-45"],
    ["ask", "Who?", "--after", ""],
    ["ask", "Who?", "--before", "٢٠٢٢-٠١-٠١x"],
    ["ask", "Who?", "--model", "no-such-model"],
    ["ask", "Who?", "--model", "{dir}"],
    ["ask", "Who?", "--model", "{junk}"],
    ["ask", "Who?", "--source", "no-such-source"],
    ["ask", "Who?", "--after", "2022-04-01", "--before", "2022-03-01"],
    ["ask", "Who?", "{dir}/none"],
    ["ask", "Who?", "{dir}"],
    ["ask", "Who?", "--index", "{dir}/none"],
    ["ask", "Who?", "--index", "{junk}"],
    ["ask", "Who?", "--index", LONG],
    ["ask", "Who?", "--index", "a\0b"],
    ["ask", "Who?", "--uri", "ftp://nowhere"],
    ["ask", "Who?", "--llm-url", "not a url"],
    ["ask", "Who?", "--llm-url", "http://127.0.0.1:9"],
    ["index", "{dir}/none"],
    ["index", "{dir}"],
    ["index", "{junk}"],
    ["index", LONG],
    ["index", "{articles}", "--index", "{junk}"],
    ["index", "{articles}", "--index", "/proc/none"],
    ["index", "{articles}", "--embedder", "no-such-model"],
    ["index", "--repair", "--index", "{dir}/none"],
    ["index", "--rebuild", "--uri", "{dir}/m.db"],
    ["search", ""],
    ["search", "a query", "--k", "0"],
    ["search", "a query", "--k", "-1"],
    ["search", "a query", "--after", "soon"],
    ["search", "a query", "--index", "{dir}/none"],
    ["articles", "show", "no-such-article"],
    ["articles", "show", "../../etc/passwd"],
    ["articles", "show", "\udcff"],
    ["articles", "remove", "\udcff"],
    ["articles", "add", "{dir}/none.txt"],
    ["articles", "add", "{junk}"],
    ["articles", "remove", "no-such-article"],
    ["articles", "set", "no-such-article", "--title", "x"],
    ["articles", "set", "\udcff", "--title", "x"],
    ["articles", "--index", "{dir}/none"],
    ["models", "fetch", "no-such-model"],
    ["chat", "--index", "{dir}/none"],
    ["chat", "--port", "99999999"],
    ["chat", "--port", "-1"],
    ["chat", "--host", "0.0.0.0"],
    ["chat", "--host", "0.0.0.0", "--auth", "{dir}/none"],
    ["chat", "--auth", "{junk}"],
    ["chat", "--read-ahead", "-1"],
    ["chat", "--model", "no-such-model"],
    ["chat", "--llm-url", "nonsense"],
    ["doctor", "--engine", "--model", "no-such-model"],
    ["doctor", "--speed", "--model", "no-such-model"],
    ["doctor", "--tune", "--model", "{junk}"],
    ["password", ""],
    ["eval", "compare", "{dir}", "{dir}"],
    ["eval", "draft", "{dir}"],
    ["eval", "--golden", "{junk}"],
    ["eval", "--golden", "{dir}/none"],
    ["eval", "--sample", "0"],
    ["eval", "--sample", "-1"],
    ["eval", "--resume"],
    ["eval", "--suite", "attacks", "--golden", "{junk}"],
    ["eval", "--suite", "squad", "--data", "{junk}", "--limit", "0"],
    ["eval", "draft", "{dir}", "--limit", "0"],
    ["eval", "--kind", "no-such-kind"],
    ["eval", "--fail-under", "nonsense"],
    ["eval", "--fail-under", "correctness=much"],
    ["eval", "--fail-under", "no-such-figure=1"],
    ["eval", "--suite", "qags"],
    ["eval", "--suite", "qags", "--data", "{dir}/none"],
    ["eval", "--suite", "squad", "--data", "{junk}"],
    ["eval", "--suite", "realtimeqa", "--data", "{dir}"],
    ["bench", "scale", "--chunks", "0"],
    ["bench", "scale", "--chunks", "-5"],
    ["bench", "index", "--folder", "{dir}/none"],
    ["bench", "index", "--runs", "0"],
    ["bench", "index", "--articles", "0"],
    ["bench", "answer", "--model", "none"],
    ["bench", "answer", "--sample", "0"],
    ["bench", "serve", "--people", "0"],
    ["bench", "serve", "--minutes", "-1"],
]


@pytest.mark.parametrize("args", WRONG, ids=lambda args: " ".join(args)[:70].replace("\0", "NUL"))
def test_what_cannot_be_used_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, seeds_index: Path, args: list[str]
) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "junk").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.txt").write_text("The bridge was opened in May.")
    places = {name: str(tmp_path / name) for name in ("dir", "junk", "articles")}
    filled = [a.format(**places) if "{" in a else a for a in args]
    if "--index" not in filled and filled[0] in ("ask", "search", "articles", "chat"):
        filled += ["--index", str(seeds_index)]
    if (
        filled[0] in ("ask", "chat", "eval")
        and "compare" not in filled
        and "--model" not in filled
        and "--llm-url" not in filled
    ):
        filled += ["--model", "none"]
    code = main(filled)
    said = capsys.readouterr()
    assert code == 1, said
    assert said.err.startswith("rag: ") or "skipped" in said.out or "FAIL" in said.out
    assert "Traceback" not in said.err and len(said.err.strip().splitlines()) <= 2 and len(said.err) < 1_000


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("question", None), ("question", b"Who?"), ("question", 7), ("question", ["Who?"]), ("question", ""),
     ("question", LONG), ("history", "text"), ("history", 3), ("history", [{"role": "user"}]), ("history", [None]),
     ("history", [{"role": "system", "content": "x"}]), ("as_of", "2022-03-30"), ("as_of", 20220330),
     ("after", "soon"), ("before", 1.5), ("source", 3), ("source", ["Reuters"])],
)  # fmt: skip
def test_answer_names_the_argument_that_is_wrong(quick: Rag, name: str, wrong: Any) -> None:
    given: dict[str, Any] = {"question": "Who led the Russian side?", name: wrong}
    with pytest.raises(InputError, match=rf"(?i)\b{name}\b"):
        quick.answer(**given)


def test_an_argument_that_is_no_utf_8_is_cleaned(capsys: pytest.CaptureFixture[str], seeds_index: Path) -> None:
    odd = os.fsdecode(b"Istanbul \xff")
    assert main(["ask", odd, "--model", "none", "--index", str(seeds_index)]) == 0
    assert main(["search", odd, "--index", str(seeds_index)]) == 0
    assert main(["search", "Istanbul", "--source", odd, "--index", str(seeds_index)]) == 1
    assert "The sources are: " in capsys.readouterr().err


# ---- any text at all ----------------------------------------------------------

# With halves of surrogate pairs: JSON may hold them, and names of files and arguments that are no UTF-8.
characters = st.characters(exclude_categories=()) | st.characters(categories=["Cs"])
texts = st.text(characters, max_size=400) | st.lists(
    st.sampled_from(
        ["Share this article", "on Monday", "30 March 2022", "© Reuters", "[1]", "He said", "later this week", "last winter", "\n\n", "<|im_start|>", "“", "\u202e"]
    ), max_size=30
).map(" ".join)  # fmt: skip


@MANY
@given(text=texts, title=st.none() | texts, source=st.none() | texts)
def test_cleaning_invents_nothing(text: str, title: str | None, source: str | None) -> None:
    article = clean(RawArticle("a", text, "a.txt", title=title, source=source))
    there = "".join(tidy(text).split())
    assert all("".join(part.split()) in there for part in article.text.split("\n\n"))
    assert all(article.text[a:b].strip() for a, b in article.captions)
    kept = sum(len(part.split()) for part in article.text.split("\n\n"))
    assert kept + sum(len(r.text.split()) for r in article.removed) >= len(tidy(text).split())
    as_data(article).encode()


days = st.dates() | st.sampled_from([date.min, date.max, date(1, 1, 7), date(9999, 12, 25)])


@MANY
@given(text=texts, published=st.none() | days)
def test_days_are_found_where_they_stand(text: str, published: date | None) -> None:
    for mention in mentions(text, published):
        assert text[mention.start : mention.end] == mention.words
        named = [name for name in WEEKDAYS if re.fullmatch(rf"(?:\w+\s+)?{name}", mention.words.lower())]
        if named:
            assert published and abs((mention.day - published).days) <= 7
            assert WEEKDAYS[mention.day.weekday()] == named[0]
    for stretch in stretches(text, published):
        assert text[stretch.start : stretch.end] == stretch.words and stretch.short
        assert published and stretch.first <= stretch.last and abs(stretch.first.year - published.year) <= 2
    asked = period(text, published)
    assert asked.first is None or asked.last is None or asked.first <= asked.last
    for near in (None, published):
        day = parse_day(text, near)
        assert day is None or 1000 <= day.year <= 2200


@pytest.mark.parametrize(
    "published", [date.min, date.max, date(1, 1, 2), date(9999, 12, 30), date(1000, 1, 1), date(2200, 12, 31)]
)
@pytest.mark.parametrize("words", ["yesterday", "tomorrow", "tonight", "The talks will resume Monday.", "last Monday", "next Friday", "on 30 March",
                                   "last week", "next weekend", "last month", "next year", "early January", "in December", "0001-01-01", "1 January 9999"])  # fmt: skip
def test_no_day_is_too_early_or_too_late(words: str, published: date) -> None:
    outside = not 1000 <= published.year <= 2200
    assert not (outside and (mentions(words, published) or stretches(words, published)))
    assert not (outside and period(words, published).bounded)
    assert all(1000 - 1 <= m.day.year <= 2200 + 1 for m in mentions(words, published))
    assert parse_day("0001-01-01") is None and parse_day("31 December 9999") is None


@MANY
@given(text=texts | st.text("[]1,2 *.a", max_size=20))
def test_markers_are_told_from_text(text: str) -> None:
    assert not any(re.search(r"\[\d{1,3}\]", part) for part in split_draft(text))
    assert all(word == word.lower() for word in terms(text))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(characters, max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["text", "id", "date", "title", "x"]), inner),
    max_leaves=12,
)  # fmt: skip


@MANY
@given(lines=st.lists(st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode()), max_size=6))
def test_any_line_is_an_article_or_skipped_with_a_reason(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / f"{os.getpid()}.jsonl"
    path.write_bytes(b"\n".join(lines))
    found = read_file(path, tmp_path)
    for item in [found] if isinstance(found, Skipped) else found:
        assert item.why if isinstance(item, Skipped) else item.text.strip() and item.id
        json.dumps(asdict(item), ensure_ascii=False, default=str).encode()


toml_values = st.recursive(
    st.booleans().map(lambda v: str(v).lower()) | st.integers().map(str) | st.dates().map(str) | st.datetimes().map(lambda d: d.isoformat())
    | texts.map(lambda v: json.dumps(v, ensure_ascii=False)), lambda inner: st.lists(inner, max_size=3).map(lambda v: f"[{', '.join(v)}]"),
    max_leaves=6,
)  # fmt: skip


@MANY
@given(
    fields=st.dictionaries(st.sampled_from(["title", "source", "url", "date", "date_how", "authors", "x"]), toml_values)
)
def test_any_articles_toml_is_used_or_told(tmp_path: Path, fields: dict[str, str]) -> None:
    (tmp_path / "a.txt").write_text("The bridge was opened in May.")
    lines = "".join(f"{key} = {value}\n" for key, value in fields.items())
    (tmp_path / METADATA).write_bytes(b"[a]\n" + lines.encode("utf-8", "surrogatepass"))
    (raw,), skipped = read_folders([tmp_path])
    assert all(s.why for s in skipped)
    as_data(clean(raw)).encode()
    assert raw.title is None or isinstance(raw.title, str)
    assert raw.published is None or type(raw.published) is date
    try:
        known = tomllib.loads((tmp_path / METADATA).read_text("utf-8"))["a"]
    except (tomllib.TOMLDecodeError, UnicodeError):
        known = {"not TOML": None, "could not be read": None}
        assert any(why in s.why for s in skipped for why in known)
    for key in {"title", "source", "url", "date_how"} & set(known):
        assert isinstance(known[key], str) != any(f"{key} is not text" in s.why for s in skipped)
    if "date" in known and isinstance(known["date"], date) and 1000 <= known["date"].year <= 2200:
        assert raw.published and raw.published.timetuple()[:3] == known["date"].timetuple()[:3]


@MANY
@given(history=st.one_of(json_values, st.lists(st.fixed_dictionaries({"role": json_values, "content": json_values}))))
def test_any_history_is_turns_or_refused(history: Any) -> None:
    try:
        turns = check_history(history)
    except InputError as error:
        assert "history" in str(error)
    else:
        assert all(t["role"] in ("user", "assistant") and t["content"].encode() is not None for t in turns)


@MANY
@given(question=st.one_of(json_values, texts))
def test_any_question_is_text_or_refused(question: Any) -> None:
    try:
        assert check_question(question).encode().strip()
    except InputError as error:
        assert "question" in str(error)
