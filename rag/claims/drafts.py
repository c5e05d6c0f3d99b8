"""Drafts: one sentence from one passage, checked, and the choice among them.

A small model muddles speakers when it is shown several passages at once, so it is shown
one. What it writes from each is then asked back ("does the passage say this?"). That answer,
the passage's own scores and how likely the model found its words decide which draft is the
answer, and whether there is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.embedder import Embedder
from rag import prompt
from rag.claims import support
from rag.claims.attribution import Attributed, attribute, split_draft
from rag.config import Config
from rag.engine.base import LanguageModel
from rag.evidence import dated, is_caption, leans, short_day
from rag.types import Passage, Sentence

# Logistic over (bias, relevance, verification, mean log-probability of its tokens, retrieval
# score) of a draft without problems: the chance that it is a right answer. Fitted on drafts
# over the golden articles, see eval/README.md.
_BIAS, _RELEVANCE, _VERIFY, _SURE, _SCORE = -4.18, 0.78, 0.31, 1.64, 1.57
ACCEPT = 0.2
_DECISIVE = 0.3
_SEVERAL = re.compile(
    r"\b(?:how (?:did|has|have) .{3,60} (?:chang|develop|evolv|shift)\w*|differ\w*|compare|disagree\w*|both|each(?! (?:day|week|month|year))|"
    r"everyone|(?:each|two|all|other) (?:sides?|camps?)|sequence|timeline|over time|contrast|versus|vs|conflicting|"
    r"contradict\w*|same view|list (?:the|all)|put together|put .{3,80} (?:in order|together)|in (?:what|which) order|one after (?:the other|another)|"
    r"on the one hand|how\b.{3,90}\band how|(?-i:[A-Z])\w+ or (?-i:[A-Z])\w+|or (?:not|has|have|is|are|did|does|do)|who were|"
    r"which (?!two|three|four|five)(?:\w+ )?(?!(?:does|was|is|has|says|wants|holds|leads|plans|makes|gives|takes|goes|gets|needs|runs|this|news)\b)\w+[^\Wsu]s(?!\s+(?:the|an?|its|his|her|their|(?-i:[A-Z])\w*)\b))\b",
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
    r"^\W*(?:can|could|would|will|do|did) you (?:please )?(?:tell|know|name|say|explain|give|list|show|describe|summari[sz]e)\b",
    re.I,
)
_DENIES = re.compile(r"\b(?:not|no|never|none|nothing|nobody|neither|nor|without|hardly)\b|n[’']t\b", re.I)
_STATEMENTS = 4  # articles whose statements are told, at most, where several are asked for
_RETRIEVAL = 1.5
_TIMELY = 0.25  # what a passage's timeliness adds to the confidence, in the choice among drafts
_GAP = 1.2  # rank below the best passage within which another is worth drafting from
_FURTHER = 2.5  # the same for a further article where several statements are asked for
_SENTENCES = 4
_OWN = 2  # sentences of an article's own words, at most
_SECOND = 0.6  # nearness, beside the nearest sentence's, from which a second one is quoted too


@dataclass(frozen=True)
class Draft:
    """A checked sentence: what it is attributed to, and how sure the model is of it.

    Attributes:
        verify: the model's log-odds that the passage says it.
        sure: mean log-probability of its tokens when they were written.
        why: what was changed; empty where it is the model's own sentence.
        head: who reports it and when, where it is told among others; part of the text.
    """

    attributed: Attributed
    passage: Passage
    verify: float
    support: float
    sure: float = 0.0
    why: str = ""
    head: str = ""

    @property
    def likely(self) -> float:
        """The chance that this would be a right answer, 0 to 1, were there no problems with it."""
        z = _BIAS + _RELEVANCE * (self.passage.relevance or 0.0) + _SCORE * self.passage.score
        z += _VERIFY * self.verify + _SURE * self.sure
        return 1 / (1 + math.exp(-z))

    @property
    def confidence(self) -> float:
        """The chance that this is a right answer, 0 to 1; problems count against it."""
        return self.likely / (1 + 4 * len(self.attributed.problems))

    @property
    def decisive(self) -> bool:
        """Whether no other draft needs to be tried."""
        return self.confidence >= _DECISIVE and self.support >= support.SUPPORTED and not self.attributed.problems

    @property
    def holds(self) -> bool:
        """Whether its passage says it, be it an answer to the question or not."""
        return not self.attributed.problems and self.support >= support.UNSUPPORTED

    @property
    def claim(self) -> str:
        """What it claims: its sentence, or the words it quotes."""
        said = self.attributed.text.removeprefix(self.head)
        return " ".join(s.text for s in self.attributed.evidence) if self.why else said

    def dropped(self) -> Sentence:
        """The sentence as one that was left out, with why."""
        why = "; ".join(self.attributed.problems)
        if not why and self.support < support.UNSUPPORTED:
            why = f"its passage hardly supports it ({self.support:.2f})"
        if not why:
            sure = f"its confidence is {self.confidence:.2f}"
            why = sure if self.confidence < ACCEPT else f"another one was chosen ({sure})"
        return Sentence(self.attributed.text, -1, -1, (), round(self.support, 3), False, why)


def asks_for_several(question: str) -> bool:
    """Whether more than one statement is asked for: a comparison, both sides, a change over time."""
    return bool(_SEVERAL.search(question))


def is_closed(question: str) -> bool:
    """Whether it asks for a yes or a no, and for nothing else."""
    return bool(_CLOSED.match(question)) and not _OPEN.search(question)


def only_agrees(question: str, sentence: str) -> bool:
    """Whether a sentence answers a yes-or-no question with "Yes, …", "No, …" or its own words."""
    if not _CLOSED.match(question):
        return False
    return bool(re.match(r"\W*(?:yes|no)\b", sentence, re.I)) or not support.content(sentence) - support.content(
        question
    )


def rank(passage: Passage) -> float:
    """Where a passage stands: the model's log-odds, what retrieval thinks of it, and its day.

    The second term decides where a question uses an article's own words, which the model's
    log-odds alone may miss (eval/README.md).
    """
    return (passage.relevance or 0.0) + _RETRIEVAL * passage.score + passage.timely


def worth_asking(best: Sequence[Passage], question: str, config: Config) -> list[Passage]:
    """The passages to draft from, one after the other until a draft is decisive.

    Where several statements are asked for, the best one of each article instead. None for a
    question for a yes or a no: a small model says yes to nearly anything (eval/README.md), so
    the articles' own words answer it, and a person sees for themselves.
    """
    if is_closed(question) and not asks_for_several(question):
        return []
    if not asks_for_several(question):
        return [p for p in best[: config.tries] if rank(best[0]) - rank(p) <= _GAP]
    first: dict[str, Passage] = {}
    for passage in best:
        if rank(best[0]) - rank(passage) <= _FURTHER and not is_caption(passage):
            first.setdefault(passage.article.id, passage)
    return list(first.values())[:_STATEMENTS] or list(best[:1])


def check(
    text: str,
    sure: Sequence[float],
    passage: Passage,
    question: str,
    embedder: Embedder,
    llm: LanguageModel,
    beside: Sequence[str] = (),
) -> list[Draft]:
    """Each sentence of a draft with its evidence and the model's own view of it.

    Args:
        text: what was written.
        sure: log-probabilities of its tokens.
        passage: what it was written from.
        question: what it is to answer.
        beside: the other passages that were read.
    """
    made = [attribute(sentence, [passage], embedder, question, beside) for sentence in split_draft(text)[:_SENTENCES]]
    asked = [(n, claim) for n, m in enumerate(made) for claim in _claims(m.text)]
    odds = llm.score([llm.chat(prompt.READ, prompt.passage_head(passage), prompt.says(claim)) for _, claim in asked])
    mean = sum(sure) / len(sure) if sure else 0.0
    drafts = []
    for n, m in enumerate(made):
        verify = min(o for (k, _), o in zip(asked, odds, strict=True) if k == n)
        m = replace(m, problems=(*m.problems, *support.form_problems(question, m.text)))
        drafts.append(Draft(m, passage, round(verify, 4), support.score(m.words, m.cosine, verify), round(mean, 4)))
    return drafts


def _claims(sentence: str) -> list[str]:
    """What must be verified: the sentence, and its main clause alone where it gives a reason.

    "Peskov hailed the talks because …" may be accepted for its reason alone.
    """
    main = re.split(r",?\s+because\s+", sentence, maxsplit=1)[0]
    return [sentence, main + "."] if main != sentence and len(main.split()) >= 4 else [sentence]


def worth_rewriting(drafts: Sequence[Draft]) -> Passage | None:
    """What the best failed sentence is to be written from once more: its evidence alone.

    None where a draft is good enough, or none would be, had it no problems; and where a name
    was invented, which the passage then does not give: written again, such sentences leave out
    what was asked for (eval/README.md).
    """
    failed = [
        d
        for d in drafts
        if d.attributed.problems
        and d.attributed.evidence
        and d.likely >= ACCEPT
        and not any(p.startswith("the name ") for p in d.attributed.problems)
    ]
    if not failed or choose(drafts)[0]:
        return None
    draft = max(failed, key=lambda d: d.likely)
    sentences = draft.passage.sentences
    chosen = {i for i, s in enumerate(sentences) if s in draft.attributed.evidence}
    chosen |= {i - 1 for i in chosen if i and leans(sentences[i].text)}  # who "he" is
    evidence = [sentences[i] for i in sorted(chosen)]
    words = " ".join(" ".join(s.text.split()) for s in evidence)
    return replace(draft.passage, shown=dated(words, draft.passage.article.published))


def choose(drafts: Sequence[Draft]) -> tuple[list[Draft], list[Draft]]:
    """The draft that is the answer, if one is good enough, and those left out."""
    ranked = sorted(drafts, key=lambda d: -d.confidence - _TIMELY * d.passage.timely)
    accepted = [d for d in ranked if d.confidence >= ACCEPT and d.holds]
    return accepted[:1], [d for d in ranked if d not in accepted[:1]]


def statements(
    asked: Sequence[Passage], drafts: Sequence[Draft], question: str, embedder: Embedder
) -> tuple[list[Draft], list[Draft]]:
    """What each article says, in order of date, and the drafts left out.

    Where several statements are asked for, what each article says is told by itself rather
    than merged: sources that disagree then stand side by side with their days. A draft that
    its passage does not support gives way to the article's own words.
    """
    told: list[Draft] = []
    for passage in asked:
        mine = [
            d
            for d in drafts
            if d.passage.chunk_id == passage.chunk_id and d.holds and not only_agrees(question, d.attributed.text)
        ]
        for draft in mine or [own_words(question, passage, embedder)]:
            if not any(same(draft, other) for other in told):
                told.append(draft)
    dropped = [d for d in drafts if d not in told]
    told.sort(key=lambda d: (d.passage.article.published or date.max, d.passage.start))
    return [d if d.why else _with_day(d) for d in told], dropped


def _with_day(draft: Draft) -> Draft:
    """A statement among others, headed by who reports it and when."""
    article = draft.passage.article
    head = f"{article.source or 'An article'} ({short_day(article)}): "
    return replace(draft, attributed=replace(draft.attributed, text=head + draft.attributed.text), head=head)


def own_words(question: str, passage: Passage, embedder: Embedder) -> Draft:
    """The passage's one or two sentences nearest to the question, quoted with source and day."""
    vectors = embedder.passages([question, *(s.text for s in passage.sentences)])
    near = [
        float(v @ vectors[0]) + 0.5 * support.overlap(question, s.text)
        for v, s in zip(vectors[1:], passage.sentences, strict=True)
    ]
    order = sorted(range(len(near)), key=lambda i: -near[i])
    chosen = {i for i in order[:_OWN] if i == order[0] or near[i] >= _SECOND * near[order[0]]}
    # A sentence that says "he" brings the one before it, which says who.
    chosen |= {i - 1 for i in chosen if i and leans(passage.sentences[i].text)}
    places = sorted(chosen)
    evidence = tuple(passage.sentences[i] for i in places)
    gaps = ["" if n == 0 else " " if places[n - 1] == i - 1 else " … " for n, i in enumerate(places)]
    words = "".join(gap + " ".join(s.text.split()) for gap, s in zip(gaps, evidence, strict=True))
    words = re.sub(r"\[(\d+)\]", r"(\1)", words)  # an article's own "[1]" is no citation
    text = f"{passage.article.source or 'An article'} ({short_day(passage.article)}) writes: {words}"
    return Draft(Attributed(text, evidence, 1.0, 1.0, ()), passage, 0.0, 1.0, why="in the article's own words")


def same(a: Draft, b: Draft) -> bool:
    """Whether two drafts say the same: nearly the same words, and no number or denial of difference."""
    one, two = a.claim, b.claim
    if support.numbers(one) != support.numbers(two) or bool(_DENIES.search(one)) != bool(_DENIES.search(two)):
        return False
    return min(support.overlap(one, two), support.overlap(two, one)) > 0.8
