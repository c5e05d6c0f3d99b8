"""The KV cache: the engine's state after reading a passage, kept in memory and on disk."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path


class KVCache:
    """The engine's state after reading a passage, kept in memory and in a folder.

    Both are bounded and drop what was used longest ago. A file carries the SHA-256 of its bytes, which is checked
    before native code sees them.
    """

    def __init__(self, folder: Path | None, identity: str, memory: int, disk: int) -> None:
        self._folder = folder
        self._identity = identity
        self._room, self._disk_room = memory, disk
        self._used = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def name(self, ids: Sequence[int]) -> str:
        """The key of a token sequence read by this model."""
        return hashlib.sha256(f"{self._identity}:{','.join(map(str, ids))}".encode()).hexdigest()[:40]

    def get(self, name: str) -> bytes | None:
        """The kept state, or None."""
        data = self._kept.get(name)
        if data is not None:
            self._kept.move_to_end(name)
            return data
        if not self._folder:
            return None
        path = self._folder / name
        try:
            raw = path.read_bytes()
        except OSError:  # another process shares the folder and may have made room
            return None
        whole = hashlib.sha256(raw[32:]).digest() == raw[:32]
        with suppress(OSError):  # a folder that may only be read
            os.utime(path) if whole else path.unlink()
        if not whole:
            return None
        self._remember(name, raw[32:])
        return raw[32:]

    def has(self, name: str) -> bool:
        """Whether a state is kept; it may still turn out to be damaged."""
        return name in self._kept or bool(self._folder and (self._folder / name).is_file())

    def put(self, name: str, data: bytes) -> None:
        """Keep a state."""
        self._remember(name, data)
        with suppress(OSError):  # no room, no right to write: then it is in memory only
            self._write(name, data)

    def _write(self, name: str, data: bytes) -> None:
        if not self._folder or shutil.disk_usage(self._folder).free < 4 * self._disk_room:
            return
        part = self._folder / f"{name}.{uuid.uuid4().hex}.part"
        part.write_bytes(hashlib.sha256(data).digest() + data)
        with suppress(FileNotFoundError):  # another process that makes room may have taken it
            part.replace(self._folder / name)
        files = sorted(self._files())
        excess = sum(size for _, size, _ in files) - self._disk_room
        for _, size, file in files:
            if excess <= 0:
                break
            file.unlink(missing_ok=True)
            excess -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        assert self._folder
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):  # gone meanwhile, as above
                status = file.stat()
                yield status.st_mtime, status.st_size, file

    def _remember(self, name: str, data: bytes) -> None:
        self._used += len(data) - len(self._kept.pop(name, b""))
        self._kept[name] = data
        while self._used > self._room and self._kept:
            self._used -= len(self._kept.popitem(last=False)[1])
