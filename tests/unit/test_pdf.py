"""The lines of a PDF become its paragraphs again: on pages that are set here, in one column and in two."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from index.reading.files import read_file, read_folders
from index.reading.pdf import read
from index.types import RawArticle, Skipped
from scripts.pdf_sentences import HEAD, share_whole, story

Drawn = list[tuple[float, float, float, str]]  # from the left, from below, the size of the letters, the words


def pdf(path: Path, pages: list[Drawn]) -> Path:
    """A PDF of words at their places."""
    writer = PdfWriter()
    names = ("/Type", "/Font"), ("/Subtype", "/Type1"), ("/BaseFont", "/Courier")
    font = DictionaryObject({NameObject(key): NameObject(value) for key, value in names})
    for drawn in pages:
        page = writer.add_blank_page(600, 800)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        stream = DecodedStreamObject()
        words = [f"/F1 {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj" for x, y, size, text in drawn]
        stream.set_data(f"BT {' '.join(words)} ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
    writer.write(path)
    return path


def set_text(told: list[list[str]], columns: int, hyphens: bool) -> list[Drawn]:
    """Pages with a running head, a page number and the paragraphs line by line; the first lines indented."""
    width = {1: 90, 2: 42}[columns]
    lines: list[tuple[bool, str]] = []
    for paragraph in told:
        words = " ".join(paragraph)
        if hyphens:
            words = words.replace("investigation", "investi-gation").replace("environmental", "environ-mental")
        wrapped = textwrap.wrap(words, width, break_on_hyphens=True)
        # A hyphen of ours that came to stand within a line is none.
        clean = [
            line[:-1].replace("investi-g", "investig").replace("environ-m", "environm") + line[-1] for line in wrapped
        ]
        lines += [(number == 0, line) for number, line in enumerate(clean)]
    pages: list[Drawn] = []
    for start in range(0, len(lines), 50 * columns):
        drawn: Drawn = [(220, 770, 8, HEAD), (290, 20, 8, f"Page {len(pages) + 1}")]
        for number, (first, line) in enumerate(lines[start : start + 50 * columns]):
            column, row = divmod(number, 50)
            drawn.append((40 + 270 * column + 10 * first, 740 - 14 * row, 10 if columns == 1 else 9, line))
        pages.append(drawn)
    return pages


@pytest.mark.parametrize("hyphens", [False, True], ids=["whole", "hyphens"])
@pytest.mark.parametrize("columns", [1, 2])
def test_sentences_come_out_whole(tmp_path: Path, columns: int, hyphens: bool) -> None:
    told = story(count=40)
    (raw,) = read(pdf(tmp_path / "a.pdf", set_text(told, columns, hyphens)))
    assert isinstance(raw, RawArticle)
    assert share_whole(raw.text, told) >= 0.95
    assert HEAD not in raw.text and "Page" not in raw.text
    assert len(raw.text.split("\n\n")) == pytest.approx(len(told), abs=6)


def test_headings_items_and_compounds_are_kept(tmp_path: Path) -> None:
    page = [
        (40, 740, 18, "Ferry loses its anchor"),
        (40, 700, 10, "The long-serving pilot said that a long-"),
        (40, 686, 10, "term plan was needed, and a well-"),
        (40, 672, 10, "known ship could not be used by the inter-"),
        (40, 658, 10, "national crew."),
        (40, 630, 10, "- One anchor was lost."),
        (40, 616, 10, "- Two boats went out."),
    ]
    (raw,) = read(pdf(tmp_path / "a.pdf", [page]))
    assert isinstance(raw, RawArticle)
    assert raw.text.split("\n\n") == [
        "Ferry loses its anchor",
        "The long-serving pilot said that a long-term plan was needed, and a well-known ship could not be used by the "
        "international crew.",
        "- One anchor was lost.",
        "- Two boats went out.",
    ]


def test_a_pdf_without_text_is_named_as_such(tmp_path: Path) -> None:
    found = read_file(pdf(tmp_path / "scan.pdf", [[], []]), tmp_path)
    assert isinstance(found, Skipped) and "no text layer (a scan?): nothing to read on its 2 pages" in found.why


def test_a_pdf_of_one_line_is_read_in_its_own_process(tmp_path: Path) -> None:
    pdf(tmp_path / "a.pdf", [[(40, 700, 10, "The dam was repaired in spring.")]])
    (raw,), skipped = read_folders([tmp_path])
    assert raw.text == "The dam was repaired in spring." and not skipped
