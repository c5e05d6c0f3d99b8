"""Coverage-guided fuzzing of what reads strangers' bytes: `python tests/fuzz.py readers|metadata|citations [--minutes 10]`.

Needs the extra `[fuzz]` (atheris). Inputs that reached new code are kept in tests/corpus/, and tried again by
`tests/test_corpus.py`; an input that fails is written beside them as crash-….
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.types import RawArticle

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "corpus"
sys.path.insert(0, str(ROOT))


def readers(data: bytes) -> None:
    """The first byte chooses the kind of file; the rest is the file."""
    from index.reading.files import read_file
    from index.types import RawArticle

    kinds = (".txt", ".md", ".html", ".jsonl", ".pdf")  # the corpus counts on this order
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{kinds[(data[0] if data else 0) % len(kinds)]}"
        path.write_bytes(data[1:])
        if path.suffix == ".pdf":
            _kept(_of_pdf(path))
        elif isinstance(found := read_file(path, Path(folder)), list):
            _kept([raw for raw in found if isinstance(raw, RawArticle)])


def _of_pdf(path: Path) -> list[RawArticle]:
    """As `index.reading.files` does it, but here: what goes on in another process guides no fuzzing."""
    from index.reading.metadata import bounded
    from index.reading.pdf import read
    from index.types import RawArticle

    logging.disable(logging.ERROR)
    try:
        return [bounded(raw) for raw in read(path) if isinstance(raw, RawArticle)]
    except Exception:  # noqa: BLE001 - an unreadable PDF may fail as it likes, if it ends
        return []


def metadata(data: bytes) -> None:
    """An `articles.toml` beside one article."""
    from index.reading.files import read_folders

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.txt").write_text("The bridge at Turku was opened on Monday, the mayor said.")
        (Path(folder) / "articles.toml").write_bytes(data)
        raws, skipped = read_folders([Path(folder)])
    assert len(raws) == 1 and all(s.why for s in skipped)
    _kept(raws)


def _kept(raws: list[RawArticle]) -> None:
    """What was read can be cleaned, cut into chunks and written down."""
    from index.build import clean_all
    from index.store.writer import as_data
    from index.text.chunks import chunk

    for article in clean_all(raws)[0]:
        json.dumps(json.loads(as_data(article)), ensure_ascii=False).encode()
        for piece in chunk(article):
            assert article.text[piece.start : piece.end] == piece.text


def citations(data: bytes) -> None:
    """What a model may write, and a question beside it."""
    from index.text.dates import mentions, parse_day
    from index.text.stretches import stretches
    from rag.claims.attribution import split_draft
    from rag.question.kind import kind_of, only_agrees
    from rag.question.period import period
    from ui.render import text_html

    text = data.decode("utf-8", "replace")
    assert not any(re.search(r"\[\d{1,3}\]", sentence) for sentence in split_draft(text))
    for day in (None, date(2022, 3, 30), date.min, date.max):
        for mention in mentions(text, day):
            assert text[mention.start : mention.end] == mention.words
        for stretch in stretches(text, day):
            assert text[stretch.start : stretch.end] == stretch.words and stretch.first <= stretch.last
        parse_day(text[:200], day)
        asked = period(text, day)
        assert asked.first is None or asked.last is None or asked.first <= asked.last
    kind_of(text)
    only_agrees(text, text[::-1])
    shown = text_html(text)
    assert "<" not in shown.removeprefix('<p class="said">').removesuffix("</p>")


TARGETS: dict[str, Callable[[bytes], None]] = {"readers": readers, "metadata": metadata, "citations": citations}


def main() -> None:
    """Fuzz one target."""
    import atheris

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=list(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0)
    args = parser.parse_args()
    corpus = CORPUS / args.target
    corpus.mkdir(parents=True, exist_ok=True)
    # All that reads the bytes, loaded here: what was imported before is not instrumented.
    ours = [
        "index.build",
        "index.reading.pdf",
        "index.reading.files",
        "index.store.writer",
        "rag.claims.attribution",
        "rag.claims.facts",
        "rag.question.kind",
        "rag.question.period",
        "ui.render",
    ]
    theirs = ["tomllib", "trafilatura", "htmldate", "pdfminer", "tinycss2", "cssselect"]
    with atheris.instrument_imports(include=["index", "rag", "ui", *theirs]):
        for name in [*theirs, *ours]:
            importlib.import_module(name)
    options = [f"-max_total_time={round(60 * args.minutes)}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=3000"]
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={corpus}/", *options], TARGETS[args.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
