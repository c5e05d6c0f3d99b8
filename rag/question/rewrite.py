"""A follow-up becomes a question that stands alone; one that already does is left untouched."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.text.words import content
from rag import prompt
from rag.calibration import CALIBRATION
from rag.engine.base import LanguageModel
from rag.markers import without_markers
from rag.types import Turn

# "that" after a verb of saying, "there is", "it takes": words that point to nothing said before.
_NO_PRONOUN = re.compile(
    r"\b(?:said|says?|saying|told \w+|tells? \w+|claim(?:ed|s)?|den(?:y|ied|ies)|hop(?:e|ed|es)|belie\w+|know[ns]?|announced?|mean[st]?) that\b|"
    r"\bthere (?:is|are|was|were|will|has|have|had)\b|\b(?:is|are|was|were|did|does|will) (?:there|it take)\b|\bit (?:takes?|took)\b",
    re.I,
)
_PERSON = re.compile(r"\b(?:he|she|they|him|her|them|his|hers|their|theirs)\b", re.I)
_PRONOUN = re.compile(rf"{_PERSON.pattern}|\b(?:it|its)\b", re.I)
_LEANS = re.compile(
    r"\b(?:he|she|they|it|him|her|them|his|hers|their|theirs|its|that|this|those|these|there|then|the same|the other|"
    r"former|latter|such|one|ones|instead|else|again)\b",
    re.I,
)
_OPENS = re.compile(
    r"^\s*(?:and|but|so|or|what about|how about|also|why\??$|when\??$|who\??$|where\??$|how\??$|really|since when)\b",
    re.I,
)
_NAMED = re.compile(r"(?<!^)\b[A-Z]")
_LATER = re.compile(r"\b(?:\w+\s+)?(?:days?|weeks?|months?|years?)\s+(?:later|earlier|before|after|ago)\b", re.I)


def leans_on_history(question: str) -> bool:
    """Whether a question cannot be understood alone.

    It has a pronoun, begins with "and …", or is short and names nobody: "How many were on board?".
    """
    words = re.findall(r"\w+", question)
    short = len(words) <= CALIBRATION.short_question and not _NAMED.search(question)
    return bool(_LEANS.search(_pointing(question)) or _OPENS.search(question) or short)


def has_pronoun(question: str) -> bool:
    """Whether a question has a pronoun for somebody or something that is named before it."""
    return bool(_PRONOUN.search(_pointing(question)))


def _pointing(question: str) -> str:
    """The question without the words that look as if they pointed to something before it, and do not."""
    named = _NAMED.search(question)
    # "he" after a name is the one who was named.
    after = question[named.end() :] if named else ""
    return _NO_PRONOUN.sub(" ", question[: len(question) - len(after)] + _PERSON.sub(" ", after))


def standalone(question: str, history: Sequence[Turn], llm: LanguageModel | None) -> str:
    """The question with what it leans on named.

    Where the first rewriting names nothing of the conversation, or does not ask the question, it is rewritten once
    more, after examples. Where that fails, too, the last question and its answer are put before it: with the question
    alone, that would be answered once more. Without a model it is the last question.
    """
    if not history or not leans_on_history(question):
        return question
    last = next((t["content"] for t in reversed(history) if t["role"] == "user"), "")
    if llm is None:
        return f"{last} {question}"
    told = prompt.conversation(history[-CALIBRATION.turns :], question)
    asking, (fewest, most) = "", CALIBRATION.rewrite_letters
    for system, examples in ((prompt.REWRITE, ""), (prompt.REWRITE_AGAIN, prompt.REWRITE_EXAMPLES)):
        line = _line("".join(llm.write(llm.chat(system, examples, told), CALIBRATION.rewrite_tokens)))
        if fewest <= len(line) <= most and _asks_it(line, question, last):
            asking = asking or line
            if _names_something(line, question, history):
                return line
    return asking or f"{last_turns(history)} {question}"


def _line(written: str) -> str:
    """The question in what the model wrote."""
    line = written.strip().splitlines()[0].strip().strip('"“”') if written.strip() else ""
    return re.sub(r"^(?:rewritten )?question:\s*", "", line, flags=re.I)


def last_turns(history: Sequence[Turn]) -> str:
    """The last question and its answer, as words to search for: without the markers of its citations.

    What a follow-up is about is nearly always in an article that is about these, whatever the rewriting kept of them.
    """
    asked = next((n for n in range(len(history) - 1, -1, -1) if history[n]["role"] == "user"), len(history))
    said = [" ".join(without_markers(t["content"]).split()) for t in history[asked:]]
    return " ".join(text[: CALIBRATION.searched_letters] for text in said)


def _asks_it(line: str, question: str, last: str) -> bool:
    """Whether a rewriting asks the question: it keeps half of its words, and is not the last one given back.

    A small model may do that, or ask for something else. "Two days later" may have become a date.
    """
    wanted, words = content(_LATER.sub(" ", question)), content(line)
    return len(wanted & words) >= CALIBRATION.rewrite_words * len(wanted) and words != content(last)


def _names_something(line: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a rewriting has a word of the conversation that the question has not."""
    said = content(" ".join(t["content"] for t in history[-CALIBRATION.turns :]))
    return bool(content(line) & (said - content(question)))
