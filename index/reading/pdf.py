"""Read one PDF under limits: `python -m index.reading.pdf FILE MAX_BYTES MAX_SECONDS` prints JSON."""

from __future__ import annotations

import json
import sys

MAX_PAGES, MAX_CHARACTERS = 2_000, 5_000_000


def main(argv: list[str]) -> int:
    """Print `{"title", "text"}`; any failure ends the process with a line on standard error."""
    path, limit, seconds = argv[0], int(argv[1]), int(argv[2])
    try:
        import resource
    except ImportError:  # Windows has no such limits; the parent's time-out still holds.
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    import logging

    logging.disable(logging.ERROR)
    try:
        data = extract(path)
    except Exception as error:  # noqa: BLE001 - the one place where any failure means "unreadable"
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(data))
    return 0


def extract(path: str) -> dict[str, str]:
    """The title and the text of a PDF; whatever the library raises goes through."""
    from pypdf import PdfReader

    reader = PdfReader(path)
    parts: list[str] = []
    for page in reader.pages[:MAX_PAGES]:
        parts.append(page.extract_text() or "")
        if sum(map(len, parts)) > MAX_CHARACTERS:
            break
    title = (reader.metadata.title if reader.metadata else None) or ""
    return {"title": str(title), "text": "\n\n".join(parts)[:MAX_CHARACTERS]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
