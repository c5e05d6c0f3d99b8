"""Whether a file is a GGUF model at all, before the engine is asked to open it.

This does not prove that the file is sound. The models known by name are checked against their size and hash
(`rag.models`); any other file is opened only in a process of its own (`rag.engine.worker`), whose crash does no harm.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from pathlib import Path

from index.errors import ModelError, ModelMissing

_VERSIONS = (2, 3)
_HEADER = 24  # bytes: magic, version, and how many tensors and metadata pairs follow


def check_gguf(path: Path) -> None:
    """Refuse a file that does not begin as GGUF does, or ends before its header.

    Raises:
        ModelMissing: there is no such file.
        ModelError: it is not GGUF, of an unknown version, or truncated.
    """
    if not path.is_file():
        raise ModelMissing(f"There is no model file at {path}.", "Check the path, or see `rag models`.")
    fix = "Name a .gguf file, or a model from `rag models`."
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if header[:4] != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file: it begins with {header[:4]!r}, not b'GGUF'.", fix)
    if len(header) < _HEADER:
        raise ModelError(f"{path} is damaged, or not a usable GGUF file: it has only {len(header)} bytes.", fix)
    (version,) = struct.unpack_from("<I", header, 4)
    if version not in _VERSIONS:
        raise ModelError(f"{path} is damaged, or not a usable GGUF file: version {version}; 2 and 3 are known.", fix)
