"""The whole path of one question, top to bottom: `Rag.stream`."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from index.embedder import Embedder
from index.errors import EngineDied, InputError
from index.reading.metadata import encodable
from index.search import search
from index.store.base import Collection
from index.store.milvus import MilvusStore
from index.store.sqlite import Store
from index.types import Article, Hit
from rag import embedders, evidence, models, prompt, refusal
from rag.claims import attribution as citations
from rag.claims.drafts import (
    Draft,
    asks_for_several,
    check,
    choose,
    is_closed,
    own_words,
    rank,
    same,
    statements,
    worth_asking,
    worth_rewriting,
)
from rag.claims.support import SUPPORTED
from rag.config import NO_MODEL, Config, data_home, default_index
from rag.engine.base import LanguageModel
from rag.engine.local import LocalModel
from rag.engine.remote import RemoteModel
from rag.engine.worker import WorkerModel
from rag.question.period import Period, after_event, period
from rag.question.rewrite import standalone
from rag.types import Answer, Event, Passage, Turn

MAX_QUESTION = 2_000  # characters
MAX_HISTORY = 200


class Rag:
    """A collection that can be asked. Open it with `Rag.open`; it may be shared by threads."""

    def __init__(self, store: Collection, embedder: Embedder, llm: LanguageModel | None, config: Config) -> None:
        self.store, self.embedder, self.llm, self.config = store, embedder, llm, config

    @classmethod
    def open(cls, index: str | Path | None = None, model: str | None = None, config: Config | None = None) -> Rag:
        """Open an index with a model.

        Args:
            index: the index's folder; the default index where None.
            model: a name from `rag models`, a path to a GGUF file, or "none" to answer with the
                best supporting sentences themselves; where None, the config's.
            config: settings. Where it names no embedder, the index's own is used.

        Raises:
            IndexMissing, IndexDamaged: see `index.store.sqlite.Store`.
            ModelMissing, ModelError: a model is not here, or is not one.
        """
        config = config or Config()
        model, folder = model or config.model, Path(index) if index else default_index()
        embedder = embedders.for_index(folder, config.milvus, config.embedder)
        config = replace(config, model=NO_MODEL, embedder=embedder.name)
        if model != NO_MODEL and not config.llm_url:
            models.locate(model, "llm")
        store: Collection = MilvusStore(config.milvus, embedder) if config.milvus else Store(folder, embedder)
        return cls(store, embedder, None, config).with_model(model)

    def with_model(self, model: str) -> Rag:
        """The same opened collection, answered by this language model ("none" for none).

        Raises:
            ModelMissing, ModelError: the model is not here, or is not one.
        """
        config = replace(self.config, model=model)
        if config.model == NO_MODEL:
            return Rag(self.store, self.embedder, None, config)
        if config.llm_url:
            return Rag(self.store, self.embedder, RemoteModel(config.llm_url, config.model), config)
        path = models.locate(config.model, "llm")
        states = data_home() / "states"
        kind = WorkerModel if config.worker else LocalModel
        llm = kind(path, config.model, config.context, config.threads, config.gpu_layers, states, config.lookahead)
        return Rag(self.store, self.embedder, llm, config)

    @property
    def articles(self) -> list[Article]:
        """Every article of the collection, oldest first."""
        return self.store.articles()

    def search(
        self,
        query: str,
        k: int = 10,
        source: str | None = None,
        after: date | None = None,
        before: date | None = None,
        as_of: date | None = None,
    ) -> list[Hit]:
        """The k best chunks for a query; see `index.search.search`."""
        return search(self.store, self.embedder, query, k, source, after, before, as_of)

    def answer(
        self,
        question: str,
        history: Sequence[Turn] = (),
        as_of: date | None = None,
        source: str | None = None,
        after: date | None = None,
        before: date | None = None,
    ) -> Answer:
        """Answer a question from the articles, or refuse where they do not answer it.

        Args:
            question: in plain words; at most 2,000 characters.
            history: the conversation before it, oldest turn first.
            as_of: the day it is asked on; nothing published later is used. The newest
                article's day where None.
            source, after, before: only articles of this source, or published in this range.

        Raises:
            InputError: a question or history that cannot be used; the argument is named.
            EngineCrashed: the language model failed.
        """
        final = None
        for event in self.stream(question, history, as_of, source, after, before):
            final = event.answer or final
        assert final is not None
        return final

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        as_of: date | None = None,
        source: str | None = None,
        after: date | None = None,
        before: date | None = None,
    ) -> Generator[Event, None, None]:
        """The same as events: what is being done, the draft as it is written, the answer.

        Where the engine's process dies (`Config.worker`), the question is asked once more.
        """
        given = (question, history, as_of, source, after, before)
        try:
            yield from self._stream(*given)
        except EngineDied:
            yield Event("restart", "the engine stopped and is started again")
            yield from self._stream(*given)

    def _stream(
        self,
        question: str,
        history: Sequence[Turn],
        as_of: date | None,
        source: str | None,
        after: date | None,
        before: date | None,
    ) -> Generator[Event, None, None]:
        question, turns = check_question(question), check_history(history)
        for name, value in (("as_of", as_of), ("after", after), ("before", before)):
            if value is not None and type(value) is not date:
                raise InputError(f"{name} is a {type(value).__name__}, not a datetime.date.", "Pass a date.")
        if source is not None and not isinstance(source, str):
            raise InputError(f"source is a {type(source).__name__}, not a str.", "Pass a source's name.")
        run = _Run(self, question)
        llm = run.llm
        newest = self.newest()
        as_of = as_of or newest
        if turns and llm:
            yield Event("status", "understanding the question")
        alone = standalone(question, turns, llm)
        run.lap("rewrite")
        asked = period(alone, as_of)
        yield Event("status", f"searching {self.store.meta['articles']} articles")
        hits = search(self.store, self.embedder, alone, self.config.candidates, source, after, before, as_of)
        found = evidence.passages(hits, alone, self.embedder, asked)
        if not asked.bounded:
            said = [(s.text, s.article.published) for p in found for s in p.sentences]
            event = after_event(alone, said, asked.latest)
            if event.bounded:
                asked, found = event, evidence.passages(hits, alone, self.embedder, event)
        run.lap("search")
        if not evidence.inside(found, asked) or not hits:
            reason = refusal.empty_reason(asked, found, as_of, newest, source, after, before)
            yield Event("answer", answer=refusal.refuse(run.base(alone, as_of), found, reason))
            return
        if llm is None:
            yield Event("answer", answer=_extract(run, alone, as_of, found, self.embedder))
            return
        unknown = refusal.unknown_names(alone, self.store.knows)
        read: list[Passage] = []
        for upto, enough in refusal.reading_steps(self.config.read, asks_for_several(alone), self.config.stop_early):
            if pool := run.affordable(found[len(read) : upto], alone):
                yield Event("status", f"reading {len(read) + len(pool)} passages")
                read += _read(llm, alone, pool)
            if not pool or refusal.evidence_strength(read, unknown) >= enough:
                break
        run.lap("read")
        best = sorted(read, key=lambda p: (-rank(p), p.chunk_id))
        strength = refusal.evidence_strength(best, unknown)
        if strength < refusal.WORTH_DRAFTING:
            reason = refusal.weak_reason(asked, best)
            yield Event("answer", answer=refusal.refuse(run.base(alone, as_of, best), best, reason))
            return
        drafts: list[Draft] = []
        asked_of = worth_asking(best, alone, self.config)
        for passage in asked_of:
            if drafts and not run.affordable([passage], alone):
                break
            yield Event("restart" if drafts else "status", "writing")
            drafts += yield from _draft(run, llm, passage, alone, best)
            if any(d.decisive for d in drafts) and not asks_for_several(alone):
                break
        if not asks_for_several(alone) and (evidence_alone := worth_rewriting(drafts)):
            yield Event("restart", "writing again")
            drafts += yield from _draft(run, llm, evidence_alone, alone, best)
        yield Event("answer", answer=_finish(run, alone, as_of, asked, best, asked_of, drafts, strength))

    def newest(self) -> date | None:
        """The day of the newest article, or None where none is dated."""
        return self.store.span()[1]

    def close(self) -> None:
        """Let go of the index and the model."""
        self.store.close()
        if self.llm:
            self.llm.close()


def check_question(question: Any) -> str:
    """The question, stripped.

    Raises:
        InputError: it is no text, empty or too long.
    """
    if not isinstance(question, str):
        raise InputError(f"question is a {type(question).__name__}, not a str.", "Pass the question as text.")
    # Half of a surrogate pair (an argument that is no UTF-8) is no text that a tokenizer takes.
    question = " ".join(encodable(question).replace("\0", " ").split())
    if not question:
        raise InputError("The question is empty.", "Ask something.")
    if len(question) > MAX_QUESTION:
        raise InputError(
            f"The question has {len(question):,} characters; the most is {MAX_QUESTION:,}.", "Ask a shorter one."
        )
    return question


def check_history(history: Any) -> list[Turn]:
    """The last turns of a conversation.

    Raises:
        InputError: a message without a role or text.
    """
    if isinstance(history, (str, bytes)) or not hasattr(history, "__iter__"):
        raise InputError(
            f"history is a {type(history).__name__}, not a list of messages.", "Pass [{'role': …, 'content': …}]."
        )
    turns: list[Turn] = []
    for n, turn in enumerate(list(history)[-MAX_HISTORY:]):
        if (
            not isinstance(turn, dict)
            or turn.get("role") not in ("user", "assistant")
            or not isinstance(turn.get("content"), str)
        ):
            raise InputError(
                f"history[{n}] is not a message with role user or assistant and text content.",
                "Pass {'role': …, 'content': …}.",
            )
        turns.append({"role": turn["role"], "content": encodable(turn["content"])})
    return turns


class _Run:
    """The clock and the counter of one question."""

    def __init__(self, rag: Rag, question: str) -> None:
        self.rag, self.question = rag, question
        self.started = self.last = time.perf_counter()
        self.timings: dict[str, float] = {}
        self.room = rag.config.prompt_tokens
        self.llm = rag.llm.for_question() if rag.llm else None
        usage = self.llm.usage if self.llm else None
        self.before = (usage.prompt, usage.generated) if usage else (0, 0)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.timings[stage] = round(self.timings.get(stage, 0.0) + now - self.last, 3)
        self.last = now

    def affordable(self, pool: Sequence[Passage], question: str) -> list[Passage]:
        """The first of these passages that fit in what is left of the question's prompt tokens.

        Counted as if nothing had been read before: what is answered must not depend on what
        was asked earlier.
        """
        llm, out = self.llm, list[Passage]()
        for passage in pool:
            cost = llm.count(prompt.passage_head(passage) + prompt.holds_answer(question)) if llm else 0
            if cost > self.room and self.room < self.rag.config.prompt_tokens:
                break
            self.room -= cost
            out.append(passage)
        return out

    def base(self, alone: str, as_of: date | None, passages: Sequence[Passage] = ()) -> Answer:
        usage = self.llm.usage if self.llm else None
        tokens = (
            {"prompt": usage.prompt - self.before[0], "generated": usage.generated - self.before[1]} if usage else {}
        )
        total = round(time.perf_counter() - self.started, 3)
        return Answer(
            question=self.question,
            standalone_question=alone,
            abstained=True,
            text="",
            passages=tuple(passages),
            timings=self.timings | {"total": total},
            tokens=tokens,
            model=self.llm.label if self.llm else NO_MODEL,
            as_of=as_of,
            config_id=self.rag.config.id,
        )


def _read(llm: LanguageModel, question: str, pool: Sequence[Passage]) -> list[Passage]:
    """Ask of each passage whether it holds the answer."""
    scores = llm.score([llm.chat(prompt.READ, prompt.passage_head(p), prompt.holds_answer(question)) for p in pool])
    return [replace(p, relevance=round(s, 4)) for p, s in zip(pool, scores, strict=True)]


def _draft(
    run: _Run, llm: LanguageModel, passage: Passage, question: str, read: Sequence[Passage]
) -> Generator[Event, None, list[Draft]]:
    """Write from one passage, telling what is written, and check each sentence."""
    text, sure = "", list[float]()
    written = llm.chat(prompt.READ, prompt.passage_head(passage), prompt.answer(question))
    for piece in llm.write(written, run.rag.config.answer_tokens, sure=sure):
        text += piece
        yield Event("draft", piece)
    run.lap("write")
    checked = check(text, sure, passage, question, run.rag.embedder, llm, [p.text for p in read])
    run.lap("check")
    return checked


def _extract(run: _Run, alone: str, as_of: date | None, found: Sequence[Passage], embedder: Embedder) -> Answer:
    """Without a language model: the best supporting sentences themselves."""
    if not refusal.answers_without_model(found, alone):
        reason = refusal.weak_reason(Period(), found)
        return refusal.refuse(run.base(alone, as_of, found), found, reason)
    drafts: list[Draft] = []
    for passage in found[:4]:
        draft = own_words(alone, passage, embedder)
        if not any(same(draft, other) for other in drafts):
            drafts.append(draft)
    run.lap("write")
    return _compose(run, alone, as_of, found[:6], drafts[:2], ())


def _finish(
    run: _Run,
    alone: str,
    as_of: date | None,
    asked: Period,
    read: Sequence[Passage],
    asked_of: Sequence[Passage],
    drafts: Sequence[Draft],
    strength: float,
) -> Answer:
    """The best checked draft, or several where several are asked for, or the best passage's words."""
    kept, dropped = choose(drafts)
    if asks_for_several(alone) and (kept or strength >= refusal.SEVERAL):
        kept, dropped = statements(asked_of, drafts, alone, run.rag.embedder)
    elif not kept and refusal.worth_quoting(alone, read[0], strength, is_closed(alone)):
        kept = [own_words(alone, read[0], run.rag.embedder)]
    if not kept:
        refused = refusal.refuse(run.base(alone, as_of, read), read, refusal.weak_reason(asked, read))
        return replace(refused, dropped=tuple(d.dropped() for d in dropped))
    return _compose(run, alone, as_of, read, kept, dropped)


def _compose(
    run: _Run,
    alone: str,
    as_of: date | None,
    read: Sequence[Passage],
    kept: Sequence[Draft],
    dropped: Sequence[Draft],
) -> Answer:
    counts = [citations.sources(d.claim, d.attributed.evidence, read, run.rag.embedder) for d in kept]
    text, parts, cited = citations.number(
        [(d.attributed, d.support, d.support >= SUPPORTED, d.why, n) for d, n in zip(kept, counts, strict=True)]
    )
    return replace(
        run.base(alone, as_of, read),
        abstained=False,
        text=text,
        sentences=parts,
        citations=cited,
        dropped=tuple(d.dropped() for d in dropped),
    )


_default: Rag | None = None
_opening = threading.Lock()


def answer(question: str, history: Sequence[Turn] = (), as_of: date | None = None) -> Answer:
    """Answer from the default index with the default model, opened once per process.

    Raises:
        IndexMissing, ModelMissing: run `rag index FOLDER`, `rag models fetch` first.
        InputError: a question that cannot be used.
    """
    global _default
    check_question(question)
    with _opening:
        if _default is None:
            _default = Rag.open()
    return _default.answer(question, history, as_of)
