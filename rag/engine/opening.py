"""Where a model is opened: a verified one in this process, any other file in a process of its own, which it may crash."""

from __future__ import annotations

from pathlib import Path

from rag import models
from rag.engine.base import LanguageModel
from rag.engine.local import LocalModel
from rag.engine.worker import WorkerModel


def open_model(
    name: str,
    *,
    context: int = 4096,
    threads: int | None = None,
    gpu_layers: int = -1,
    cache: Path | None = None,
    lookahead: int = 6,
    worker: bool = False,
) -> LanguageModel:
    """Open a language model, by its name or by its path.

    Args:
        name: a model of the registry, or a file of the user's own.
        context, threads, gpu_layers, cache, lookahead: see `rag.engine.local.LocalModel`.
        worker: in a process of its own, whatever it is.

    Raises:
        InputError, ModelMissing: the name is not known, or there is no file.
        ModelError: the file is not a GGUF model that this engine can load.
    """
    path = models.locate(name, "llm")
    kind = LocalModel if models.is_known(name) and not worker else WorkerModel
    return kind(path, name, context=context, threads=threads, gpu_layers=gpu_layers, cache=cache, lookahead=lookahead)
