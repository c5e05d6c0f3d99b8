"""One question, or one part of it, being answered: its room for tokens, and the steps that ask the language model."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

from index.embedder import Embedder
from index.text.words import numbers
from rag import prompt, reading, refusal
from rag.calibration import CALIBRATION
from rag.claims.attribution import Told, number, parts, sources
from rag.claims.drafts import Draft, Written, check, worth_asking
from rag.claims.statements import can_be_told, in_own_words, own_sentences, own_words, same
from rag.claims.verifier import Shortest, Signals, another_figure, doubt, hope, is_answer
from rag.config import NO_MODEL, Config
from rag.engine.base import LanguageModel
from rag.question.understand import Question
from rag.types import Answer, Event, Passage, Turn

Steps = Generator[Event, None, None]


def _answers(weighed: tuple[Draft, float]) -> float:
    """How well a quotation answers a question for a yes or a no: the model's log-odds, and how near it is."""
    draft, near = weighed
    return (draft.signals.right if draft.signals else 0.0) + CALIBRATION.weighed_near * near


@dataclass
class Clock:
    """Seconds by stage, from when a question was asked."""

    started: float = field(default_factory=time.perf_counter)
    last: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict)

    def lap(self, stage: str) -> None:
        """Book the time since the last lap on a stage."""
        now = time.perf_counter()
        self.stages[stage] = round(self.stages.get(stage, 0.0) + now - self.last, 3)
        self.last = now


@dataclass(frozen=True)
class Outcome:
    """What came of a question, or of a part of one: drafts to be told, or why there are none.

    Attributes:
        read: the passages that were read, best first.
        dropped: drafts that are not told.
    """

    question: Question
    read: Sequence[Passage]
    kept: Sequence[Draft] = ()
    dropped: Sequence[Draft] = ()
    reason: str = ""

    def turns(self) -> list[Turn]:
        """The question and what is told, as a part after it is shown them; the question alone where nothing is."""
        asked: Turn = {"role": "user", "content": self.question.text}
        told = " ".join(draft.claim for draft in self.kept)
        return [asked, {"role": "assistant", "content": told}] if told else [asked]


class Run:
    """What is known so far of one question's answer.

    Attributes:
        question: set once it is understood.
        read: the passages that were read, best first after `read_passages`.
        asked: those that were asked for an answer.
        drafts: every checked sentence.
        unknown: how many names of the question stand in no article.
        refuse, mark: the chance of being right below which a draft is not told, and below which it is marked.
        enough: the chance from which a draft ends the search.
    """

    def __init__(self, asked: str, embedder: Embedder, llm: LanguageModel | None, config: Config) -> None:
        self.asked_as, self.embedder, self.config = asked, embedder, config
        self.llm = llm.for_question() if llm else None
        self.question: Question | None = None
        self.refuse, self.mark = dict(CALIBRATION.thresholds)[config.caution]
        self.enough = self.mark
        self.clock = Clock()
        usage = self.llm.usage if self.llm else None
        self._before = (usage.prompt, usage.generated) if usage else (0, 0)
        self._begin(config.prompt_tokens)

    def part(self, of: int) -> Run:
        """The run of one of so many parts: with nothing read so far, and its share of the tokens."""
        one = copy(self)
        one._begin(self.config.prompt_tokens // of)
        return one

    def again(self) -> Run:
        """The same run with nothing read so far, and the tokens that are left."""
        one = copy(self)
        one._begin(self._share)
        one._room = self._room
        return one

    def _begin(self, room: int) -> None:
        self.read: list[Passage] = []
        self.asked: list[Passage] = []
        self.drafts: list[Draft] = []
        self.unknown = 0
        self._shortest: dict[str, Shortest] = {}  # by the passage that gives it
        self._likely: dict[str, float] = {}  # the question, by what was read before it; "" for nothing
        self._room = self._share = room

    def look(self, question: Question, llm: LanguageModel, found: Sequence[Passage]) -> Steps:
        """Read, draft, and read on, until there is an answer that is good enough or nothing is left to read.

        After the first few passages only one that needs no mark is, later any that can be told. Where several statements
        are asked for, all that may be read is read first.
        """
        for upto in reading.steps(self.config, question.kind):
            before = len(self.read)
            self.enough = self.refuse if before else self.mark
            yield from self.read_passages(question, llm, found[before:upto])
            if question.kind == "fact":
                yield from self.draft_answers(question, llm, self.config.tries)
            elif question.kind == "yes_no":
                yield from self.quote_answers(question, llm)
            if len(self.read) == before or self._satisfied():
                break
        if question.kind == "fact":
            yield from self.other_accounts(question, llm)
        elif question.kind == "several":
            yield from self.draft_answers(question, llm, CALIBRATION.statements)
            for passage in worth_asking(self.read, question):
                drafted = [d for d in self.drafts if d.passage.chunk_id == passage.chunk_id]
                if not any(can_be_told(d, question.text, self.refuse) for d in drafted):
                    yield from self.quote(question, llm, passage)

    def _satisfied(self) -> bool:
        return any(d.holds and d.chance >= self.enough for d in self.drafts)

    def read_passages(self, question: Question, llm: LanguageModel, pool: Sequence[Passage]) -> Steps:
        """Ask of each passage whether it holds the answer; as many as the question's tokens allow."""
        if pool := self._affordable(llm, pool, question.text):
            yield Event("status", f"reading {len(self.read) + len(pool)} passages")
            heads = [(prompt.passage_head(p), prompt.holds_answer(question.text)) for p in pool]
            odds = llm.score([llm.chat(prompt.READ, head, tail) for head, tail in heads])
            self.read += [replace(p, relevance=round(s, 4)) for p, s in zip(pool, odds, strict=True)]
            self.read.sort(key=lambda p: (-reading.rank(p), p.chunk_id))
            # How far behind the best passage a draft's own one stands changes with what is read.
            self.drafts = [d.beside(self.read) for d in self.drafts]
            self.weigh_rivals(question)
        self.clock.lap("read")

    def draft_answers(self, question: Question, llm: LanguageModel, tries: int) -> Steps:
        """Draft from the best passages that nothing was drafted from so far, until the verifier is sure.

        A passage is left out where no draft from it could be likely enough, or likelier than the best
        there is; what it gives as the shortest answer, if any, often tells.
        """
        asked = {p.chunk_id for p in self.asked}
        fresh = [p for p in worth_asking(self.read, question) if p.chunk_id not in asked]
        for passage in [p for p in fresh if self._worth(question, p)][:tries]:
            if not self._worth(question, passage):  # the one before may be as good as this one can be
                continue
            if self.asked and not self._affordable(llm, [passage], question.text):
                break
            self.asked.append(passage)
            pmi = self._pmi(question, llm, passage)
            if not self._worth(question, passage, pmi):
                continue
            exact = yield from self.shortest(question, llm, passage)
            if self._worth(question, passage, pmi, exact):
                yield from self.draft(question, llm, passage, exact)
            self.weigh_rivals(question)
            if question.kind != "several" and self._satisfied():
                break

    def weigh_rivals(self, question: Question) -> None:
        """Weigh each draft beside what other passages give as the answer, unless several are asked for.

        Not beside a passage whose draft failed the fact gate: what cannot be told is no other answer.
        """
        if question.kind == "fact":
            failed = {d.passage.chunk_id for d in self.drafts} - {d.passage.chunk_id for d in self.drafts if d.holds}
            given = {chunk: shortest for chunk, shortest in self._shortest.items() if chunk not in failed}
            self.drafts = [
                d.against(question.text, [s for chunk, s in given.items() if chunk != d.passage.chunk_id], self.read)
                for d in self.drafts
            ]

    def other_accounts(self, question: Question, llm: LanguageModel) -> Steps:
        """Look whether other articles that were read give another figure than the answer's; then it is drafted, too."""
        told = [d for d in self.drafts if d.holds and d.chance >= self.refuse]
        answer = max(told, key=lambda d: d.chance, default=None)
        if not answer or not numbers(answer.exact):
            return
        others = dict[str, Passage]()
        for passage in self.read:
            asked = {answer.passage.article.id, *(p.article.id for p in self.asked)}
            if passage.article.id not in asked and self._could_be(question, passage) >= self.refuse:
                others.setdefault(passage.article.id, passage)
        for passage in list(others.values())[: CALIBRATION.accounts]:
            self.asked.append(passage)
            exact = yield from self.shortest(question, llm, passage)
            if exact.stated and another_figure(exact.text, answer.exact):
                yield from self.draft(question, llm, passage, exact)

    def _could_be(
        self, question: Question, passage: Passage, pmi: float | None = None, exact: Shortest | None = None
    ) -> float:
        """The chance that the best draft from a passage would have."""
        behind = reading.rank(self.read[0]) - reading.rank(passage)
        reads = passage.reads if question.kind == "fact" else None
        return hope(reading.holds(passage, self.unknown), behind, pmi, exact, question.text, reads)

    def _worth(
        self, question: Question, passage: Passage, pmi: float | None = None, exact: Shortest | None = None
    ) -> bool:
        """Whether a draft from a passage could be told, and be likelier than what there is."""
        could_be = self._could_be(question, passage, pmi, exact)
        best = max((d.chance for d in self.drafts if d.holds), default=0.0)
        likely = reading.holds(passage, self.unknown) >= CALIBRATION.worth and could_be >= self.refuse
        return likely and (question.kind == "several" or could_be > best)

    def shortest(self, question: Question, llm: LanguageModel, passage: Passage) -> Generator[Event, None, Shortest]:
        """The shortest answer that a passage gives, as far as possible in its own words."""
        head, text, sure = prompt.passage_head(passage), "", list[float]()
        for wording in (prompt.shortest, prompt.briefly):
            text, sure = "", list[float]()
            for piece in llm.write(
                llm.chat(prompt.READ, head, wording(question.text)), CALIBRATION.shortest, sure=sure
            ):
                text += piece
                yield Event("status", prompt.WRITING)  # at each piece, so that whoever listens can stop it at once
            if is_answer(text, question.text):
                break
        self.clock.lap("write")
        likely = round(math.exp(sum(sure) / len(sure)), 4) if sure else CALIBRATION.usual_likely
        found = self._shortest[passage.chunk_id] = Shortest(text.strip(), likely, stated=wording is prompt.shortest)
        return found

    def draft(self, question: Question, llm: LanguageModel, passage: Passage, exact: Shortest) -> Steps:
        """Write a sentence from a passage, and check it; `exact` is the passage's shortest answer."""
        text, sure = "", list[float]()
        written = llm.chat(prompt.READ, prompt.passage_head(passage), prompt.answer(question.text))
        for piece in llm.write(written, self.config.answer_tokens, sure=sure):
            text += piece
            yield Event("status", prompt.WRITING)
        self.clock.lap("write")
        yield Event("status", "checking")
        draft = Written(passage, exact, text, sure, self._pmi(question, llm, passage))
        checked = check(draft, question, self.read, self.unknown, self.embedder, llm)
        quoted = [q for d in checked if (q := in_own_words(d, question.text))]
        self.drafts += [*checked, *self._weighed(question, llm, quoted)]
        self.clock.lap("check")

    def quote(self, question: Question, llm: LanguageModel, passage: Passage) -> Steps:
        """Put a passage's own words forward as the answer; the verifier weighs them like a draft."""
        yield Event("status", "checking")
        quoted = own_words(question.text, passage, self.embedder)
        self.drafts += self._weighed(question, llm, [self._unweighed(question, llm, quoted)])
        self.clock.lap("check")

    def quote_answers(self, question: Question, llm: LanguageModel) -> Steps:
        """Put forward a sentence of each of the best passages that none was put forward from so far.

        The one that is likely to answer the question and near to it: neither tells alone (docs/experiments.md).
        """
        yield Event("status", "checking")
        asked = {p.chunk_id for p in self.asked}
        for passage in [p for p in self.read[: CALIBRATION.quoted_from] if p.chunk_id not in asked]:
            self.asked.append(passage)
            quoted, near = zip(*own_sentences(question.text, passage, self.embedder), strict=True)
            weighed = self._weighed(question, llm, [self._unweighed(question, llm, q) for q in quoted])
            self.drafts.append(max(zip(weighed, near, strict=True), key=_answers)[0])
        self.clock.lap("check")

    def _unweighed(self, question: Question, llm: LanguageModel, quoted: Draft) -> Draft:
        """A quotation with what is known before the model is asked whether it answers the question."""
        passage = quoted.passage
        holds = round(reading.holds(passage, self.unknown), 4)
        signals = Signals(right=0.0, holds=holds, pmi=self._pmi(question, llm, passage))
        return replace(quoted, signals=signals).beside(self.read)

    def _weighed(self, question: Question, llm: LanguageModel, quoted: Sequence[Draft]) -> list[Draft]:
        """Quotations, each with the model's log-odds that it answers the question, as a draft has."""
        asked = [(prompt.passage_head(d.passage), prompt.is_right(question.text, d.claim)) for d in quoted]
        odds = llm.score([llm.chat(prompt.READ, head, tail) for head, tail in asked])
        return [
            replace(d, signals=replace(d.signals, right=round(right, 4)))
            for d, right in zip(quoted, odds, strict=True)
            if d.signals
        ]

    def _pmi(self, question: Question, llm: LanguageModel, passage: Passage) -> float:
        """How much likelier the passage makes the question; what is usual, where the model cannot tell."""
        fresh = {"": prompt.NO_PASSAGE, passage.chunk_id: prompt.passage_head(passage)}
        fresh = {name: head for name, head in fresh.items() if name not in self._likely}
        likely = llm.likely([llm.chat(prompt.READ, head, prompt.asked(question.text)) for head in fresh.values()])
        self._likely |= dict(zip(fresh, likely, strict=bool(likely)))
        if passage.chunk_id not in self._likely:
            return CALIBRATION.usual_pmi
        pmi = round(self._likely[passage.chunk_id] - self._likely[""], 4)
        return min(pmi, CALIBRATION.usual_pmi)  # more of it, as for a rare name, says no more

    def _affordable(self, llm: LanguageModel, pool: Sequence[Passage], question: str) -> list[Passage]:
        """The first of these passages that fit in what is left of the question's prompt tokens.

        Counted as if nothing had been read before: what is answered must not depend on what
        was asked earlier.
        """
        out = list[Passage]()
        for passage in pool:
            cost = llm.count(prompt.passage_head(passage) + prompt.holds_answer(question))
            if cost > self._room and self._room < self._share:
                break
            self._room -= cost
            out.append(passage)
        return out

    def unanswered(self, passages: Sequence[Passage] = ()) -> Answer:
        """An answer without text: what a refusal or an answer is made from."""
        usage = self.llm.usage if self.llm else None
        before = self._before
        tokens = {"prompt": usage.prompt - before[0], "generated": usage.generated - before[1]} if usage else {}
        total = round(time.perf_counter() - self.clock.started, 3)
        question = self.question
        return Answer(
            question=self.asked_as,
            standalone_question=question.text if question else self.asked_as,
            abstained=True,
            text="",
            passages=tuple(passages),
            timings=self.clock.stages | {"total": total},
            tokens=tokens,
            model=self.llm.label if self.llm else NO_MODEL,
            as_of=question.filters.as_of if question else None,
            config_id=self.config.id,
        )

    def tell(self, outcomes: Sequence[Outcome]) -> Answer:
        """The answer that the outcomes of a question's parts make, with its citations, or a refusal where none has any.

        What a part lacks is said after what the others have.
        """
        read = list({p.chunk_id: p for o in outcomes for p in o.read}.values())
        dropped = tuple(d.dropped() for o in outcomes for d in o.dropped)
        kept = list[Draft]()
        for question, draft in ((o.question, d) for o in outcomes for d in o.kept):
            if not any(same(draft, other) for other in kept):
                kept.append(self._fitted(draft, question))
        if not kept:
            return replace(refusal.refuse(self.unanswered(read), read, outcomes[0].reason), dropped=dropped)
        counts = [sources(d.claim, d.attributed.evidence, read, self.embedder) for d in kept]
        text, parts, cited = number([self._told(d, n) for d, n in zip(kept, counts, strict=True)])
        lacking = tuple(o.question.text for o in outcomes if not o.kept)
        return replace(
            self.unanswered(read),
            abstained=False,
            text=" ".join([text, *(refusal.part(question) for question in lacking)]),
            sentences=parts,
            citations=cited,
            dropped=dropped,
            lacking=lacking,
        )

    def _fitted(self, draft: Draft, question: Question) -> Draft:
        """The draft with the smallest part of its evidence from which the model still calls it right, if there is one."""
        whole, around = draft.attributed.evidence, draft.passage.text
        smaller = [] if draft.why else parts(draft.claim, whole, around, question.text)
        if not (self.llm and smaller):
            return draft
        heads = [prompt.statement_head(part[0].article, " ".join(s.text for s in part)) for part in smaller]
        asked = prompt.is_right(question.text, draft.claim)
        odds = self.llm.score([self.llm.chat(prompt.READ, head, asked) for head in heads])
        fitting = next((part for part, right in zip(smaller, odds, strict=True) if right > 0), whole)
        self.clock.lap("check")
        return replace(draft, attributed=replace(draft.attributed, evidence=fitting))

    def _told(self, draft: Draft, sources: int) -> Told:
        sure = draft.chance >= self.mark
        doubtful = doubt(draft.signals) if draft.signals and not sure else ""
        return Told(draft.attributed, draft.chance, sure, draft.exact, draft.why, doubtful, sources)
