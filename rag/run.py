"""One question being answered: its clock, its room for tokens, and the steps that ask the language model."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace

from index.embedder import Embedder
from rag import prompt, reading
from rag.claims.attribution import number, sources
from rag.claims.drafts import Draft, check, worth_asking, worth_rewriting
from rag.config import NO_MODEL, Config
from rag.engine.base import LanguageModel
from rag.question.understand import Question
from rag.types import Answer, Event, Passage

Steps = Generator[Event, None, None]


class Run:
    """What is known so far of one question's answer.

    Attributes:
        question: set once it is understood.
        read: the passages that were read, best first after `read_passages`.
        asked: those that were drafted from.
        drafts: every checked sentence.
        strength: how surely what was read answers the question.
    """

    def __init__(self, asked: str, embedder: Embedder, llm: LanguageModel | None, config: Config) -> None:
        self.asked_as, self.embedder, self.config = asked, embedder, config
        self.llm = llm.for_question() if llm else None
        self.question: Question | None = None
        self.read: list[Passage] = []
        self.asked: list[Passage] = []
        self.drafts: list[Draft] = []
        self.strength = 0.0
        self._started = self._last = time.perf_counter()
        self._timings: dict[str, float] = {}
        self._room = config.prompt_tokens
        usage = self.llm.usage if self.llm else None
        self._before = (usage.prompt, usage.generated) if usage else (0, 0)

    def lap(self, stage: str) -> None:
        """Book the time since the last lap on a stage."""
        now = time.perf_counter()
        self._timings[stage] = round(self._timings.get(stage, 0.0) + now - self._last, 3)
        self._last = now

    def read_passages(self, question: Question, llm: LanguageModel, found: Sequence[Passage], unknown: int) -> Steps:
        """Ask of one passage after the other whether it holds the answer, until what was read is enough.

        Args:
            unknown: how many names of the question stand in no article.
        """
        steps = reading.reading_steps(self.config.read, question.kind, self.config.stop_early)
        for upto, enough in steps:
            if pool := self._affordable(llm, found[len(self.read) : upto], question.text):
                yield Event("status", f"reading {len(self.read) + len(pool)} passages")
                heads = [(prompt.passage_head(p), prompt.holds_answer(question.text)) for p in pool]
                odds = llm.score([llm.chat(prompt.READ, head, tail) for head, tail in heads])
                self.read += [replace(p, relevance=round(s, 4)) for p, s in zip(pool, odds, strict=True)]
            self.strength = reading.evidence_strength(self.read, unknown)
            if not pool or self.strength >= enough:
                break
        self.read.sort(key=lambda p: (-reading.rank(p), p.chunk_id))
        self.lap("read")

    def draft_answers(self, question: Question, llm: LanguageModel) -> Steps:
        """Write from the best passages, one after the other, until a draft is decisive; each sentence is checked."""
        self.asked = worth_asking(self.read, question, self.config)
        for passage in self.asked:
            if self.drafts and not self._affordable(llm, [passage], question.text):
                break
            yield from self._draft(question, llm, passage)
            if any(d.decisive for d in self.drafts) and question.kind != "several":
                break
        if question.kind != "several" and (evidence_alone := worth_rewriting(self.drafts)):
            yield from self._draft(question, llm, evidence_alone)

    def _draft(self, question: Question, llm: LanguageModel, passage: Passage) -> Steps:
        text, sure = "", list[float]()
        written = llm.chat(prompt.READ, prompt.passage_head(passage), prompt.answer(question.text))
        for piece in llm.write(written, self.config.answer_tokens, sure=sure):
            text += piece
            yield Event("status", prompt.WRITING)  # at each piece, so that whoever listens can stop it at once
        self.lap("write")
        yield Event("status", "checking")
        beside = [p.text for p in self.read]
        self.drafts += check(text, sure, passage, question, self.embedder, llm, beside)
        self.lap("check")

    def _affordable(self, llm: LanguageModel, pool: Sequence[Passage], question: str) -> list[Passage]:
        """The first of these passages that fit in what is left of the question's prompt tokens.

        Counted as if nothing had been read before: what is answered must not depend on what
        was asked earlier.
        """
        out = list[Passage]()
        for passage in pool:
            cost = llm.count(prompt.passage_head(passage) + prompt.holds_answer(question))
            if cost > self._room and self._room < self.config.prompt_tokens:
                break
            self._room -= cost
            out.append(passage)
        return out

    def unanswered(self, passages: Sequence[Passage] = ()) -> Answer:
        """An answer without text: what a refusal or an answer is made from."""
        usage = self.llm.usage if self.llm else None
        before = self._before
        tokens = {"prompt": usage.prompt - before[0], "generated": usage.generated - before[1]} if usage else {}
        total = round(time.perf_counter() - self._started, 3)
        question = self.question
        return Answer(
            question=self.asked_as,
            standalone_question=question.text if question else self.asked_as,
            abstained=True,
            text="",
            passages=tuple(passages),
            timings=self._timings | {"total": total},
            tokens=tokens,
            model=self.llm.label if self.llm else NO_MODEL,
            as_of=question.filters.as_of if question else None,
            config_id=self.config.id,
        )

    def compose(self, read: Sequence[Passage], kept: Sequence[Draft], dropped: Sequence[Draft]) -> Answer:
        """The answer that these drafts make, with its citations."""
        counts = [sources(d.claim, d.attributed.evidence, read, self.embedder) for d in kept]
        text, parts, cited = number(
            [(d.attributed, d.support, d.supported, d.why, n) for d, n in zip(kept, counts, strict=True)]
        )
        return replace(
            self.unanswered(read),
            abstained=False,
            text=text,
            sentences=parts,
            citations=cited,
            dropped=tuple(d.dropped() for d in dropped),
        )
