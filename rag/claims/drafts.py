"""Drafts: one sentence from one passage, checked, and the choice among them.

A small model muddles speakers when it is shown several passages at once, so it is shown
one. What it writes from each is attributed, and the verifier gives the chance that it is right;
that decides which draft is the answer, and whether there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index.embedder import Embedder
from rag import prompt
from rag.calibration import CALIBRATION
from rag.claims.attribution import Attributed, attribute, split_draft
from rag.claims.facts import form_problems
from rag.claims.verifier import Shortest, Signals, agreement, another_figure, backed, chance, clear, rival
from rag.engine.base import LanguageModel
from rag.evidence import is_caption
from rag.question.kind import Kind
from rag.question.understand import Question
from rag.reading import holds, rank
from rag.types import Passage, Sentence


@dataclass(frozen=True)
class Draft:
    """A checked sentence: what it is attributed to, and what speaks for it.

    Attributes:
        signals: what the verifier weighs; None where it is the article's own words.
        exact: the shortest answer that the passage gives in its own words; empty where none was asked for.
        why: what was changed; empty where it is the model's own sentence.
        head: who reports it and when, where it is told among others; part of the text.
    """

    attributed: Attributed
    passage: Passage
    signals: Signals | None
    exact: str = ""
    why: str = ""
    head: str = ""

    @property
    def chance(self) -> float:
        """The chance that it is a right answer, 0 to 1; 1 for an article's own words, which claim nothing more."""
        return chance(self.signals) if self.signals else 1.0

    @property
    def holds(self) -> bool:
        """Whether its evidence has all that it states, be it an answer to the question or not."""
        return not self.attributed.problems

    def beside(self, read: Sequence[Passage]) -> Draft:
        """The same draft, weighed beside all passages that were read, best first."""
        if not self.signals:
            return self
        behind = round(max(0.0, rank(read[0]) - rank(self.passage)), 4)
        return replace(self, signals=replace(self.signals, behind=behind))

    def against(self, question: str, others: Iterable[Shortest], read: Sequence[Passage]) -> Draft:
        """The same draft, weighed beside the shortest answers of other passages, and what the reader finds in all of them."""
        if not self.signals:
            return self
        said = self.attributed.text
        other, found = rival(said, question, others), backed(said, question, read)
        return replace(self, signals=replace(self.signals, rival=other, backed=found))

    @property
    def claim(self) -> str:
        """What it claims: its sentence, or the words it quotes."""
        said = self.attributed.text.removeprefix(self.head)
        return " ".join(s.text for s in self.attributed.evidence) if self.why else said

    def dropped(self) -> Sentence:
        """The sentence as one that was left out, with why."""
        why = "; ".join(self.attributed.problems) or f"it is not likely enough to be right ({self.chance:.2f})"
        return Sentence(self.attributed.text, -1, -1, (), self.chance, False, why)


def worth_asking(best: Sequence[Passage], question: Question) -> list[Passage]:
    """The passages to draft from, in order.

    Where several statements are asked for, the best one of each article instead. None for a
    question for a yes or a no: a small model says yes to nearly anything (docs/experiments.md), so
    the articles' own words answer it, and a person sees for themselves.
    """
    if question.kind == "yes_no":
        return []
    if question.kind == "fact":
        return list(best)
    first: dict[str, Passage] = {}
    for passage in best:
        if rank(best[0]) - rank(passage) <= CALIBRATION.further and not is_caption(passage):
            first.setdefault(passage.article.id, passage)
    return list(first.values())[: CALIBRATION.statements] or list(best[:1])


@dataclass(frozen=True)
class Written:
    """What the model wrote from a passage.

    Attributes:
        exact: the passage's shortest answer.
        sure: log-probabilities of the text's tokens.
        pmi: of the question and the passage; see `rag.claims.verifier.Signals`.
    """

    passage: Passage
    exact: Shortest
    text: str
    sure: Sequence[float]
    pmi: float


def check(
    written: Written,
    question: Question,
    beside: Sequence[Passage],
    unknown: int,
    embedder: Embedder,
    llm: LanguageModel,
) -> list[Draft]:
    """Each sentence that was written, with its evidence and what speaks for it.

    Args:
        question: what it is to answer.
        beside: all passages that were read, best first.
        unknown: how many names of the question stand in no article.
    """
    passage, exact = written.passage, written.exact
    others = [p.text for p in beside]
    made = [
        attribute(sentence, [passage], embedder, question.text, others)
        for sentence in split_draft(written.text)[: CALIBRATION.sentences]
    ]
    head = prompt.passage_head(passage)
    odds = llm.score([llm.chat(prompt.READ, head, prompt.is_right(question.text, m.text)) for m in made])
    unsaid = _unsaid(made, head, llm)
    mean = sum(written.sure) / len(written.sure) if written.sure else 0.0
    drafts = []
    for m, right in zip(made, odds, strict=True):
        m = replace(m, problems=(*m.problems, *form_problems(question.text, m.text), *unsaid.get(m.text, ())))
        signals = Signals(
            right=round(right, 4),
            holds=round(holds(passage, unknown), 4),
            exact=round(agreement(exact.text, m.text, question.text), 4),
            stated=float(exact.stated),
            sure=round(mean, 4),
            clear=clear(exact, question.text),
            pmi=written.pmi,
        )
        drafts.append(Draft(m, passage, signals, exact.text).beside(beside))
    return drafts


def _unsaid(made: Sequence[Attributed], head: str, llm: LanguageModel) -> dict[str, tuple[str, ...]]:
    """The sentences that give a reason for what their passage does not say.

    "Peskov hailed the talks because …" is often taken for right for its reason alone.
    """
    mains = {m.text: re.split(r",?\s+because\s+", m.text, maxsplit=1)[0] + "." for m in made if " because " in m.text}
    odds = llm.score([llm.chat(prompt.READ, head, prompt.says(main)) for main in mains.values()]) if mains else []
    return {
        text: ("its passage does not say what it gives a reason for",)
        for text, said in zip(mains, odds, strict=True)
        if said < 0
    }


def choose(drafts: Sequence[Draft], refuse: float, kind: Kind = "fact") -> tuple[list[Draft], list[Draft]]:
    """The draft that is the answer, the likeliest one, if it is likely enough; and those left out.

    Where another article gives another figure that is likely enough, too, it stands beside the answer. So does, where
    a yes or a no is asked for, what another article says: whether the two agree, a person sees.

    Args:
        refuse: the chance below which none is told.
    """
    ranked = sorted((d for d in drafts if d.holds and d.chance >= refuse), key=lambda d: -d.chance)
    kept = ranked[:1]
    for draft in ranked[1:]:
        if _stands_beside(draft, kept, kind):
            kept.append(draft)
    return kept, [d for d in sorted(drafts, key=lambda d: -d.chance) if d not in kept]


def _stands_beside(draft: Draft, kept: Sequence[Draft], kind: Kind) -> bool:
    """Whether another article's draft adds to those kept: a second quotation for a yes or a no, or another figure."""
    if draft.passage.article.id in {d.passage.article.id for d in kept}:
        return False
    if kind == "yes_no":
        return len(kept) < CALIBRATION.quoted
    return all(another_figure(draft.exact, d.exact) for d in kept)
