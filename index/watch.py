"""When the files of folders change, so that their index can be brought up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from index.errors import CollectionError

_LOOK = 500  # milliseconds between two looks at whether to stop
_TOGETHER = 3_000  # milliseconds within which changes are told at once


class Stop(Protocol):
    """What says when to stop, as `threading.Event` does."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...


def changes(folders: Sequence[Path], index: Path, stop: Stop | None = None) -> Iterator[set[Path]]:
    """The files that were changed, made or removed, in batches, until `stop` or Ctrl+C.

    The first batch is empty: it comes as soon as the folders are watched, so that nothing is missed between a first
    look and the watching. Changes made while the caller is busy come in the next batch. Hidden files and the index's
    own are left out.

    Raises:
        CollectionError: a folder does not exist.
    """
    from watchfiles import watch

    for folder in folders:
        if not folder.exists():
            raise CollectionError(f"There is no folder {folder}.", "Check the path.")
    roots, own = [folder.resolve() for folder in folders], index.resolve()

    def counts(_change: object, name: str) -> bool:
        path = Path(name)
        root = next((root for root in roots if path.is_relative_to(root)), path)
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        return not hidden and not path.is_relative_to(own)

    first = True
    for found in watch(
        *roots, watch_filter=counts, debounce=_TOGETHER, stop_event=stop, rust_timeout=_LOOK, yield_on_timeout=True
    ):
        if found or first:
            yield {Path(name) for _, name in found}
        first = False
