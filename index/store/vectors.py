"""The vectors of an index: most of them in a FAISS file, and those added since in memory.

The file is never changed. Vectors that are added later are read from SQLite and searched exactly; those of rows that
are gone are passed over. When either grows past `_DRIFT` of the whole, the writer makes a new file; its kind follows
from the number of vectors:

    up to 50,000         flat: every vector is compared
    more                 inverted lists with eight-bit scalar quantisation, memory-mapped

What the inverted lists find is compared again with the exact vectors.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FLAT_UP_TO = 50_000  # vectors; at that size a search of all of them takes about 10 ms on two cores
SMALL = 20_000  # vectors up to which each change writes a new file: it takes a tenth of a second
_DRIFT = 0.05  # share of the whole that may be outside of the file, or gone, before a new one is made
_IN_MEMORY = 100_000  # vectors outside of the file that readers may have to hold, 150 MB with the default model
_PROBED = 0.03  # share of the inverted lists that a search looks into
_MARGIN = 1_000_000  # bytes; with less room a disk is full
_TRAINED_ON = 48  # vectors a list, of which the lists' centres are learned
_MAX_LISTS = 4_096
_ALIKE = 0.99  # cosine of a vector and itself in eight bits; another sentence's is below


@dataclass(frozen=True)
class Base:
    """The FAISS file of an index.

    Attributes:
        name: of the file, in the index's folder.
        sha256: of its bytes.
        kind: "flat" or "ivfN,sq8" (N lists).
        rows: vectors in it.
        last: the highest chunk row in it.
    """

    name: str
    sha256: str
    kind: str
    rows: int
    last: int


class Vectors:
    """The vectors of one generation, for reading.

    Args:
        base: the FAISS index of the base file.
        rows, matrix: chunk rows and float32 vectors, shape (n, dim), added after the base file.
    """

    def __init__(self, base: Any, rows: Sequence[int], matrix: np.ndarray) -> None:
        self.base = base
        self._rows, self._matrix = np.asarray(rows, np.int64), matrix

    @property
    def total(self) -> int:
        """All vectors, including those of removed rows."""
        return int(self.base.ntotal) + len(self._rows)

    @property
    def exact(self) -> bool:
        """Whether scores of the base are exact cosines."""
        return not _is_ivf(self.base)

    def nearest(self, vector: np.ndarray, k: int, within: np.ndarray | None = None) -> list[tuple[int, float]]:
        """(chunk row, cosine) of about the k nearest.

        Args:
            within: for each chunk row whether it may be found, shape (rows,).
        """
        import faiss

        allowed = None if within is None else int(np.count_nonzero(within))
        if allowed == 0:
            return []
        found: list[tuple[int, float]] = []
        selector = None if within is None else _selector(within)
        if self.base.ntotal:
            options: dict[str, Any] = {}
            if _is_ivf(self.base):
                share = 1.0 if allowed is None else min(1.0, allowed / self.base.ntotal)
                # Where only some are allowed, as much more is looked into.
                probed = min(self.base.nlist, max(8, math.ceil(self.base.nlist * _PROBED / max(share, _PROBED))))
                options["params"] = faiss.SearchParametersIVF(sel=selector, nprobe=probed)  # type: ignore[call-arg]
            elif selector is not None:
                options["params"] = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
            scores, ids = self.base.search(vector[None].astype(np.float32), min(k, self.base.ntotal), **options)
            found = [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i != -1]
        if len(self._rows):
            cosines = self._matrix @ vector
            if within is not None:
                cosines = np.where(within[self._rows], cosines, -np.inf)
            best = np.argsort(-cosines, kind="stable")[:k]
            found += [(int(self._rows[i]), float(cosines[i])) for i in best if np.isfinite(cosines[i])]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]


def _is_ivf(base: Any) -> bool:
    return hasattr(base, "nprobe")


def _selector(within: np.ndarray) -> Any:
    """A FAISS selector of the rows that may be found: a bitmap is quick to build and to query."""
    import faiss

    return faiss.IDSelectorBitmap(np.packbits(within, bitorder="little"))  # type: ignore[arg-type,call-arg]


def kind_for(count: int) -> str:
    """The kind of base file for so many vectors."""
    if count <= FLAT_UP_TO:
        return "flat"
    lists = min(_MAX_LISTS, 1 << round(math.log2(4 * math.sqrt(count))))
    return f"ivf{lists},sq8"


def is_due(base: Base | None, alive: int, since: int, gone: int) -> bool:
    """Whether a new base file should be made.

    Args:
        alive: vectors of rows that are there.
        since: how many of them are outside the base file.
        gone: vectors in the base file whose rows were removed.
    """
    if base is None or alive <= SMALL:
        return True
    drift = max(SMALL, alive) * _DRIFT
    grown = base.kind.split(",")[0][:3] != kind_for(alive)[:3]
    return grown or since > drift or gone > drift


def may_wait(alive: int, since: int) -> bool:
    """Whether a due base file may be built in the background, while readers use the old one."""
    return alive > SMALL and since <= _IN_MEMORY


def write_base(
    folder: Path, name: str, dim: int, count: int, batches: Iterable[tuple[list[int], np.ndarray]], sample: np.ndarray
) -> Base:
    """Write a base file and flush it.

    Args:
        count: vectors that will come.
        batches: (rows, float32 matrix of shape (len(rows), dim)), in order of row.
        sample: vectors to train the lists' centroids on; unused if all are compared.
    """
    import faiss

    kind = kind_for(count)
    index: Any
    if kind == "flat":
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
    else:
        lists = int(kind[3:].split(",")[0])
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dim), dim, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        )
        index.train(sample[: lists * _TRAINED_ON])
    total = last = 0
    for rows, matrix in batches:
        index.add_with_ids(matrix, np.asarray(rows, np.int64))
        total, last = total + len(rows), rows[-1]
    path = folder / name
    part = path.with_suffix(".part")
    try:
        faiss.write_index(index, str(part))
    except RuntimeError as error:  # FAISS has no other for a disk that takes no more
        free = shutil.disk_usage(folder).free
        raise OSError(errno.ENOSPC if free < _MARGIN else errno.EIO, "FAISS could not write", str(part)) from error
    with part.open("rb+") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    part.replace(path)
    return Base(name, digest, kind, total, last)


def sample_size(count: int) -> int:
    """How many vectors to train the lists' centroids on; 0 if there are no lists."""
    kind = kind_for(count)
    return 0 if kind == "flat" else min(count, int(kind[3:].split(",")[0]) * _TRAINED_ON)


def agreeing(base: Any, last: int, vectors: Mapping[str, bytes], rows: Mapping[str, int]) -> list[str]:
    """The keys of those vectors that the FAISS index of a base file has as well.

    They are looked for at their row, or anywhere if the row is lost. A flat index has them bit for bit, an eight-bit
    one nearly.

    Args:
        last: the highest chunk row in the file.
        vectors: float32, by key.
        rows: the chunk row of each key, where known.
    """
    import faiss

    if _is_ivf(base):
        base.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]
    keys = []
    for key, blob in vectors.items():
        vector, row = np.frombuffer(blob, np.float32), rows.get(key)
        if row is None:
            row = int(base.search(vector[None], 1)[1][0, 0])
        with suppress(RuntimeError):  # FAISS has no such row
            there = base.reconstruct(row) if 0 <= row <= last else np.zeros_like(vector)
            if there @ vector > _ALIKE if _is_ivf(base) else np.array_equal(there, vector):
                keys.append(key)
    return keys


def read_base(folder: Path, base: Base) -> Any:
    """The FAISS index of a base file, once its bytes are proven to be those written.

    Raises:
        FileNotFoundError: it is gone.
        ValueError: it is not the file that was written; the message says why.
    """
    import faiss

    path = folder / base.name
    if base.kind == "flat":
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != base.sha256:
            raise ValueError(f"{base.name} is not the file that was written ({len(data):,} bytes)")
        index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
    else:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != base.sha256:
                raise ValueError(f"{base.name} is not the file that was written ({path.stat().st_size:,} bytes)")
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    if index.ntotal != base.rows:
        raise ValueError(f"{base.name} holds {index.ntotal} vectors and {base.rows} were written")
    return index
