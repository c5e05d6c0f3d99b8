"""The whole path of one question, top to bottom: `Rag.stream`."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from index.embedder import Embedder, SentenceTransformerEmbedder
from index.errors import InputError, ModelMissing
from index.search import search
from index.store import Store
from index.types import Article, Hit
from rag import citations, evidence, models, prompt, refusal, support
from rag.config import DEFAULT_MODEL, NO_MODEL, Config, data_home, default_index
from rag.llm import LocalModel
from rag.rewrite import standalone
from rag.types import Answer, Event, Passage, Turn
from rag.when import Period, period

MAX_QUESTION = 2_000  # characters
MAX_HISTORY = 200


class Rag:
    """A collection that can be asked. Open it with `Rag.open`; it may be shared by threads."""

    def __init__(self, store: Store, embedder: Embedder, llm: LocalModel | None, config: Config) -> None:
        self.store, self.embedder, self.llm, self.config = store, embedder, llm, config

    @classmethod
    def open(
        cls, index: str | Path | None = None, model: str | None = DEFAULT_MODEL, config: Config | None = None
    ) -> Rag:
        """Open an index with a model.

        Args:
            index: the index's folder; the default index where None.
            model: a name from `rag models`, a path to a GGUF file, or None (or "none") to
                answer with the best supporting sentences themselves.
            config: settings; `model` in it gives way to the argument.

        Raises:
            IndexMissing, IndexDamaged: see `index.store.Store`.
            ModelMissing, ModelError: a model is not here, or is not one.
        """
        config = replace(config or Config(), model=model or NO_MODEL)
        folder = models.locate(config.embedder, "embedder")
        known = models.registry().get(config.embedder)
        embedder = SentenceTransformerEmbedder(folder, config.embedder, known.dim if known else None)
        path = None if config.model == NO_MODEL else models.locate(config.model, "llm")
        store = Store(Path(index) if index else default_index(), embedder)
        llm = LocalModel(
            path, config.model, config.context, config.threads, config.gpu_layers, data_home() / "states"
        ) if path else None
        return cls(store, embedder, llm, config)

    @property
    def articles(self) -> list[Article]:
        """Every article of the collection, oldest first."""
        return self.store.articles()

    def search(
        self, query: str, k: int = 10, source: str | None = None, after: date | None = None,
        before: date | None = None, as_of: date | None = None,
    ) -> list[Hit]:
        """The k best chunks for a query; see `index.search.search`."""
        return search(self.store, self.embedder, query, k, source, after, before, as_of)

    def answer(
        self, question: str, history: Sequence[Turn] = (), as_of: date | None = None, source: str | None = None,
        after: date | None = None, before: date | None = None,
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
        self, question: str, history: Sequence[Turn] = (), as_of: date | None = None, source: str | None = None,
        after: date | None = None, before: date | None = None,
    ) -> Iterator[Event]:
        """The same as events: what is being done, the draft as it is written, the answer."""
        question, turns = check_question(question), check_history(history)
        for name, value in (("as_of", as_of), ("after", after), ("before", before)):
            if value is not None and type(value) is not date:
                raise InputError(f"{name} is a {type(value).__name__}, not a datetime.date.", "Pass a date.")
        run = _Run(self, question)
        newest = self.newest()
        as_of = as_of or newest
        if turns and self.llm:
            yield Event("status", "understanding the question")
        alone = standalone(question, turns, self.llm)
        run.lap("rewrite")
        asked = period(alone, as_of)
        yield Event("status", f"searching {self.store.meta['articles']} articles")
        hits = search(self.store, self.embedder, alone, self.config.candidates, source, after, before, as_of)
        found = evidence.passages(hits, asked, as_of)
        run.lap("search")
        if not hits or refusal.later_than(asked, as_of, newest):
            yield Event("answer", answer=refusal.refuse(run.base(alone, as_of), found, refusal.empty_reason(asked, as_of, source, after, before)))
            return
        if self.llm is None:
            yield Event("answer", answer=_extract(run, alone, as_of, found, self.embedder))
            return
        pool = found[: self.config.read]
        yield Event("status", f"reading {len(pool)} passages")
        read = _read(self.llm, alone, pool)
        run.lap("read")
        best = sorted(read, key=lambda p: (-(p.relevance or 0), -p.score, p.chunk_id))
        if not refusal.answers(best):
            yield Event("answer", answer=refusal.refuse(run.base(alone, as_of, best), best, refusal.weak_reason(asked, best)))
            return
        drafts: list[citations.Attributed] = []
        for passage in _worth_asking(best, alone, self.config.evidence):
            text = ""
            for piece in self.llm.write(self.llm.chat(prompt.READ, prompt.passage_head(passage), prompt.answer(alone)), self.config.answer_tokens, _enough):
                text += piece
                if not drafts:
                    yield Event("draft", piece)
            run.lap("write")
            drafts += _checked(alone, text, passage, drafts, self.embedder)
            run.lap("check")
        yield Event("answer", answer=_finish(run, alone, as_of, best, drafts))

    def newest(self) -> date | None:
        """The day of the newest article, or None where none is dated."""
        with self.store.snapshot() as db:
            day = db.execute("SELECT max(published) FROM articles").fetchone()[0]
        return date.fromisoformat(day) if day else None

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
    question = " ".join(question.replace("\0", " ").split())
    if not question:
        raise InputError("The question is empty.", "Ask something.")
    if len(question) > MAX_QUESTION:
        raise InputError(f"The question has {len(question):,} characters; the most is {MAX_QUESTION:,}.", "Ask a shorter one.")
    return question


def check_history(history: Any) -> list[Turn]:
    """The last turns of a conversation.

    Raises:
        InputError: a message without a role or text.
    """
    if isinstance(history, (str, bytes)) or not hasattr(history, "__iter__"):
        raise InputError(f"history is a {type(history).__name__}, not a list of messages.", "Pass [{'role': …, 'content': …}].")
    turns: list[Turn] = []
    for n, turn in enumerate(list(history)[-MAX_HISTORY:]):
        if not isinstance(turn, dict) or turn.get("role") not in ("user", "assistant") or not isinstance(turn.get("content"), str):
            raise InputError(f"history[{n}] is not a message with role user or assistant and text content.", "Pass {'role': …, 'content': …}.")
        turns.append({"role": turn["role"], "content": turn["content"]})
    return turns


class _Run:
    """The clock and the counter of one question."""

    def __init__(self, rag: Rag, question: str) -> None:
        self.rag, self.question = rag, question
        self.started = self.last = time.perf_counter()
        self.timings: dict[str, float] = {}
        usage = rag.llm.usage if rag.llm else None
        self.before = (usage.prompt, usage.generated) if usage else (0, 0)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.timings[stage] = round(self.timings.get(stage, 0.0) + now - self.last, 3)
        self.last = now

    def base(self, alone: str, as_of: date | None, passages: Sequence[Passage] = ()) -> Answer:
        usage = self.rag.llm.usage if self.rag.llm else None
        tokens = {"prompt": usage.prompt - self.before[0], "generated": usage.generated - self.before[1]} if usage else {}
        total = round(time.perf_counter() - self.started, 3)
        return Answer(
            question=self.question, standalone_question=alone, abstained=True, text="", passages=tuple(passages),
            timings=self.timings | {"total": total}, tokens=tokens, model=self.rag.config.model, as_of=as_of,
            config_id=self.rag.config.id,
        )


def _read(llm: LocalModel, question: str, pool: Sequence[Passage]) -> list[Passage]:
    """Ask of each passage whether it holds the answer."""
    scores = llm.score([llm.chat(prompt.READ, prompt.passage_head(p), prompt.holds_answer(question)) for p in pool])
    return [replace(p, relevance=round(s, 4)) for p, s in zip(pool, scores, strict=True)]


_SEVERAL = re.compile(
    r"\b(?:how (?:did|has|have) .{3,60} (?:chang|develop|evolv|shift)|chang\w+|differ\w*|compare|disagree\w*|both|each|sides|everyone|"
    r"all (?:the )?\w+s\b|which (?:\w+ )?(?:people|countries|officials)|sequence|order|timeline|over time|on the one hand|contrast|versus|vs)\b", re.I
)


def _worth_asking(best: Sequence[Passage], question: str, limit: int) -> list[Passage]:
    """The passages to answer from: the best, and others nearly as good where several are asked for."""
    top = best[0].relevance or 0.0
    several = bool(_SEVERAL.search(question))
    gap = 1.6 if several else 0.5
    limit = limit if several else 2
    return [p for p in best[:limit] if top - (p.relevance or 0.0) <= gap]


def _enough(text: str) -> bool:
    """One sentence is enough; a second only while the first is very short."""
    return len(text) > 40 and bool(re.search(r"[.!?][\"”)]*\s+\S", text[30:])) or text.count("\n") > 1


def _checked(
    question: str, draft: str, passage: Passage, before: Sequence[citations.Attributed], embedder: Embedder
) -> list[citations.Attributed]:
    """The draft's first sentence where its evidence says it, otherwise the evidence's own words."""
    for sentence in citations.split_draft(draft)[:1]:
        made = citations.attribute(sentence, [passage], embedder)
        degree = support.score(made.words, made.cosine, None)
        if made.problems or degree < 0.5:
            made = _own_words(question, sentence, passage, embedder)
        if any(_same(made, other, embedder) for other in before):
            return []
        return [made]
    return []


def _own_words(question: str, draft: str, passage: Passage, embedder: Embedder) -> citations.Attributed:
    """The sentence of the passage that comes nearest to question and draft, quoted."""
    vectors = embedder.passages([f"{question} {draft}", *(s.text for s in passage.sentences)])
    nearness = vectors[1:] @ vectors[0]
    words = [support.overlap(f"{question} {draft}", s.text) for s in passage.sentences]
    best = max(range(len(nearness)), key=lambda i: float(nearness[i]) + words[i])
    chosen = passage.sentences[best]
    return citations.Attributed(_quoted(chosen), (chosen,), 1.0, 1.0, ())


def _quoted(sentence: Any) -> str:
    article = sentence.article
    text = " ".join(sentence.text.split())
    who = article.source or "An article"
    day = f" ({evidence.short_day(article)})" if article.published else ""
    return f"{who}{day} writes: {text}"


def _same(a: citations.Attributed, b: citations.Attributed, embedder: Embedder) -> bool:
    vectors = embedder.passages([a.text, b.text])
    return float(vectors[0] @ vectors[1]) > 0.8 or support.overlap(a.text, b.text) > 0.75


def _extract(run: _Run, alone: str, as_of: date | None, found: Sequence[Passage], embedder: Embedder) -> Answer:
    """Without a language model: the best supporting sentences themselves."""
    if not refusal.answers_without_model(found, alone):
        return refusal.refuse(run.base(alone, as_of, found), found, refusal.weak_reason(Period(), found))
    pool = [s for p in found[:6] for s in p.sentences]
    vectors = embedder.passages([alone, *(s.text for s in pool)])
    nearness = vectors[1:] @ vectors[0]
    order = sorted(range(len(pool)), key=lambda i: -(float(nearness[i]) + support.overlap(alone, pool[i].text)))
    drafts: list[citations.Attributed] = []
    for i in order:
        made = citations.Attributed(_quoted(pool[i]), (pool[i],), 1.0, 1.0, ())
        if not any(_same(made, other, embedder) for other in drafts):
            drafts.append(made)
        if len(drafts) == 2:
            break
    run.lap("write")
    return _finish(run, alone, as_of, found[:6], drafts)


def _finish(
    run: _Run, alone: str, as_of: date | None, read: Sequence[Passage], drafts: Sequence[citations.Attributed]
) -> Answer:
    if not drafts:
        return refusal.refuse(run.base(alone, as_of, read), read, refusal.weak_reason(Period(), read))
    ordered = sorted(drafts, key=lambda d: d.evidence[0].article.published or date.max) if _SEVERAL.search(alone) else list(drafts)
    kept = [(d, support.score(d.words, d.cosine, None), True, "") for d in ordered]
    text, parts, cited = citations.number(kept)
    return replace(
        run.base(alone, as_of, read), abstained=False, text=text, sentences=parts, citations=cited,
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


__all__ = ["ModelMissing", "Rag", "answer"]
