"""A collection that is there at once, with its models loading behind it."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from index.errors import EngineCrashed, RagError
from index.store.sqlite import Store
from rag import embedders, models
from rag.assistant import Rag
from rag.config import NO_MODEL, Config
from rag.prefetch import PASSAGES, read_ahead
from ui import examples
from ui.queue import Queue

_log = logging.getLogger(__name__)
_LOOK = 5.0  # seconds between two looks at whether the collection has changed
_LEAVE = 20.0  # seconds that the loading thread is given to end
_ON_A_SERVER = 16  # questions a server is asked to answer at once


class Loader:
    """Opens the collection now, and in a thread first the embedding model, then the language model.

    Once they are loaded, that thread has the model read ahead while nobody asks.

    Args:
        prefetch: passages that are read ahead; 0 for none.
        gpu_layers: layers of the model on a GPU; all where -1 and there is one.

    Raises:
        IndexMissing, IndexDamaged: there is no index, or none that can be read.
        ModelMissing: a model is not on this machine.
    """

    def __init__(
        self, index: Path, model: str, llm_url: str | None = None, prefetch: int = PASSAGES, gpu_layers: int = -1
    ) -> None:
        self.index, self.model = index, model
        self._config = Config(llm_url=llm_url, worker=True, gpu_layers=gpu_layers)
        self.most, self.reads_ahead = prefetch, prefetch > 0
        self._read_of: tuple[str, str, str] | None = None  # what was read ahead of: collection, when it changed, model
        self._usage: dict[str, tuple[int, float]] = {}  # by model, of those that were let go of
        self._wanted: str | None = None  # the model that is to be used next
        self._wake = threading.Event()
        self.questions: list[tuple[str, str]] = []
        self.named: list[tuple[str, int]] = []
        self.places: list[tuple[str, int]] = []
        self.queue = Queue(_ON_A_SERVER if llm_url else 1)
        models.locate(embedders.name_for(index), "embedder")
        if model != NO_MODEL and not llm_url:
            models.locate(model, "llm")
        self.store = Store(index)
        self.error: RagError | None = None
        self._rag: Rag | None = None
        self._trying = threading.Lock()
        self._thread: threading.Thread | None = None
        self._searchable, self._done = threading.Event(), threading.Event()
        self._settled, self._closed = threading.Event(), threading.Event()

    def start(self) -> None:
        """Begin to load."""
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)
        self._thread.start()

    @property
    def label(self) -> str:
        """The language model, as the page names it."""
        if self.model == NO_MODEL:
            return "no language model"
        return self._rag.llm.label if self._rag and self._rag.llm else self.model

    @property
    def name(self) -> str:
        """The collection, as the page calls it: the folder that was indexed, if it is one."""
        folders = json.loads(self.store.meta.get("folders", "[]"))
        name = Path(folders[0]).name if len(folders) == 1 else self.index.name
        return (name[:1].upper() + name[1:]).replace("-", " ").replace("_", " ")

    @property
    def where(self) -> str:
        """Where the language model runs, in words."""
        if self._config.llm_url:
            return f"Language model at {urlsplit(self._config.llm_url).hostname}"
        return "Only on this computer"

    @property
    def on_a_server(self) -> bool:
        """Whether a server runs the language model."""
        return bool(self._config.llm_url)

    @property
    def can_read_ahead(self) -> bool:
        """Whether there is a language model on this machine, and something that it may read."""
        return bool(self.most) and not self.on_a_server and self.model != NO_MODEL

    @property
    def prefetch(self) -> int:
        """Passages that are read ahead; 0 for none."""
        return self.most if self.can_read_ahead and self.reads_ahead else 0

    @property
    def ready(self) -> bool:
        """Whether everything is loaded."""
        return self._done.is_set()

    @property
    def settled(self) -> bool:
        """Whether `named` and `questions`, which come last, are there too."""
        return self._settled.is_set() and self._done.is_set()

    def usage(self, model: str) -> tuple[int, float]:
        """The tokens that a model has read since the chat began, and the seconds that the engine took for all it did."""
        llm = self._rag.llm if self._rag else None
        read, seconds = self._usage.get(model, (0, 0.0))
        if llm and self.model == model:
            return read + llm.usage.prompt, seconds + llm.usage.seconds
        return read, seconds

    def use_model(self, model: str) -> None:
        """Have another language model answer what is asked from now on; it is loaded in the background.

        Raises:
            ModelMissing, InputError: see `rag.models.locate`.
        """
        if model != NO_MODEL:
            models.locate(model, "llm")
        if model != self.model:
            self._done.clear()
            self._wanted = model
            self._wake.set()

    def use_collection(self, index: Path) -> None:
        """Have another collection asked from now on, once what was asked before is answered.

        Raises:
            IndexMissing, IndexDamaged, ModelMissing: it cannot be opened; the one before stays.
        """
        self._done.wait()
        store, opened = Store(index), Rag.open(index, NO_MODEL, self._config)
        ticket = self.queue.join()
        try:
            for _ in self.queue.turn(ticket):
                pass
            before = self._opened()
            config = replace(before.config, embedder=opened.embedder.name)
            # Those before are not closed here, as somebody may be reading them: they go with their last reader.
            self._rag = Rag(opened.store, opened.embedder, before.llm, config)
            self.store, self.index = store, index
            self.named, self.places, self.questions = [], [], []
            self._settled.clear()
        finally:
            self.queue.leave(ticket)
        self._wake.set()

    def rag(self) -> Rag:
        """The collection with its language model; waits for it.

        Raises:
            RagError: a model could not be loaded.
        """
        self._done.wait()
        rag = self._opened()
        if self.error:
            raise self.error
        return rag

    def rag_now(self) -> Rag:
        """The collection as soon as it can be searched, with a language model if that is loaded.

        Raises:
            RagError: it cannot be searched.
        """
        self._searchable.wait()
        return self._opened()

    def close(self) -> None:
        """Close the index and the models."""
        self._closed.set()
        self._wake.set()
        if self._thread:
            self._thread.join(_LEAVE)  # it may be searching
        if self._rag:
            self._rag.close()
        self.store.close()

    def _opened(self) -> Rag:
        if self._rag is None:
            raise self.error or EngineCrashed("The models could not be loaded.", "Run `rag doctor`.")
        if self.error and self._config.llm_url:
            with self._trying:  # a server may be there again
                try:
                    self._rag = self._rag.with_model(self.model)
                    self.error = None
                except RagError as error:
                    self.error = error
        return self._rag

    def _run(self) -> None:
        """Load; then, whenever something has changed: what is offered to begin with, another model, reading ahead."""
        self._load()
        while not self._closed.is_set():
            self._wake.clear()
            if self._wanted:
                self._change_model(self._wanted)
            if not self._settled.is_set():
                self._look_through()
            self._read_ahead()
            self._wake.wait(_LOOK)

    def _load(self) -> None:
        try:
            quick = Rag.open(self.index, NO_MODEL, self._config)
            quick.embedder.query("ready")
            self._rag = quick
            self._searchable.set()
            self._rag = quick.with_model(self.model)
        except RagError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - whatever ends this thread must be told on the page
            self.error = EngineCrashed(f"The models could not be loaded ({error}).", "Run `rag doctor`.")
        finally:
            self._searchable.set()
            self._done.set()

    def _change_model(self, model: str) -> None:
        """Let go of one language model and load another, when nobody is being answered."""
        ticket = self.queue.join()
        try:
            for _ in self.queue.turn(ticket):
                if self._closed.is_set():
                    return
            if (before := self._rag) is None:
                return
            self._usage[self.model] = self.usage(self.model)
            self._rag = before.with_model(NO_MODEL)
            if before.llm:
                before.llm.close()  # first, as two of them may be more than the memory holds
            self.model, self.error = model, None
            self._rag = before.with_model(model)
        except RagError as error:
            self.error = error
        finally:
            if self._wanted == model:
                self._wanted = None
                self._done.set()
            self.queue.leave(ticket)

    def _look_through(self) -> None:
        """Who is quoted most, questions that have an answer, and the places named most, which take the longest."""
        rag = self._rag
        try:
            if rag:
                self.named = examples.named(rag)
                self.questions = examples.questions(rag, self._closed.is_set)
                self.places = examples.named_places(rag, self._closed.is_set)
        except RagError as error:
            _log.warning("no questions can be offered: %s", error)
        finally:
            if rag is None or (self._rag and self._rag.store is rag.store):  # no other collection came meanwhile
                self._settled.set()

    def _read_ahead(self) -> None:
        """Have the model read what is new, where the collection or the model has changed and nobody asks."""
        if not self.prefetch or not self._rag or not self._rag.llm:
            return
        try:
            meta = self.store.meta
            now = (f"{self.index} {meta.get('made', '')}", meta["generation"], self.model)
            for _ in read_ahead(self._rag, self.prefetch) if now != self._read_of else ():
                while not self.queue.wait_for_nobody(_LOOK) and not self._closed.is_set():
                    pass
                if self._closed.is_set() or self._wake.is_set() or not self.prefetch:
                    return
            self._read_of = now
        except RagError as error:
            # Whoever asks next is told what is wrong, if it still is.
            _log.warning("reading ahead stopped: %s", error)
            self._read_of = now
