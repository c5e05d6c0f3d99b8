"""The whole path of one question, top to bottom: `Rag.stream`."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from types import TracebackType

from index import edits
from index.build import build
from index.embedder import Embedder, Progress
from index.errors import EngineDied, InputError
from index.search import search
from index.store.base import Collection
from index.store.milvus import MilvusStore
from index.store.sqlite import Store
from index.types import Article, Hit, IndexReport
from rag import embedders, evidence, models, reading, refusal, summary
from rag.calibration import CALIBRATION
from rag.claims.drafts import choose
from rag.claims.statements import extracts, side_by_side, statements
from rag.collection import CollectionInfo, collections, existing, index_of, remembered
from rag.config import NO_MODEL, Caution, Config, data_home, default_index
from rag.engine.base import LanguageModel
from rag.engine.opening import open_model
from rag.engine.remote import RemoteModel
from rag.people import Person, people
from rag.question.check import check_filters, check_history, check_question
from rag.question.kind import asks
from rag.question.period import after_event
from rag.question.small_talk import reply, small_talk
from rag.question.understand import Question, part_in_turn, understand
from rag.quotes import Quote, quotes
from rag.reader import reader
from rag.reading import unknown_names
from rag.run import Outcome, Run
from rag.types import Answer, Event, Filters, Passage, Turn


class Rag:
    """A collection that can be asked. Open it with `Rag.open`; it may be shared by threads."""

    def __init__(self, store: Collection, embedder: Embedder, llm: LanguageModel | None, config: Config) -> None:
        self.store, self.embedder, self.llm, self.config = store, embedder, llm, config

    @classmethod
    def open(
        cls,
        index: str | Path | None = None,
        model: str | None = None,
        config: Config | None = None,
        *,
        collection: str | None = None,
    ) -> Rag:
        """Open an index with a model.

        Args:
            index: the index's folder; the default index where None.
            collection: a collection by its name, instead.
            model: a name from `rag models`, a path to a GGUF file, or "none" to answer with the best supporting
                sentences themselves; the config's where None.
            config: settings. Where it names no embedder, the index's own is used.

        Raises:
            InputError: an index and a collection are named, or a name that no collection can have.
            IndexMissing, IndexDamaged: see `index.store.sqlite.Store`.
            ModelMissing, ModelError: a model is missing, or the file is not a model.
        """
        config = config or Config()
        model, folder = model or config.model, _folder(index, collection, must_be=True)
        embedder = embedders.for_index(folder, config.milvus, config.embedder)
        config = replace(config, model=NO_MODEL, embedder=embedder.name)
        if model != NO_MODEL and not config.llm_url:
            models.locate(model, "llm")
        store: Collection = MilvusStore(config.milvus, embedder) if config.milvus else Store(folder, embedder)
        return cls(store, embedder, None, config).with_model(model)

    @classmethod
    def index(
        cls,
        *folders: str | Path,
        index: str | Path | None = None,
        collection: str | None = None,
        embedder: str | None = None,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Make an index hold the articles of folders, as `rag index` does; then open it with `Rag.open`.

        Args:
            folders: where the articles are, at any depth; if none is named, those that the index or collection was made
                from before.
            index: the index's folder; the default index where None. An existing index is brought up to date.
            collection: a collection by its name, instead.
            embedder: the embedding model of a new index, by name or folder.
            progress: called with (done, total) chunks while they are embedded.

        Raises:
            InputError: no folder is named or known, or an index and a collection are named.
            CollectionError: a folder does not exist, or there is no article in them.
            IndexBusy, IndexDamaged: another process is writing the index, or its parts do not agree.
        """
        target = _folder(index, collection)
        named = [Path(folder).expanduser() for folder in folders]
        if not named and (index or collection):
            named = remembered(target)
        if not named:
            raise InputError("No folder is named.", "Name the folders that hold the articles.")
        return build(target, named, embedders.for_index(target, asked=embedder), progress=progress)

    @classmethod
    def collections(cls) -> list[CollectionInfo]:
        """Every collection under the data folder, in alphabetical order, with its folders, sources, days and size."""
        return collections()

    def with_model(self, model: str) -> Rag:
        """The same opened collection, answered by this language model ("none" for none).

        Raises:
            ModelMissing, ModelError: the model is missing, or the file is not a model.
        """
        config = replace(self.config, model=model)
        if config.model == NO_MODEL:
            return Rag(self.store, self.embedder, None, config)
        if config.llm_url:
            return Rag(self.store, self.embedder, RemoteModel(config.llm_url, config.model), config)
        llm = open_model(
            config.model, context=config.context, threads=config.threads, gpu_layers=config.gpu_layers,
            cache=data_home() / "kv_cache", lookahead=config.lookahead, worker=config.worker,
        )  # fmt: skip
        return Rag(self.store, self.embedder, llm, config)

    def with_caution(self, caution: Caution) -> Rag:
        """The same opened collection and model, with another threshold between an answer and a refusal."""
        return Rag(self.store, self.embedder, self.llm, replace(self.config, caution=caution))

    @property
    def articles(self) -> list[Article]:
        """Every article of the collection, oldest first."""
        return self.store.articles()

    def set_article(
        self,
        article_id: str,
        *,
        title: str | None = None,
        source: str | None = None,
        published: date | None = None,
        restore: Iterable[str] = (),
    ) -> Article:
        """Set what an article's file lacks or has wrong; returns the article as it is now.

        It is kept beside the index, and indexing again does not overwrite it (`index.edits`).

        Args:
            title, source, published: what to set; None leaves it as it is.
            restore: which of "title", "source" and "date" to put back as they were read.

        Raises:
            InputError: there is no such article, nothing to set, or the index is in Milvus.
            IndexBusy: another process is writing the index.
        """
        if not isinstance(self.store, Store):
            raise InputError("An index in Milvus cannot keep what you set.", "Use an index in a folder.")
        return edits.set_fields(
            self.store.folder, article_id, self.embedder,
            title=title, source=source, published=published, restore=restore,
        )  # fmt: skip

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        source: str | None = None,
        after: date | None = None,
        before: date | None = None,
        as_of: date | None = None,
    ) -> list[Hit]:
        """The k best chunks for a query; see `index.search.search`."""
        filters = check_filters(source, after, before, as_of)
        return search(self.store, self.embedder, query, k, **asdict(filters))

    def people(self, limit: int = 20) -> list[Person]:
        """The people whom the 100 newest articles quote by first and last name, the most quoted first."""
        return people(self.store, limit)

    def quotes(
        self, name: str, *, after: date | None = None, before: date | None = None, source: str | None = None
    ) -> list[Quote]:
        """What a person is reported to have said, oldest first; "he said" is left out.

        Args:
            name: first and last name, as the articles give it.
            after, before, source: only articles of these days and this source.

        Raises:
            InputError: the name is not a first and a last name, or a filter is invalid.
        """
        return quotes(self.store, name, after, before, source)

    def answer(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        as_of: date | None = None,
        source: str | None = None,
        after: date | None = None,
        before: date | None = None,
    ) -> Answer:
        """Answer a question from the articles, or refuse if they do not answer it.

        Args:
            question: in plain words; at most 2,000 characters.
            history: the conversation before it, oldest turn first.
            as_of: the day it is asked on; nothing published later is used. The newest article's day where None.
            source, after, before: only articles of this source, or published in this range.

        Raises:
            InputError: a question or history that cannot be used; the argument is named.
            EngineCrashed: the language model failed.
        """
        final = None
        for event in self.stream(question, history, as_of=as_of, source=source, after=after, before=before):
            final = event.answer or final
        assert final is not None
        return final

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        as_of: date | None = None,
        source: str | None = None,
        after: date | None = None,
        before: date | None = None,
    ) -> Generator[Event, None, None]:
        """The answer as events: what is being done, the evidence that looks nearest, the checked answer.

        If the engine's process dies (`Config.worker`), the question is asked once more.
        """
        asked, turns = check_question(question), check_history(history)
        filters = check_filters(source, after, before, as_of)
        try:
            yield from self._stream(asked, turns, filters)
        except EngineDied:
            yield Event("restart", "the engine stopped and is started again")
            yield from self._stream(asked, turns, filters)

    def _stream(self, asked: str, turns: Sequence[Turn], filters: Filters) -> Generator[Event, None, None]:
        run = Run(asked, self.embedder, self.llm, self.config)
        first, newest = self.store.span()
        if kind := small_talk(asked, self.embedder):
            said = reply(kind, int(self.store.meta["articles"]), first, newest)
            yield _final(replace(run.unanswered(), text=said))
            return
        wants = summary.wanted(asked, filters.as_of or newest, asks(asked, self.embedder)["summary"])
        # "Any news?" in a conversation is about what was spoken of.
        if wants and not (turns and wants.new and not wants.subject):
            yield Event("status", f"choosing sentences of {self.store.meta['articles']} articles")
            base = replace(run.unanswered(), as_of=filters.as_of or newest)
            chosen = summary.summarised(wants, base, self.store, self.embedder, filters)
            nothing = "no article that matches the filters is about it"
            yield _final(chosen or refusal.refuse(base, (), nothing))
            return
        if turns and run.llm:
            yield Event("status", "understanding the question")
        filters = replace(filters, as_of=filters.as_of or newest)
        question = understand(asked, turns, filters, newest, run.llm, self.embedder)
        run.question = question
        run.clock.lap("rewrite")
        outcomes, parts = list[Outcome](), question.parts or (question,)
        for part in parts:
            alone = part_in_turn(part, [turn for o in outcomes for turn in o.turns()], run.llm, self.embedder)
            outcomes.append((yield from self._answered(run.part(len(parts)), alone)))
        yield _final(run.tell(outcomes))

    def _answered(self, run: Run, question: Question) -> Generator[Event, None, Outcome]:
        """What the articles say in answer to a question that asks for one thing."""
        yield Event("status", f"searching {self.store.meta['articles']} articles")
        question, found = self._find(question)
        run.clock.lap("search")
        if not found or (refusal.is_later(question) and not evidence.inside(found, question.period)):
            return Outcome(question, found, reason=refusal.empty_reason(question, found))
        other = [p for p in found if question.kind == "fact" and evidence.cannot_tell(p, question.period)]
        if len(other) == len(found):
            return Outcome(question, found, reason=refusal.weak_reason(question, found))
        found = [p for p in found if p not in other]
        if run.llm is None:
            return self._extracted(run, question, found)
        yield Event("evidence", found[0].nearest.text, evidence=found[0].nearest)
        run.unknown = len(unknown_names(question.text, self.store.knows))
        yield from run.look(question, run.llm, found)
        outcome = self._chosen(run, question)
        if question.kind == "several" and not outcome.kept:  # it may be one fact that was asked for
            fact = yield from self._answered(run.again(), replace(question, kind="fact"))
            return fact if fact.kept else outcome
        return outcome

    def _find(self, question: Question) -> tuple[Question, list[Passage]]:
        """The passages that may answer it, best first, and the question with the time of the event it names."""
        hits = search(self.store, self.embedder, question.search, self.config.candidates, **asdict(question.filters))
        found = self._passages(hits, question)
        if not question.period.bounded:
            said = [(s.text, s.article.published) for p in found for s in p.sentences]
            event = after_event(question.text, said, question.period.latest)
            if event.bounded:
                question = replace(question, period=event)
                found = self._passages(hits, question)
        return question, found

    def _passages(self, hits: Sequence[Hit], question: Question) -> list[Passage]:
        """As many of the passages that hits become as may be read, best first."""
        may_be_read = max(reading.steps(self.config, "several"))
        return evidence.passages(
            hits, question.text, self.embedder, question.period,
            searched=question.search, keep=may_be_read, reader=reader() if self.config.reader else None,
        )  # fmt: skip

    def _extracted(self, run: Run, question: Question, found: Sequence[Passage]) -> Outcome:
        """Without a language model: the best supporting sentences themselves."""
        if not refusal.answers_without_model(found, question.text):
            return Outcome(question, found, reason=refusal.weak_reason(question, found))
        told = extracts(question.text, found, self.embedder)
        run.clock.lap("write")
        return Outcome(question, found[: CALIBRATION.read_without_model], told)

    def _chosen(self, run: Run, question: Question) -> Outcome:
        """The best checked draft, or several where several are asked for, or the best passage's words."""
        kept, dropped = choose(run.drafts, run.refuse, question.kind)
        if question.kind == "several":
            kept, dropped = statements(run.drafts, question.text, run.refuse)
        elif len(kept) > 1:
            kept = side_by_side(kept)
        reason = "" if kept else refusal.weak_reason(question, run.read)
        return Outcome(question, run.read, kept, dropped, reason)

    def newest(self) -> date | None:
        """The day of the newest article, or None where none is dated."""
        return self.store.span()[1]

    def close(self) -> None:
        """Close the index and the model."""
        self.store.close()
        if self.llm:
            self.llm.close()

    def __enter__(self) -> Rag:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _folder(index: str | Path | None, name: str | None, must_be: bool = False) -> Path:
    """The folder of the index that is named."""
    if index and name:
        raise InputError(f"The index {index} and the collection {name!r} are both named.", "Leave one of them out.")
    if name is not None:
        return existing(name) if must_be else index_of(name)
    return Path(index).expanduser() if index else default_index()


def _final(answer: Answer) -> Event:
    return Event("answer", answer.text, answer)


_default: Rag | None = None
_opening = threading.Lock()


def answer(question: str, history: Sequence[Turn] = (), *, as_of: date | None = None) -> Answer:
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
    return _default.answer(question, history, as_of=as_of)
