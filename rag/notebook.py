"""An answer as a notebook shows it: Markdown, or HTML without scripts, styles and links."""

from __future__ import annotations

from html import escape
from typing import Any

Data = dict[str, Any]
WEAK = "not sure: compare the quoted words"
_MARKUP = "\\`*_#|~![]"  # what Markdown would act on; < and > and & are escaped as HTML


def markdown(answer: Data) -> str:
    """The answer, its marks and its citations as Markdown."""
    weak = [f"*{WEAK}: {_plain(s['text'])}*" for s in answer["sentences"] if not s["supported"]]
    notes = [f"{c['marker']}. {_plain(_head(c))}: “{_plain(c['quote'])}”" for c in answer["citations"]]
    return "\n\n".join([_plain(answer["text"]), *weak, "\n".join(notes)]).strip()


def html(answer: Data) -> str:
    """The same as HTML: escaped, without scripts, styles or links of its own."""
    if answer["abstained"]:
        return f"<p><em>{escape(answer['text'])}</em></p>"
    said = " ".join(
        [*map(_sentence, answer["sentences"]), *(f"<em>Not answered: {escape(q)}</em>" for q in answer["lacking"])]
    )
    notes = "".join(
        f'<li value="{c["marker"]}">{escape(_head(c))}: <q>{escape(_folded(c["quote"]))}</q></li>'
        for c in answer["citations"]
    )
    return f"<p>{said}</p><ol>{notes}</ol>"


def _sentence(sentence: Data) -> str:
    text = escape(sentence["text"])
    return text if sentence["supported"] else f"<u>{text}</u> <small>({WEAK})</small>"


def _head(citation: Data) -> str:
    return ", ".join(
        part
        for part in (citation["source"] or "source not known", citation["date"] or "undated", citation["title"])
        if part
    )


def _plain(text: str) -> str:
    """The words with Markdown and HTML escaped, so that an article's words stay plain text."""
    return "".join(f"\\{c}" if c in _MARKUP else c for c in escape(_folded(text), quote=False))


def _folded(text: str) -> str:
    return " ".join(text.split())
