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

from index.embedder import Embedder
from rag import prompt
from rag.calibration import CALIBRATION
from rag.claims.attribution import Attributed, attribute, split_draft
from rag.claims.facts import form_problems
from rag.claims.support import score
from rag.config import Config
from rag.engine.base import LanguageModel
from rag.evidence import dated, is_caption, leans
from rag.question.understand import Question
from rag.reading import rank
from rag.types import Passage, Sentence


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
        signals = (1.0, self.passage.relevance or 0.0, self.verify, self.sure, self.passage.score)
        z = sum(weight * signal for weight, signal in zip(CALIBRATION.draft, signals, strict=True))
        return 1 / (1 + math.exp(-z))

    @property
    def confidence(self) -> float:
        """The chance that this is a right answer, 0 to 1; problems count against it."""
        return self.likely / (1 + CALIBRATION.per_problem * len(self.attributed.problems))

    @property
    def decisive(self) -> bool:
        """Whether no other draft needs to be tried."""
        return self.confidence >= CALIBRATION.decisive and self.supported and not self.attributed.problems

    @property
    def supported(self) -> bool:
        """Whether its evidence supports it well enough not to be marked."""
        return self.support >= CALIBRATION.supported

    @property
    def holds(self) -> bool:
        """Whether its passage says it, be it an answer to the question or not."""
        return not self.attributed.problems and self.support >= CALIBRATION.unsupported

    @property
    def claim(self) -> str:
        """What it claims: its sentence, or the words it quotes."""
        said = self.attributed.text.removeprefix(self.head)
        return " ".join(s.text for s in self.attributed.evidence) if self.why else said

    def dropped(self) -> Sentence:
        """The sentence as one that was left out, with why."""
        why = "; ".join(self.attributed.problems)
        if not why and self.support < CALIBRATION.unsupported:
            why = f"its passage hardly supports it ({self.support:.2f})"
        if not why:
            sure = f"its confidence is {self.confidence:.2f}"
            why = sure if self.confidence < CALIBRATION.accept else f"another one was chosen ({sure})"
        return Sentence(self.attributed.text, -1, -1, (), round(self.support, 3), False, why)


def worth_asking(best: Sequence[Passage], question: Question, config: Config) -> list[Passage]:
    """The passages to draft from, one after the other until a draft is decisive.

    Where several statements are asked for, the best one of each article instead. None for a
    question for a yes or a no: a small model says yes to nearly anything (docs/experiments.md), so
    the articles' own words answer it, and a person sees for themselves.
    """
    if question.kind == "yes_no":
        return []
    if question.kind == "fact":
        return [p for p in best[: config.tries] if rank(best[0]) - rank(p) <= CALIBRATION.gap]
    first: dict[str, Passage] = {}
    for passage in best:
        if rank(best[0]) - rank(passage) <= CALIBRATION.further and not is_caption(passage):
            first.setdefault(passage.article.id, passage)
    return list(first.values())[: CALIBRATION.statements] or list(best[:1])


def check(
    text: str,
    sure: Sequence[float],
    passage: Passage,
    question: Question,
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
    made = [
        attribute(sentence, [passage], embedder, question.text, beside)
        for sentence in split_draft(text)[: CALIBRATION.sentences]
    ]
    asked = [(n, claim) for n, m in enumerate(made) for claim in _claims(m.text)]
    odds = llm.score([llm.chat(prompt.READ, prompt.passage_head(passage), prompt.says(claim)) for _, claim in asked])
    mean = sum(sure) / len(sure) if sure else 0.0
    drafts = []
    for n, m in enumerate(made):
        verify = min(o for (k, _), o in zip(asked, odds, strict=True) if k == n)
        m = replace(m, problems=(*m.problems, *form_problems(question.text, m.text)))
        drafts.append(Draft(m, passage, round(verify, 4), score(m.words, m.cosine, verify), round(mean, 4)))
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
    what was asked for (docs/experiments.md).
    """
    failed = [
        d
        for d in drafts
        if d.attributed.problems
        and d.attributed.evidence
        and d.likely >= CALIBRATION.accept
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
    ranked = sorted(drafts, key=lambda d: -d.confidence - CALIBRATION.timely_draft * d.passage.timely)
    accepted = [d for d in ranked if d.confidence >= CALIBRATION.accept and d.holds]
    return accepted[:1], [d for d in ranked if d not in accepted[:1]]
