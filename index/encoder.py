"""An embedding model as an ONNX file: ready in a third of a second, where sentence-transformers takes five to import.

The file is made once, from the loaded model, and stands beside its weights. Its vectors are those of the model to six
digits; where they are not, or nothing can be written there, there is no file, and the model itself is loaded. Its name
has the size and the time of the weights and its own checksum: made from others, or damaged, it is not used.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from index.late_interaction import Tokens, tokens_of

_WEIGHTS, _TOKENIZER = "model.safetensors", "tokenizer.json"
_PROBES = ("Who said so?", "The harbour of Turku was closed for nine hours on Sunday, the mayor said: “It is the ice.”")
_NAME = "encoder2"  # the first ones had no tokens to give
_NEAR = 1e-4  # the most that a number of a vector may differ
_OPSET = 17


class Session:
    """A BERT-like network as an ONNX file, opened so that it leaves the language model its cores and its memory."""

    def __init__(self, file: Path) -> None:
        # 1.32 reports to its maker unless this is set. The versions that pyproject.toml allows do not, so far as is known.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        # Threads that wait for work in a loop would take the language model's cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # it would keep what the largest batch took
        self._opened = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._wanted = {put.name for put in self._opened.get_inputs()}

    def run(self, outputs: Sequence[str], read: Sequence[Any]) -> list[np.ndarray]:
        """These outputs, float32, for texts that a tokenizer has read and padded to one length."""
        inputs = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        fed = {name: np.array([getattr(one, field) for one in read], np.int64) for name, field in inputs.items()}
        made = self._opened.run(list(outputs), {n: v for n, v in fed.items() if n in self._wanted})
        return [np.asarray(one, np.float32) for one in made]


class Encoder:
    """An exported model with its tokenizer; it may be called from several threads.

    Args:
        file: what `export` wrote, in the model's folder.
    """

    def __init__(self, file: Path) -> None:
        from tokenizers import Tokenizer

        self._session = Session(file)
        self._tokenizer = Tokenizer.from_file(str(file.parent / _TOKENIZER))
        self._tokenizer.enable_truncation(int(file.stem.split("-")[1]))
        self._tokenizer.enable_padding()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Float32 vectors of shape (len(texts), dim), as the model gives them."""
        return self._session.run(["vectors"], self._tokenizer.encode_batch(list(texts)))[0]

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, with the vectors that the model gives them."""
        found = self._tokenizer.encode_batch(list(texts))
        own = [np.equal(one.special_tokens_mask, 0) & np.equal(one.attention_mask, 1) for one in found]
        (vectors,) = self._session.run(["tokens"], found)
        return [tokens_of(np.array(one.ids)[o], v[o]) for one, o, v in zip(found, own, vectors, strict=True)]


def exported(folder: Path) -> Path | None:
    """The undamaged file that was made from the weights that a model's folder has now, or None."""
    if not (folder / _TOKENIZER).is_file() or not (folder / _WEIGHTS).is_file():
        return None
    for file in sorted(folder.glob(f"{_NAME}-*-{_made_from(folder)}-*.onnx")):
        if file.stem.endswith("-" + _checksum(file)):
            return file
    return None


def export(model: Any, folder: Path) -> Path | None:
    """Write a loaded sentence-transformers model as one file, unless that is done; None where it cannot be.

    Args:
        model: a `SentenceTransformer`.
        folder: where it was loaded from.
    """
    if there := exported(folder):
        return there
    if not (folder / _TOKENIZER).is_file() or not (folder / _WEIGHTS).is_file():
        return None
    part = folder / f"encoder.{os.getpid()}.part"
    file: Path | None = None
    try:
        _write(model, model.tokenizer(list(_PROBES), padding=True, return_tensors="pt"), part)
        file = folder / f"{_NAME}-{model.max_seq_length}-{_made_from(folder)}-{_checksum(part)}.onnx"
        os.replace(part, file)
        vectors = np.asarray(model.encode(list(_PROBES), show_progress_bar=False))
        same = np.abs(Encoder(file).encode(_PROBES) - vectors).max() < _NEAR
    # Read-only, or a model that cannot be traced.
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError):
        same = False
    made = file if same else None
    with suppress(OSError):
        for old in (part, *folder.glob("encoder*.onnx")):
            if old != made:
                old.unlink(missing_ok=True)
    return made


def _made_from(folder: Path) -> str:
    weights = (folder / _WEIGHTS).stat()
    return f"{weights.st_size}-{weights.st_mtime_ns}"


def _checksum(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()[:16]


def _write(model: Any, features: dict[str, Any], file: Path) -> None:
    """Trace the model, pooling and all, on these features."""
    import torch

    names = list(features)

    class Whole(torch.nn.Module):
        """Takes what the tokenizer gives as arguments."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            """The vectors of the texts, and those of their tokens."""
            made = self.model(dict(zip(names, values, strict=True)))
            return made["sentence_embedding"], made["token_embeddings"]

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Whole().eval(),
            tuple(features.values()),
            str(file),
            input_names=names,
            output_names=["vectors", "tokens"],
            dynamic_axes={name: {0: "texts", 1: "length"} for name in [*names, "tokens"]} | {"vectors": {0: "texts"}},
            opset_version=_OPSET,
            dynamo=False,
        )
