"""A model file's own claims about itself, held against its size before native code reads them.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path

from index.errors import ModelError, ModelMissing

_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # of a value, by its type's number
_STRING, _ARRAY = 8, 9
_ALIGNMENT = "general.alignment"
_DIMENSIONS = 4
# Weights and bytes of a block, by the number of a tensor's type.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip
_DENSEST = (256, 32)  # of a type that is newer than this table: a bit a weight, less than any


def check_gguf(path: Path) -> None:
    """Refuse what is no GGUF file, or one whose header points out of it.

    Raises:
        ModelMissing: there is no such file.
        ModelError: it is not GGUF, or one of its lengths, types or places cannot be.
    """
    if not path.is_file():
        raise ModelMissing(f"There is no model file at {path}.", "Check the path, or see `rag models`.")
    fix = "Name a .gguf file, or a model from `rag models`."
    with path.open("rb") as file:
        magic = file.read(4)
        if magic != b"GGUF":
            raise ModelError(f"{path} is not a GGUF file: it begins with {magic!r}, not b'GGUF'.", fix)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                _walk(_Header(data))
            except (ValueError, struct.error) as error:
                raise ModelError(f"{path} is damaged, or no GGUF file that can be used: {error}.", fix) from error


def _walk(header: _Header) -> None:
    version = header.number("<I")
    if version not in (2, 3):
        raise ValueError(f"version {version}; 2 and 3 are known")
    tensors, pairs = header.number("<Q"), header.number("<Q")
    alignment = 32
    for _ in range(pairs):
        key, kind = header.text(), header.number("<I")
        if key == _ALIGNMENT.encode() and kind == 4:
            alignment = header.number("<I")
        else:
            header.skip_value(kind)
    weights = []
    for _ in range(tensors):
        header.text()
        dimensions = header.number("<I")
        if dimensions > _DIMENSIONS:
            raise ValueError(f"a tensor of {dimensions} dimensions")
        count = math.prod(header.number("<Q") for _ in range(dimensions))
        block, size = _BLOCKS.get(header.number("<I"), _DENSEST)
        weights.append((header.number("<Q"), -(-count // block) * size))
    if not alignment or alignment & (alignment - 1):
        raise ValueError(f"an alignment of {alignment}")
    begin = -(-header.at // alignment) * alignment
    for offset, size in weights:
        if offset % alignment or begin + offset + size > len(header.data):
            raise ValueError(f"a tensor at {begin + offset:,} of {len(header.data):,} bytes")


class _Header:
    """The header from its fifth byte on; every step stays within the file."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data, self.at = data, 4

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return int(value)

    def text(self) -> bytes:
        begin = self.at + 8
        self._skip(self.number("<Q"))
        return self.data[begin : self.at]

    def skip_value(self, kind: int) -> None:
        if kind == _STRING:
            self.text()
        elif kind == _ARRAY:
            inner, count = self.number("<I"), self.number("<Q")
            if inner in _BYTES:
                self._skip(count * _BYTES[inner])
            elif inner == _STRING:
                for _ in range(count):  # ends at the file's end, whatever the count
                    self._skip(self.number("<Q"))
            else:
                raise ValueError(f"an array of values of type {inner}")
        elif kind in _BYTES:
            self._skip(_BYTES[kind])
        else:
            raise ValueError(f"a value of type {kind}")

    def _skip(self, size: int) -> None:
        if size > len(self.data) - self.at:
            raise ValueError(f"{size:,} bytes from {self.at:,} on in a file of {len(self.data):,}")
        self.at += size
