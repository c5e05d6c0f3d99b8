"""A PDF becomes an article, its lines put together to paragraphs again; `index.reading.isolated` runs this under limits."""

from __future__ import annotations

import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from index.types import RawArticle, Skipped

if TYPE_CHECKING:
    from pdfminer.layout import LTPage, LTTextLine

MAX_PAGES, MAX_CHARACTERS = 2_000, 5_000_000
MAX_CONTENT = 10_000_000  # bytes of what draws one page, unpacked
_MARGIN = 0.12  # of a page's height, above and below, where running heads and page numbers stand
_COLUMN, _LEAST_COLUMN = 5, 60  # lines that make a column, and points that it is wide
_NUMBER = re.compile(r"(?:page\s+)?[-–—]?\s*\d{1,4}\s*[-–—]?(?:\s*(?:/|of)\s*\d{1,4})?", re.IGNORECASE)
_PRINTED = re.compile(r"(?:(?:https?|file)://\S+|.*\d{1,2}/\d{1,2}/\d{2,4}, \d{1,2}:\d{2}.*)(?:\s+\d{1,4}/\d{1,4})?")
_ITEM = re.compile(r"[•●○▪‣∙·*–-]\s|\(?\d{1,2}[.)]\s")
_ENDS = re.compile(r"[.!?:…][\"'”’»)\]]*$")
_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
    0xA0: " ",
}
# What keeps its hyphen where a line ends with it and nothing else tells.
_COMPOUND = frozenset(
    "self non anti pre post co ex pro well long short high low half all cross so two three four five".split()
)


@dataclass(frozen=True)
class TextLine:
    """A line of a page, or a piece of one: its words, and where it is, in points from the lower left.

    Attributes:
        column: which column of which part of the page it is in.
        size: the height of its letters.
        position: the lower edge of the line and its upper one, as parts of the page's height.
    """

    page: int
    text: str
    x0: float
    x1: float
    y0: float
    size: float
    position: tuple[float, float]
    column: tuple[int, int] = (0, 0)


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The article of a PDF.

    Raises:
        ValueError: there is no text in it.
    """
    lines, pages, title = extract(path)
    text = "\n\n".join(paragraphs(without_frame(lines, pages)))[:MAX_CHARACTERS]
    if not text.strip():
        raise ValueError(f"the PDF has no text layer (a scan?): nothing to read on its {pages} pages")
    yield RawArticle(path.stem, text, str(path), title=title or None)


def extract(path: Path) -> tuple[list[TextLine], int, str]:
    """The lines of a PDF in reading order, column by column, the number of its pages, and its title.

    What the library raises is passed on.
    """
    from pdfminer.converter import PDFPageAggregator
    from pdfminer.layout import LAParams, LTTextBox, LTTextLine
    from pdfminer.pdfdocument import PDFDocument
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser
    from pdfminer.utils import decode_text

    lines: list[TextLine] = []
    size = pages = 0
    with path.open("rb") as file:
        document = PDFDocument(PDFParser(file))
        named = next((info["Title"] for info in document.info if isinstance(info.get("Title"), bytes)), b"")
        manager = PDFResourceManager()
        # What is further apart than half a letter's height may be in another column: such pieces are put together here.
        device = PDFPageAggregator(manager, laparams=LAParams(char_margin=1.0, boxes_flow=None))
        interpreter = PDFPageInterpreter(manager, device)
        for page in PDFPage.create_pages(document):
            if pages == MAX_PAGES or size > MAX_CHARACTERS:
                break
            pages += 1
            _check_size(page.contents)
            interpreter.process_page(page)
            layout = device.get_result()
            found = [line for box in layout if isinstance(box, LTTextBox) for line in box]
            pieces = [_piece(line, pages, layout) for line in found if isinstance(line, LTTextLine)]
            lines += in_order([piece for piece in pieces if piece.text])
            size += sum(len(piece.text) for piece in pieces)
    return lines, pages, " ".join(decode_text(named).split())


def _check_size(contents: Sequence[object]) -> None:
    """Refuse a page that unpacks to too much, before it is unpacked.

    Raises:
        ValueError: it does.
    """
    from pdfminer.pdftypes import PDFStream, resolve1

    left = MAX_CONTENT
    for stream in map(resolve1, contents):
        if isinstance(stream, PDFStream):
            packed = any("Fl" in str(name) for name, _ in stream.get_filters()[:1])
            raw = stream.rawdata or b""
            try:
                left -= len(zlib.decompressobj().decompress(raw, left + 1)) if packed else len(raw)
            except zlib.error:  # the library takes what can be had of it
                left -= len(raw)
            if left < 0:
                raise ValueError(f"a page of it has more than {MAX_CONTENT:,} bytes")


def _piece(line: LTTextLine, page: int, layout: LTPage) -> TextLine:
    from pdfminer.layout import LTChar

    items = list(line)
    letters = [item for item in items if isinstance(item, LTChar)]
    size = median([letter.size for letter in letters] or [line.height])
    text = ""
    for item, after in zip(items, [*items[1:], None], strict=True):
        # A hyphen that is not needed is a space over which the next letter stands.
        unseen = isinstance(item, LTChar) and isinstance(after, LTChar) and after.x0 - item.x0 < 0.02 * size
        text += "" if unseen and item.get_text() == " " else item.get_text()
    height = max(layout.height, 1)
    position = ((line.y0 - layout.y0) / height, (line.y1 - layout.y0) / height)
    return TextLine(page, " ".join(text.translate(_LIGATURES).split()), line.x0, line.x1, line.y0, size, position)


def in_order(pieces: Sequence[TextLine]) -> list[TextLine]:
    """The lines that the pieces of one page make, in the order in which people read them: column after column."""
    gutters = _gutters(pieces)
    across = sorted((p.y0 for p in pieces if any(p.x0 < g - 2 and p.x1 > g + 2 for g in gutters)), reverse=True)

    def column(p: TextLine) -> tuple[int, int]:
        above = sum(y > p.y0 + 0.4 * p.size for y in across)
        if any(p.x0 < g - 2 and p.x1 > g + 2 for g in gutters):
            return 2 * above, 0
        return 2 * above + 1, sum(g <= p.x0 + 2 for g in gutters)

    lines: list[TextLine] = []
    for piece in sorted((replace(p, column=column(p)) for p in pieces), key=lambda p: (p.column, -p.y0, p.x0)):
        last = lines[-1] if lines else None
        if last and last.column == piece.column and abs(last.y0 - piece.y0) < 0.4 * max(last.size, piece.size):
            first, second = sorted((last, piece), key=lambda p: p.x0)
            size = max(last, piece, key=lambda p: len(p.text)).size
            text = f"{first.text} {second.text}"
            lines[-1] = replace(last, text=text, x0=first.x0, x1=max(last.x1, piece.x1), size=size)
        else:
            lines.append(piece)
    return lines


def _gutters(pieces: Sequence[TextLine]) -> list[float]:
    """Where columns begin, except the first: many pieces begin there, others end before it, few cross it."""
    starts = Counter(round(p.x0) for p in pieces)
    gutters: list[float] = []
    for x, count in sorted(starts.items()):
        if count < _COLUMN or (gutters and x - gutters[-1] < _LEAST_COLUMN):
            continue
        mine = [p for p in pieces if abs(p.x0 - x) <= 1]
        low, high = min(p.y0 for p in mine), max(p.y0 for p in mine)
        beside = [p for p in pieces if low <= p.y0 <= high]
        left = sum(p.x1 <= x - 4 for p in beside)
        crossing = sum(p.x0 < x - 2 and p.x1 > x + 2 for p in beside)
        if left >= _COLUMN and crossing <= 0.15 * len(mine):
            gutters.append(x)
    return gutters


def without_frame(lines: Sequence[TextLine], pages: int) -> list[TextLine]:
    """The lines without page numbers, running heads and what a browser prints around a page.

    A running head is a line at the same height on several pages.
    """

    def key(line: TextLine) -> tuple[str, int]:
        return re.sub(r"\d+", "#", line.text), round(line.y0)

    edges: dict[int, list[float]] = {}
    for line in lines:
        edges.setdefault(line.page, []).append(line.y0)
    for page, heights in edges.items():
        rows = sorted(set(heights))
        edges[page] = [*rows[:2], *rows[-2:]]
    outside = [line for line in lines if _in_margin(line) or line.y0 in edges[line.page]]
    seen = Counter(name for name, _ in {(key(line), line.page) for line in outside})
    frame = set()
    for line in outside:
        repeats = pages > 1 and seen[key(line)] >= max(2, pages / 3)
        if repeats or _NUMBER.fullmatch(line.text) or (_in_margin(line) and _PRINTED.fullmatch(line.text)):
            frame.add(id(line))
    return [line for line in lines if id(line) not in frame]


def _in_margin(line: TextLine) -> bool:
    return line.position[1] < _MARGIN or line.position[0] > 1 - _MARGIN


def paragraphs(lines: Sequence[TextLine]) -> list[str]:
    """The paragraphs of lines in reading order, with words broken at a line's end joined."""
    if not lines:
        return []
    words = Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", " ".join(line.text for line in lines).lower()))
    step, right = _step(lines), _right_edges(lines)
    out: list[str] = [lines[0].text]
    for before, line in itertools.pairwise(lines):
        if _goes_on(before, line, step, right[before.page, before.column[1]]):
            out[-1] = joined(out[-1], line.text, words)
        else:
            out.append(line.text)
    return [text.replace("\xad", "") for text in out]


def joined(before: str, after: str, words: Counter[str]) -> str:
    """Two lines as one; a word broken by a hyphen is joined as it is written elsewhere in the text, if it is."""
    if before.endswith("\xad"):
        return before[:-1] + after
    end = before[-60:]
    left, right = re.search(r"([^\W\d_]+)[-‐]$", end), re.match(r"[^\W\d_]+", after)
    if not left or not right:
        return before + after if re.search(r"\w[-‐]$", end) else f"{before} {after}"
    one, other = left.group(1).lower(), right.group().lower()
    if words[f"{one}-{other}"] or right.group()[0].isupper() or (one in _COMPOUND and not words[one + other]):
        return before + after
    return before[:-1] + after


def _goes_on(before: TextLine, line: TextLine, step: float, right: float) -> bool:
    """Whether a line continues the paragraph of the line before it."""
    if abs(line.size - before.size) > 0.12 * max(line.size, before.size) or _ITEM.match(line.text):
        return False
    down = before.y0 - line.y0
    beside = line.x0 < before.x1 and before.x0 < line.x1
    if (line.page, line.column) == (before.page, before.column) and beside and down > 0:
        wide = max(before.x1 - before.x0, line.x1 - line.x0)
        short = before.x1 < min(right, before.x0 + wide) - 0.15 * wide and line.x1 > before.x1
        indented = 0.7 * line.size < line.x0 - before.x0 < 0.3 * wide
        if _ENDS.search(before.text):
            return down < 1.3 * step and not short and not indented
        heading = before.x1 - before.x0 < 0.6 * wide and line.text[0].isupper()
        return down < 1.75 * step and not heading
    # In another column or on the next page: only what breaks off in the middle of a sentence goes on there.
    return not _ENDS.search(before.text)


def _step(lines: Sequence[TextLine]) -> float:
    """The usual distance from one line to the next."""
    steps = Counter(
        round(before.y0 - line.y0, 1)
        for before, line in itertools.pairwise(lines)
        if line.page == before.page and 0 < before.y0 - line.y0 < 4 * line.size
    )
    return steps.most_common(1)[0][0] if steps else 1.2 * lines[0].size


def _right_edges(lines: Sequence[TextLine]) -> dict[tuple[int, int], float]:
    edges: dict[tuple[int, int], float] = {}
    for line in lines:
        where = line.page, line.column[1]
        edges[where] = max(edges.get(where, line.x1), line.x1)
    return edges
