"""Formats that are zip files (.docx, .epub): how much they unpack to is known before anything is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

MAX_UNPACKED = 300_000_000  # bytes of all parts together
MAX_TEXT = 20_000_000  # bytes of one part that is parsed
MAX_FILES = 20_000


def check(path: Path) -> None:
    """Refuse a file that unpacks to too much.

    Raises:
        ValueError: it is not a zip file, or unpacks to more than is allowed.
    """
    try:
        with zipfile.ZipFile(path) as file:
            parts = file.infolist()
    except zipfile.BadZipFile as error:
        raise ValueError(f"it is not a zip file inside: {error}") from error
    if len(parts) > MAX_FILES:
        raise ValueError(f"{len(parts):,} files in it; the most is {MAX_FILES:,}")
    total = sum(part.file_size for part in parts)
    if total > MAX_UNPACKED:
        raise ValueError(f"it unpacks to {total:,} bytes; the most is {MAX_UNPACKED:,}")
    for part in parts:
        if part.filename.endswith((".xml", ".rels")) and part.file_size > MAX_TEXT:
            raise ValueError(f"{part.filename[:80]} has {part.file_size:,} bytes; the most is {MAX_TEXT:,}")


def part(file: zipfile.ZipFile, name: str) -> bytes:
    """A part of it, bounded whatever length it claims.

    Raises:
        ValueError: there is no such part, or it is too long.
    """
    try:
        with file.open(name) as opened:
            data = opened.read(MAX_TEXT + 1)
    except KeyError as error:
        raise ValueError(f"there is no {name[:80]} in it") from error
    if len(data) > MAX_TEXT:
        raise ValueError(f"{name[:80]} has more than {MAX_TEXT:,} bytes")
    return data
