"""Text becomes unit-length vectors, with a sentence-transformers model from a local folder."""

from __future__ import annotations

import os
import re
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from index.encoder import Encoder, export, exported
from index.errors import ModelError, ModelMissing
from index.imports import one_at_a_time
from index.late_interaction import Tokens, tokens_of

Progress = Callable[[int, int], None]
Made = TypeVar("Made")
_BATCH = 32
_LETTERS = 8000  # of a text, beyond which no model here reads
_WORDS = 256  # of a text, where they stand for its tokens: as many tokens as the default model reads
_ASKED = 256  # texts in one call, below which their vectors are remembered: those of a question
_REMEMBERED = 20_000  # vectors; 30 MB with the default model
_REMEMBERED_TOKENS = 300  # texts whose tokens are remembered; as much


class Embedder(Protocol):
    """What the index needs of an embedding model."""

    name: str

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        ...

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Float32 vectors of shape (len(texts), dim), each of length 1."""
        ...

    def query(self, text: str) -> np.ndarray:
        """A float32 vector of shape (dim,), of length 1."""
        ...

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text with their vectors."""
        ...


class SentenceTransformerEmbedder:
    """An embedding model from a folder; loaded at first use.

    Raises:
        ModelMissing: there is no such folder (nothing is ever downloaded here).
        ModelError: the folder is not a sentence-transformers model.
    """

    def __init__(self, folder: Path, name: str, dim: int | None = None) -> None:
        if not (folder / "modules.json").is_file():
            raise ModelMissing(
                f"There is no sentence-transformers model in {folder}.",
                "Fetch one with `rag models fetch all-MiniLM-L6-v2`, or check the path.",
            )
        self.name = name
        self._folder = folder
        self._model = None
        self._exported: Encoder | None = None
        self._dim = dim
        self._known: dict[str, np.ndarray] = {}
        self._known_tokens: dict[str, Tokens] = {}
        self._lock = threading.RLock()
        # Torch keeps threads and memory for each thread that calls it: 300 MB with the fifty of a busy chat.
        self._thread, self._process = ThreadPoolExecutor(1, "embedding"), os.getpid()

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        if self._dim is None:
            self._dim = int(self._load().get_embedding_dimension())
        return self._dim

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Float32 vectors of shape (len(texts), dim), each of length 1."""
        if not texts or len(texts) >= _ASKED:
            return self._encode(texts, progress)
        with self._lock:
            return self._remembered(texts)

    def _remembered(self, texts: Sequence[str]) -> np.ndarray:
        known = self._known
        new = [t for t in dict.fromkeys(texts) if t not in known]
        found = {t: known[t] for t in texts if t in known} | dict(zip(new, self._encode(new, None), strict=True))
        known.update((t, found[t]) for t in new)
        while len(known) > _REMEMBERED:
            del known[next(iter(known))]
        return np.stack([found[t] for t in texts])

    def _encode(self, texts: Sequence[str], progress: Progress | None) -> np.ndarray:
        out = np.empty((len(texts), self.dim), np.float32)
        if not texts:
            return out
        encode = self._encoder(len(texts))
        # Texts of like length together: a batch is padded to its longest.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), _BATCH):
            part = order[start : start + _BATCH]
            made = self._on_its_thread(encode, [texts[i][:_LETTERS] for i in part])
            out[part] = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-12)
            if progress:
                progress(min(start + _BATCH, len(order)), len(order))
        return out

    def _on_its_thread(self, do: Callable[[list[str]], Made], texts: list[str]) -> Made:
        if self._process != os.getpid():  # a fork has none of its parent's threads
            self._thread, self._process = ThreadPoolExecutor(1, "embedding"), os.getpid()
        return self._thread.submit(do, texts).result()

    def query(self, text: str) -> np.ndarray:
        """A float32 vector of shape (dim,), of length 1."""
        return self.passages([text])[0]

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text with their vectors; those of a few texts are remembered."""
        with self._lock:
            known = self._known_tokens
            new = sorted({t for t in texts if t not in known}, key=len)
            found = {t: known[t] for t in texts if t in known}
            encoder = self._prepared()
            read = encoder.tokens if encoder else partial(_tokens_of, self._load())
            for start in range(0, len(new), _BATCH):
                part = new[start : start + _BATCH]
                found |= zip(part, self._on_its_thread(read, [t[:_LETTERS] for t in part]), strict=True)
            known.update(found)
            while len(known) > _REMEMBERED_TOKENS:
                del known[next(iter(known))]
            return [found[t] for t in texts]

    def prepare(self) -> bool:
        """Write the model as a file that starts at once; whether there is one now."""
        return export(self._load(), self._folder) is not None

    def _encoder(self, texts: int) -> Callable[[list[str]], np.ndarray]:
        """What makes vectors of so many texts: the exported model for a few, where there is one."""
        if texts < _ASKED and (encoder := self._prepared()):
            return encoder.encode
        return partial(_vectors, self._load(), sixteen=texts >= _ASKED and _has_bfloat16())

    def _prepared(self) -> Encoder | None:
        with self._lock:
            if self._exported is None and self._model is None and (file := exported(self._folder)):
                self._exported = Encoder(file)
        return self._exported

    def _load(self):  # type: ignore[no-untyped-def]
        with self._lock:
            return self._loaded()

    def _loaded(self):  # type: ignore[no-untyped-def]
        if self._model is None:
            with one_at_a_time:
                import transformers
                from sentence_transformers import SentenceTransformer

            transformers.logging.disable_progress_bar()
            try:
                self._model = SentenceTransformer(
                    str(self._folder),
                    device="cpu",
                    local_files_only=True,
                    model_kwargs={"use_safetensors": True},
                )
            except (OSError, ValueError, KeyError) as error:
                raise ModelError(
                    f"{self._folder} could not be loaded as an embedding model: {error}",
                    "Fetch it again with `rag models fetch`.",
                ) from error
        return self._model


def _vectors(model: Any, texts: list[str], *, sixteen: bool) -> np.ndarray:
    with _precision(sixteen):
        return np.asarray(model.encode(texts, show_progress_bar=False))


def _tokens_of(model: Any, texts: list[str]) -> list[Tokens]:
    """The tokens of each text; its words, where a model has the same vector for a token wherever it stands."""
    if not callable(model.tokenizer):
        words = [re.findall(r"\w+", text.lower())[:_WORDS] for text in texts]
        known = sorted({word for some in words for word in some})
        vectors = np.asarray(model.encode(known, show_progress_bar=False)).reshape(
            len(known), model.get_embedding_dimension()
        )
        at = {word: n for n, word in enumerate(known)}
        ids = [np.array([at[word] for word in some], int) for some in words]
        return [
            tokens_of(np.array([zlib.crc32(known[i].encode()) >> 1 for i in some], int), vectors[some]) for some in ids
        ]
    read = model.tokenizer(texts, truncation=True, max_length=model.max_seq_length, return_special_tokens_mask=True)
    given = model.encode(texts, output_value="token_embeddings", show_progress_bar=False)
    own = [np.equal(special, 0) for special in read["special_tokens_mask"]]
    return [tokens_of(np.array(i)[o], np.asarray(v)[o]) for i, o, v in zip(read["input_ids"], own, given, strict=True)]


def _has_bfloat16() -> bool:
    """Whether this CPU multiplies sixteen-bit floats: about twice as fast, cosines of 0.9999 to the others."""
    import torch

    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def _precision(sixteen: bool) -> AbstractContextManager[Any]:
    import torch

    return torch.autocast("cpu", torch.bfloat16) if sixteen else nullcontext()
