"""What kind of answer a question asks for; asked once, when the question is understood."""

from __future__ import annotations

import re
from typing import Any, Literal

from index.text.grammar import parsed
from index.text.sentences import sentences
from index.text.words import content

Kind = Literal["fact", "yes_no", "several"]

_SEVERAL = re.compile(
    r"\b(?:how (?:did|has|have) .{3,60} (?:chang|develop|evolv|shift)\w*|differ\w*|compare|disagree\w*|both|each(?! (?:day|week|month|year))|"
    r"everyone|(?:each|two|all|other) (?:sides?|camps?)|sequence|timeline|over time|contrast|versus|vs|conflicting|"
    r"contradict\w*|same view|list (?:the|all)|put together|put .{3,80} (?:in order|together)|in (?:what|which) order|one after (?:the other|another)|"
    r"on the one hand|how\b.{3,90}\band how|(?-i:[A-Z])\w+ or (?-i:[A-Z])\w+|or (?:not|has|have|is|are|did|does|do)|who were)\b",
    re.I,
)
_CLOSED = re.compile(
    r"\W*(?:(?:in|on|at|by|after|before|during|according to)\b[^,?]{2,40},\s+)?(?:(?:and|so|but|then)\s+)?(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)"
    r"(?:n[’']t)?\b",
    re.I,
)
# What makes a yes-or-no question ask for more: "…, and who says so?", "… know when …", "… tell me the name …".
_OPEN = re.compile(
    r"(?:[,;?]|\b(?:and|but|or|know|tell me|say|explain|remember))\s+(?:\w+\s+)?(?:who|whom|whose|what|when|where|why|how|which)\b|"
    r"\b(?:about|after|at|before|by|for|from|in|into|of|on|over|to|under|with)\s+(?:whom|whose|what|which)\b|"
    r"^\W*(?:can|could|would|will|do|did) you (?:please )?(?:tell|know|name|say|explain|give|list|show|describe|summari[sz]e)\b",
    re.I,
)

# Penn Treebank tags, as spaCy gives them.
_ONE, _MANY, _ADJECTIVES = ("NN", "NNP"), ("NNS", "NNPS"), ("JJ", "JJR", "JJS")
_EITHER = frozenset(("series", "species", "means", "news", "headquarters"))  # one or many, the word is the same


def kind_of(question: str) -> Kind:
    """The kind of answer: several statements side by side, a yes or a no, or one fact.

    "several": a comparison, both sides, a change over time, "which" with a plural. "yes_no": a yes or a no and nothing else.
    What is told before the question ("… struck a man on Sunday. Who is he?") plays no part.
    """
    asks = next((start for start, end in sentences(question) if question[start:end].rstrip(" \"'”’").endswith("?")), 0)
    question = question[asks:]
    if _SEVERAL.search(question) or _which_of_many(question):
        return "several"
    return "yes_no" if is_closed(question) else "fact"


def _which_of_many(question: str) -> bool:
    """Whether "which" stands before a plural: "which countries", not "which sports team" or "which two cities"."""
    words = parsed(question) if re.search(r"\bwhich\b", question, re.I) else ()
    return any(word.lower_ == "which" and _begins_with_many(words[n + 1 :]) for n, word in enumerate(words))


def _begins_with_many(words: Any) -> bool:
    """Whether the noun that these words begin with is a plural: the last one of "sports team", the first of "city's parks"."""
    noun = None
    for word in words:
        if word.tag_ in _ONE or word.tag_ in _MANY:
            noun = word
        elif word.tag_ == "HYPH" or (word.tag_ == "POS" and noun is not None and noun.tag_ in _MANY):
            noun = None  # "women's", "US-": what stands before it describes what follows
        elif noun is not None or word.tag_ not in _ADJECTIVES:
            break
    return noun is not None and noun.tag_ in _MANY and noun.lower_ not in _EITHER


def is_closed(question: str) -> bool:
    """Whether it is put as a question for a yes or a no, be it about one thing or several."""
    return bool(_CLOSED.match(question)) and not _OPEN.search(question)


def only_agrees(question: str, sentence: str) -> bool:
    """Whether a sentence answers a yes-or-no question with "Yes, …", "No, …" or its own words."""
    if not _CLOSED.match(question):
        return False
    return bool(re.match(r"\W*(?:yes|no)\b", sentence, re.I)) or not content(sentence) - content(question)
