"""Coverage-guided fuzzing of what reads strangers' bytes: `python tests/fuzz.py TARGET [--minutes 10]`.

Needs the extra `[fuzz]` (atheris). Inputs that reached new code are kept in tests/corpus/, and tried again by
`tests/unit/test_corpus.py`; an input that fails is written beside them as crash-…. The targets that read one kind of file begin
with those of `tests/harmed.py`.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import logging
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.types import RawArticle, Skipped

    Reader = Callable[[Path], Iterator[RawArticle | Skipped]]

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "corpus"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
_PARTS: dict[str, bytes] = {}  # of a Word document, made once


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
    from index.reading.pdf import read

    return _here(read, path, Exception)


def _here(read: Reader, path: Path, *failures: type[Exception]) -> list[RawArticle]:
    """As `index.reading.files` does it with what another process reads, but here: what goes on there guides no fuzzing.

    Args:
        failures: an unreadable file may fail with these, if it ends.
    """
    from index.reading.metadata import bounded
    from index.types import RawArticle

    logging.disable(logging.ERROR)
    try:
        return [bounded(raw) for raw in read(path) if isinstance(raw, RawArticle)]
    except failures:
        return []


def docx(data: bytes) -> None:
    """The first byte chooses which part of a Word document the rest is, or that it is the whole file."""
    from docx import Document

    from index.reading.office import read

    if not _PARTS:
        Document().save(made := BytesIO())
        with zipfile.ZipFile(made) as file:
            _PARTS.update({name: file.read(name) for name in file.namelist()})
    names = ("word/document.xml", "docProps/core.xml", "word/styles.xml", "")
    _kept(_packed(data, names, _PARTS, ".docx", read))


def epub(data: bytes) -> None:
    """The first byte chooses which part of a book the rest is, or that it is the whole file."""
    from harmed import begin

    from index.reading.epub import read

    names = ("b.opf", "a.html", "META-INF/container.xml", "")
    whole = {name: part[1:] for name, part in zip(names, begin("epub")[::11], strict=True)}
    _kept(_packed(data, names, whole, ".epub", read))


def _packed(
    data: bytes, names: Sequence[str], parts: Mapping[str, bytes], ending: str, read: Reader
) -> list[RawArticle]:
    name = names[(data[0] if data else 0) % len(names)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        path.write_bytes(data[1:])
        if name:
            with zipfile.ZipFile(path, "w") as file:
                for other, content in {**parts, name: data[1:]}.items():
                    file.writestr(other or "more", content)
        return _here(read, path, Exception)


def mail(data: bytes) -> None:
    """The first byte chooses the kind of mail; the rest is the file."""
    _file(data, (".eml", ".mbox", ".mhtml"))


def csv(data: bytes) -> None:
    """The first byte chooses the kind of table; the rest is the file."""
    _file(data, (".csv", ".tsv"))


def markdown(data: bytes) -> None:
    """A Markdown file, after its first byte."""
    _file(data, (".md",))


def _file(data: bytes, kinds: Sequence[str]) -> None:
    from index.reading.files import read_file
    from index.types import RawArticle

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{kinds[(data[0] if data else 0) % len(kinds)]}"
        path.write_bytes(data[1:])
        if isinstance(found := read_file(path, Path(folder)), list):
            _kept([raw for raw in found if isinstance(raw, RawArticle)])


def warc(data: bytes) -> None:
    """The first byte chooses whether the rest is packed. One harmed page must not cost the others: only `ValueError` is for the file."""
    from index.reading.warc import read

    packed = bool(data) and data[0] % 2 == 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.warc{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(data[1:], 1) if packed else data[1:])
        _kept(_here(read, path, ValueError))


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


TARGETS: dict[str, Callable[[bytes], None]] = {
    "readers": readers, "docx": docx, "epub": epub, "mail": mail, "csv": csv, "markdown": markdown, "warc": warc,
    "metadata": metadata, "citations": citations,
}  # fmt: skip


def main() -> None:
    """Fuzz one target."""
    import atheris
    from harmed import begin

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=list(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0)
    args = parser.parse_args()
    corpus = CORPUS / args.target
    corpus.mkdir(parents=True, exist_ok=True)
    begun = tempfile.mkdtemp()
    for n, data in enumerate(begin(args.target)):
        (Path(begun) / str(n)).write_bytes(data)
    # All that reads the bytes, loaded here: what was imported before is not instrumented.
    ours = [
        "index.build",
        "index.reading.pdf",
        "index.reading.files",
        "index.reading.office",
        "index.reading.epub",
        "index.reading.mail",
        "index.reading.table",
        "index.reading.markdown",
        "index.reading.warc",
        "index.store.writer",
        "rag.claims.attribution",
        "rag.claims.facts",
        "rag.question.kind",
        "rag.question.period",
        "ui.render",
    ]
    theirs = [
        "tomllib", "trafilatura", "htmldate", "pdfminer", "tinycss2", "cssselect", "docx", "email", "csv", "markdown_it", "yaml", "warcio",
    ]  # fmt: skip
    with atheris.instrument_imports(include=["index", "rag", "ui", *theirs]):
        for name in [*theirs, *ours]:
            importlib.import_module(name)
    options = [f"-max_total_time={round(60 * args.minutes)}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=3000"]
    atheris.Setup([sys.argv[0], str(corpus), begun, f"-artifact_prefix={corpus}/", *options], TARGETS[args.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
