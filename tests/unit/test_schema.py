"""What an answer is as plain data: real ones hold to the schema, and the schema says all that is in them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest
from invented import SINKING, Asking

from index.types import Article
from rag.schema import AnswerData, json_schema
from rag.types import Answer, Citation, Sentence


def closed(schema: Any) -> Any:
    """The same schema, in which an object may have nothing that is not named."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in inner else inner


def check(answer: Answer) -> dict[str, Any]:
    """The answer as JSON, which the schema names to the last key."""
    data: dict[str, Any] = json.loads(json.dumps(answer.as_dict()))
    jsonschema.validate(data, closed(json_schema(AnswerData)))
    return data


def test_answers_and_refusals_of_the_program_hold_to_the_schema(asking: Asking) -> None:
    quick = replace(asking().config, model="none")
    rag = asking()
    rag.llm, rag.config = None, quick
    told = check(rag.answer(SINKING, as_of=date(2030, 1, 1)))
    assert told["citations"] and told["passages"] and told["sentences"] and told["as_of"] == "2030-01-01"
    refused = check(rag.answer("What is the capital of Australia?"))
    assert refused["abstained"] and refused["reason"]


def test_an_answer_with_everything_in_it_holds_to_the_schema() -> None:
    article = Article("a", None, None, None, "", None, (), "The ferry sank.")
    cited = Citation(1, "a", "a#0", None, None, None, None, 0, 15, "The ferry sank.", ("b",))
    said = Sentence("It sank [1].", 0, 12, (1,), 0.9, True, "", 2)
    left = Sentence("It burned.", -1, -1, (), 0.1, False, "not in the articles", 0)
    whole = Answer(
        "q", "q", False, "It sank [1].", (said,), (left,), (cited,), (), "", (article,), {"total": 1.0}, {"prompt": 3}
    )
    data = check(whole)
    assert data["near"][0] == {"id": "a", "title": "The ferry sank. …", "source": None, "date": None}


def test_the_schema_names_every_field_of_an_answer_and_no_other() -> None:
    for shape, made in (
        (AnswerData, Answer),
        *zip(_parts("sentences", "citations"), (Sentence, Citation), strict=True),
    ):
        assert set(get_type_hints(shape)) == set(made.__dataclass_fields__), shape


def _parts(*names: str) -> list[Any]:
    hints = get_type_hints(AnswerData)
    return [get_args(hints[name])[0] for name in names]


@pytest.mark.parametrize("wrong", [{"text": None}, {"citations": [{}]}, {"as_of": 3}, {"more": 1}])
def test_what_is_no_answer_is_refused(wrong: dict[str, Any]) -> None:
    data = {**json.loads(json.dumps(Answer("q", "q", True, "No.").as_dict())), **wrong}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, closed(json_schema(AnswerData)))
