"""An article becomes chunks: runs of whole sentences, exact slices of its text."""

from __future__ import annotations

import hashlib

from index.calibration import RETRIEVAL
from index.text.dates import spell
from index.text.fragments import is_fragment
from index.text.sentences import paragraphs, sentences
from index.types import Article, Chunk

MAX_WORDS = RETRIEVAL.chunk_words


def chunk(article: Article, max_words: int = MAX_WORDS) -> list[Chunk]:
    """Chunks of at most `max_words` words, in order, together covering every sentence that states something once.

    Paragraphs are kept whole where they fit and short neighbours are joined; a caption is a chunk of its own; one
    sentence longer than the limit is cut at white space. Words that repeat an earlier chunk make no new one: a text
    that repeats itself would crowd out all others. What says nothing by itself (`index.text.fragments`) makes none
    either: a list of names would rank for each of them.
    """
    captions, cut = set(article.captions), set[int]()
    spans: list[tuple[int, int, str]] = []
    open_span: tuple[int, int] | None = None

    def close() -> None:
        nonlocal open_span
        if open_span:
            spans.append((*open_span, "body"))
        open_span = None

    for start, end in paragraphs(article.text):
        if (start, end) in captions:
            close()
            spans.append((start, end, "caption"))
            continue
        for piece in _pieces(article.text, start, end, max_words, cut):
            joined = open_span and _words(article.text[open_span[0] : piece[1]])
            if open_span and joined and joined <= max_words:
                open_span = (open_span[0], piece[1])
            else:
                close()
                open_span = piece
    close()
    # Where an article has nothing else (a table), they stay: it could not be found at all.
    spans = [span for span in spans if span[0] in cut or not _says_nothing(article, *span[:2])] or spans
    first = {article.text[start:end]: (start, end, kind) for start, end, kind in reversed(spans)}
    return [
        Chunk(f"{article.id}#{n}", article.id, n, start, end, article.text[start:end], kind)
        for n, (start, end, kind) in enumerate(sorted(first.values()))
    ]


def _says_nothing(article: Article, start: int, end: int) -> bool:
    text = article.text[start:end]
    return is_fragment(text) and text.split() != (article.title or "").split()


def embedded_text(article: Article, chunk: Chunk) -> str:
    """What is embedded for a chunk: title, source and day stand before its words."""
    head = [article.title or "", article.source or "", spell(article.published) if article.published else ""]
    return ". ".join(part for part in head if part) + "\n" + chunk.text


def chunk_key(article: Article, chunk: Chunk) -> str:
    """The digest of what is embedded for a chunk: the name of its vector, and the proof of its text."""
    return hashlib.sha256(embedded_text(article, chunk).encode("utf-8", "replace")).hexdigest()[:32]


def _pieces(text: str, start: int, end: int, max_words: int, cut: set[int]) -> list[tuple[int, int]]:
    """The paragraph whole where it fits, otherwise runs of its sentences.

    Args:
        cut: gets where the parts of a sentence begin that is longer than a chunk: together they state something.
    """
    if _words(text[start:end]) <= max_words:
        return [(start, end)]
    pieces: list[tuple[int, int]] = []
    for first, last in sentences(text, start, end):
        if pieces and _words(text[pieces[-1][0] : last]) <= max_words:
            pieces[-1] = (pieces[-1][0], last)
        elif _words(text[first:last]) <= max_words:
            pieces.append((first, last))
        else:
            parts = _cut(text, first, last, max_words)
            if not is_fragment(text[first:last]):
                cut.update(at for at, _ in parts)
            pieces += parts
    return pieces


def _cut(text: str, start: int, end: int, max_words: int) -> list[tuple[int, int]]:
    """Cut what is longer than any sentence should be; a word of any length stays bounded."""
    pieces = []
    while start < end:
        stop, words = start, 0
        while stop < end and words < max_words and stop - start < max_words * 12:
            gap = text.find(" ", stop + 1, end)
            stop, words = (gap if gap != -1 else end), words + 1
            if stop - start > max_words * 12:
                stop = start + max_words * 12
        pieces.append((start, stop))
        start = stop
        while start < end and text[start].isspace():
            start += 1
    return pieces


def _words(text: str) -> int:
    # A "word" of hundreds of characters (a flood of base64) counts by its length.
    return sum(1 + len(word) // 24 for word in text.split())
