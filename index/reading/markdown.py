"""Markdown becomes the text that its reader sees: no `#` before headings, no addresses in links, no front matter.

The front matter becomes metadata. Markdown is rendered to HTML first, because it may contain HTML: what that hides from
people is left out here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from index.reading import front_matter
from index.reading.hidden import drop_hidden
from index.reading.plain import text_of
from index.types import RawArticle, Skipped

MAX_MARKDOWN = 1_000_000  # bytes: its parser takes up to 25 seconds and 700 MB for that
_BLOCKS = frozenset(
    "address article aside blockquote body dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr "
    "li main nav ol p pre section summary table tbody thead tfoot tr ul".split()
)
_NOT_READ = ("script", "style", "template", "noscript", "img", "svg", "iframe", "object", "head")
_WRAPPED = 120  # characters: no editor breaks its lines later, so longer ones are paragraphs
_ENDS = re.compile(r"[.!?…:][\"”’»')\]]*$")
_BREAK = "\u2028"  # a break that the author asked for
# What Obsidian adds to Markdown: embedded files, links to notes, footnotes, highlights, kinds of callouts.
_EMBED = re.compile(r"!\[\[[^\[\]\n]{0,300}\]\]")
_NOTE = re.compile(r"\[\[(?:[^\[\]|\n]{0,300}\|)?([^\[\]|\n]{0,300})\]\]")
_MARK = re.compile(r"\[\^[^\[\]\s]{1,30}\]:?|==(?=\S)|(?<=\S)==")
_CALLOUT = re.compile(r"^\[![\w-]{1,30}\][+-]?[ \t]*(.*)$", re.MULTILINE)


def read(path: Path) -> Iterator[RawArticle | Skipped]:
    """The article of a Markdown file."""
    size = path.stat().st_size
    if size > MAX_MARKDOWN:
        raise ValueError(f"{size:,} bytes; the most for Markdown is {MAX_MARKDOWN:,}: split it, or name it .txt")
    said, body = front_matter.split(text_of(path).replace("\r\n", "\n").replace("\r", "\n"))
    title, paragraphs = rendered(body)
    yield front_matter.told(RawArticle(path.stem, "\n\n".join(paragraphs), str(path), title=title), said)


def rendered(body: str) -> tuple[str | None, list[str]]:
    """The heading that the text opens with, if any, and its paragraphs as they are shown."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    page = f"<html><body>{markdown.render(_NOTE.sub(_label, _EMBED.sub('', body)))}</body></html>"
    tree = document_fromstring(page, parser=HTMLParser(remove_comments=True, remove_pis=True))
    if "<" in body:
        drop_hidden(tree)
    title, paragraphs = None, list[str]()
    for tag, words in _blocks(tree):
        if tag == "h1" and not paragraphs:
            title = words
        paragraphs += [words] if tag != "p" else _lines(words)
    return title, paragraphs


def _label(found: re.Match[str]) -> str:
    return found[1].rpartition("/")[2]


def _blocks(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    """Each block's tag and text, in order; for a list item the text after its bullet, for a table row its cells."""
    etree.strip_elements(tree, *_NOT_READ, with_tail=False)
    gathered: list[str] = []
    tag = "p"
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        name = str(element.tag)
        if name in _BLOCKS:
            if words := _text(gathered, tag):
                yield tag, words
            keeps = event == "start" and tag == "li" and name == "p"  # the paragraph of an item
            tag = tag if keeps else name if event == "start" else "p"
            gathered = gathered if keeps else [_mark(element)] if event == "start" and name == "li" else []
        elif event == "start" and name in ("td", "th") and any(piece.strip() for piece in gathered):
            gathered.append(" | ")
        elif event == "start" and name == "br":
            gathered.append(_BREAK)
        gathered.append((element.text if event == "start" else element.tail) or "")
    if words := _text(gathered, tag):
        yield tag, words


def _mark(item: HtmlElement) -> str:
    """The bullet or number of a list item."""
    above = item.getparent()
    if above is None or above.tag != "ol":
        return "- "
    start = above.get("start", "1")
    before = sum(1 for _ in item.itersiblings("li", preceding=True))
    return f"{(int(start) if start.isdecimal() and len(start) < 9 else 1) + before}. "


def _text(gathered: list[str], tag: str) -> str:
    text = _MARK.sub("", _CALLOUT.sub(rf"\1{_BREAK}", "".join(gathered).strip())).strip()
    if tag != "p" and tag != "pre":
        text = " ".join(text.split())
    return text if any(c.isalnum() for c in text) else ""


def _lines(words: str) -> list[str]:
    """A paragraph's lines joined, or each by itself where they are so long that each is a paragraph."""
    out: list[str] = []
    for part in words.split(_BREAK):
        lines = [line for line in (" ".join(line.split()) for line in part.split("\n")) if line]
        paragraphs = len(lines) > 1 and max(map(len, lines)) > _WRAPPED and all(map(_ENDS.search, lines))
        out += lines if paragraphs else [" ".join(lines)] if lines else []
    return out
