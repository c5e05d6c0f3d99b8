"""Copying an answer with its citations, as plain text, Markdown or BibTeX; and saving a chat as a web page."""

from __future__ import annotations

import re
from typing import Any

from ui.history import Chat, markdown_exchange
from ui.words import escaped, folded, where

Data = dict[str, Any]
_LOOK = "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.05rem/1.6 Georgia,serif}blockquote{margin:0;color:#524c43}"
_SPECIAL = re.compile(r"([\\{}$&#%_^~])")


def as_plain(question: str, answer: Data) -> str:
    """The question, the answer with its markers, and the citation behind each marker."""
    notes = [f"[{c['marker']}] “{folded(c['quote'])}” {where(c)}{_title(c)}" for c in answer["citations"]]
    return "\n".join([question, "", answer["text"], *(["", *notes] if notes else [])]) + "\n"


def as_markdown(question: str, answer: Data) -> str:
    """The same with footnotes."""
    text, notes = markdown_exchange(question, answer, 0)
    return "\n\n".join([text, *notes]) + "\n"


def as_bibtex(answer: Data) -> str:
    """An entry for each cited article, with the quoted words as its note."""
    entries: dict[str, list[str]] = {}
    for c in answer["citations"]:
        entries.setdefault(c["article_id"], []).append(folded(c["quote"]))
    out = []
    for number, (article, quotes) in enumerate(entries.items(), 1):
        c = next(c for c in answer["citations"] if c["article_id"] == article)
        fields = {
            "title": c["title"] or article,
            "journal": c["source"],
            "date": c["date"],
            "url": c["url"] if (c["url"] or "").startswith(("http://", "https://")) else None,
            "note": " … ".join(f"``{q}''" for q in quotes),
        }
        lines = "".join(f"  {name} = {{{_tex(str(value))}}},\n" for name, value in fields.items() if value)
        out.append(f"@article{{{_key(c, number)},\n{lines}}}\n")
    return "\n".join(out)


def _key(citation: Data, number: int) -> str:
    """A name for the entry: source, year, number."""
    source = re.sub(r"\W+", "", (citation["source"] or "article").lower())[:20] or "article"
    return f"{source}{(citation['date'] or 'undated')[:4]}-{number}"


def _title(citation: Data) -> str:
    return f": {citation['title']}" if citation["title"] else ""


def _tex(text: str) -> str:
    return _SPECIAL.sub(lambda m: {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}"}.get(m[1], "\\" + m[1]), text)


def as_page(chat: Chat) -> str:
    """A whole chat as a web page of its own: no script, nothing fetched."""
    turns = []
    for exchange in chat.exchanges:
        answer = exchange.answer
        said = answer["text"] if answer else f"({exchange.note or exchange.state})"
        quotes = "".join(
            f"<li value={c['marker']}><blockquote>{escaped(folded(c['quote']))}</blockquote>{escaped(where(c) + _title(c))}</li>"
            for c in (answer["citations"] if answer else ())
        )
        turns.append(
            f"<h2>{escaped(exchange.question)}</h2><p>{escaped(said)}</p>{f'<ol>{quotes}</ol>' if quotes else ''}"
        )
    title = escaped(chat.title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_LOOK}</style>'
        f"<h1>{title}</h1>{''.join(turns)}</html>\n"
    )
