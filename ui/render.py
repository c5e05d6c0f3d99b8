"""An answer as escaped HTML. No Gradio here: these are functions from data to text."""

from __future__ import annotations

import html
from collections.abc import Iterable
from urllib.parse import urlsplit

from rag.types import Answer, Citation


def answer_html(answer: Answer) -> str:
    """The answer with its markers as chips; a weakly supported sentence and a refusal look different."""
    if answer.abstained:
        return f'<p class="refusal">{_e(answer.text)}</p>'
    parts = []
    for sentence in answer.sentences:
        text = _e(sentence.text)
        for marker in sentence.markers:
            text = text.replace(f"[{marker}]", f'<sup class="chip" title="{_quote(answer, marker)}">{marker}</sup>')
        if not sentence.supported:
            hint = f"Weakly supported ({sentence.support:.2f} of 1): read the quoted words"
            text = f'<span class="weak" title="{hint}">{text}</span>'
        parts.append(text)
    return f"<p>{' '.join(parts)}</p>"


def text_html(text: str, kind: str = "said") -> str:
    """Anything said, as a paragraph of escaped text."""
    return f'<p class="{_e(kind)}">{_e(text)}</p>'


def sources_html(citations: Iterable[Citation]) -> str:
    """The cited words, each with source and day."""
    items = [
        f'<li><span class="chip">{c.marker}</span> <cite>{_e(c.source or "source not known")}, '
        f"{_e(c.date.isoformat() if c.date else 'undated')}{_e(': ' + c.title if c.title else '')}</cite>{_link(c.url)}"
        f"<blockquote>{_e(' '.join(c.quote.split()))}</blockquote></li>"
        for c in citations
    ]
    return f'<ol class="sources">{"".join(items)}</ol>' if items else ""


def _link(url: str | None) -> str:
    """A link that opens elsewhere, only for http and https; nothing is fetched for it."""
    if not url or urlsplit(url).scheme not in ("http", "https"):
        return ""
    return f' <a href="{_e(url)}" target="_blank" rel="noopener noreferrer">original</a>'


def _quote(answer: Answer, marker: int) -> str:
    return next((_e(" ".join(c.quote.split())) for c in answer.citations if c.marker == marker), "")


def _e(text: str) -> str:
    return html.escape(text, quote=True)
