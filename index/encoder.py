"""An embedding model as an ONNX file: ready in a third of a second, where sentence-transformers takes five to import.

The file is made once, from the loaded model, and stands beside its weights. Its vectors are those of the model to six
digits; where they are not, or nothing can be written there, there is no file, and the model itself is loaded.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

_WEIGHTS, _TOKENIZER = "model.safetensors", "tokenizer.json"
_PROBES = ("Who said so?", "The harbour of Turku was closed for nine hours on Sunday, the mayor said: “It is the ice.”")
_NEAR = 1e-4  # the most that a number of a vector may differ
_OPSET = 17


class Encoder:
    """An exported model with its tokenizer; it may be called from several threads.

    Args:
        file: what `export` wrote, in the model's folder.
    """

    def __init__(self, file: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        # Threads that wait for work in a loop would take the language model's cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # it would keep what the largest batch took
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(file.parent / _TOKENIZER))
        self._tokenizer.enable_truncation(int(file.stem.split("-")[1]))
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Float32 vectors of shape (len(texts), dim), as the model gives them."""
        found = self._tokenizer.encode_batch(list(texts))
        inputs = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        fed = {name: np.array([getattr(one, field) for one in found], np.int64) for name, field in inputs.items()}
        wanted = {put.name for put in self._session.get_inputs()}
        return np.asarray(self._session.run(None, {n: v for n, v in fed.items() if n in wanted})[0], np.float32)


def exported(folder: Path) -> Path | None:
    """The file that was made from the weights that a model's folder has now, or None."""
    found = sorted(folder.glob(_name(folder, "*")))
    return found[0] if found and (folder / _TOKENIZER).is_file() else None


def export(model: Any, folder: Path) -> Path | None:
    """Write a loaded sentence-transformers model as one file, unless that is done; None where it cannot be.

    Args:
        model: a `SentenceTransformer`.
        folder: where it was loaded from.
    """
    if made := exported(folder):
        return made
    if not (folder / _TOKENIZER).is_file() or not (folder / _WEIGHTS).is_file() or not model.max_seq_length:
        return None
    file = folder / _name(folder, str(model.max_seq_length))
    part = file.with_suffix(f".{os.getpid()}.part")
    try:
        _write(model, model.tokenizer(list(_PROBES), padding=True, return_tensors="pt"), part)
        os.replace(part, file)
        there = np.asarray(model.encode(list(_PROBES), show_progress_bar=False))
        same = np.abs(Encoder(file).encode(_PROBES) - there).max() < _NEAR
    except (
        OSError,
        RuntimeError,
        ValueError,
        TypeError,
        AttributeError,
    ):  # a folder to be read only, or a model that cannot be traced
        same = False
    with suppress(OSError):
        part.unlink(missing_ok=True)
        if not same:
            file.unlink(missing_ok=True)
    return file if same else None


def _name(folder: Path, length: str) -> str:
    """A file's name: the most tokens of a text, and what tells the weights it was made from."""
    weights = (folder / _WEIGHTS).stat() if (folder / _WEIGHTS).is_file() else None
    return f"encoder-{length}-{weights.st_size if weights else 0}-{weights.st_mtime_ns if weights else 0}.onnx"


def _write(model: Any, features: dict[str, Any], file: Path) -> None:
    """Trace the model, pooling and all, on these features."""
    import torch

    names = list(features)

    class Whole(torch.nn.Module):
        """Takes what the tokenizer gives as arguments."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *values: torch.Tensor) -> torch.Tensor:
            """The vectors of the texts."""
            return self.model(dict(zip(names, values, strict=True)))["sentence_embedding"]

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Whole().eval(),
            tuple(features.values()),
            str(file),
            input_names=names,
            output_names=["vectors"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names} | {"vectors": {0: "texts"}},
            opset_version=_OPSET,
            dynamo=False,
        )
