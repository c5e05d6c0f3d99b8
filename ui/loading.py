"""A collection that is there at once, with its models loading behind it."""

from __future__ import annotations

import json
import logging
import threading
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
        self.prefetch = 0 if llm_url or model == NO_MODEL else prefetch
        self.questions: list[tuple[str, str]] = []
        self.named: list[tuple[str, int]] = []
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
        self._thread = threading.Thread(target=self._load, name="models", daemon=True)
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
    def ready(self) -> bool:
        """Whether everything is loaded."""
        return self._done.is_set()

    @property
    def settled(self) -> bool:
        """Whether `named` and `questions`, which come last, are ready too."""
        return self._settled.is_set()

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
        try:
            if self._rag:
                self.named, self.questions = (
                    examples.named(self._rag),
                    examples.questions(self._rag, self._closed.is_set),
                )
        except RagError as error:
            _log.warning("no questions can be offered: %s", error)
        finally:
            self._settled.set()
        self._read_ahead()

    def _read_ahead(self) -> None:
        """Have the model read what is new, whenever the collection has changed and nobody asks."""
        seen: tuple[str, str] | None = None
        while self.prefetch and self._rag and self._rag.llm and not self._closed.is_set():
            try:
                meta = self.store.meta
                now = (meta.get("made", ""), meta["generation"])
                for _ in read_ahead(self._rag, self.prefetch) if now != seen else ():
                    while not self.queue.wait_for_nobody(_LOOK) and not self._closed.is_set():
                        pass
                    if self._closed.is_set():
                        return
                seen = now
            except RagError as error:
                # Whoever asks next is told what is wrong, if it still is.
                _log.warning("reading ahead stopped: %s", error)
                return
            self._closed.wait(_LOOK)
