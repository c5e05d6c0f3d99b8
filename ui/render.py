"""An answer as escaped HTML. No Gradio here: these are functions from data to text.

What is shown is what `rag.types.Answer.as_dict` gives, so a chat read back from disk looks
as it did. Whatever opens an article is a button with `data-article`, `data-start` and
`data-end`; `app.js` does the rest.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from index.text.dates import short
from rag.types import EvidenceSentence
from ui.history import Exchange, split_markers

Data = dict[str, Any]
_TIMELINE = 8  # articles on a timeline, at most
_EVIDENCE = 8  # passages listed under "how this was answered"


def exchange_html(exchange: Exchange) -> str:
    """An answered question: text, sources, timeline, how it was answered. Or why it is not there."""
    answer = exchange.answer
    if answer is None:
        return text_html(exchange.note or "Stopped before there was an answer.", "status")
    notes = [exchange.note] if exchange.note else []
    if exchange.limits:
        notes.append("Only " + ", ".join(f"{k} {v}" for k, v in exchange.limits.items()) + ".")
    above = "".join(text_html(note, "note") for note in notes)
    body = refusal_html(answer) if answer["abstained"] else answer_html(answer) + sources_html(answer)
    # What app.js needs to light every citation of this answer in an article.
    cites = [
        {"marker": c["marker"], "article": c["article_id"], "start": c["start"], "end": c["end"]}
        for c in answer["citations"]
    ]
    timeline = timeline_html(answer) if answer["near"] or not answer["abstained"] else ""
    return (
        f'<div class="answer" data-cites="{_e(json.dumps(cites))}">{above}{body}{timeline}'
        f"{dropped_html(answer)}{how_html(answer)}</div>"
    )


def answer_html(answer: Data) -> str:
    """The sentences with their markers as chips; what several articles say stands side by side."""
    said = [_sentence_html(s, answer) for s in answer["sentences"]]
    by = [_cited(s, answer) for s in answer["sentences"]]
    articles = {c[0]["article_id"] for c in by if c}
    if len(articles) < 2:
        return f"<p>{' '.join(said)}</p>"
    cards = [
        f"<figure><figcaption>{_e(_where(c[0]) if c else '')}</figcaption><p>{_headless(text)}</p></figure>"
        for text, c in zip(said, by, strict=True)
    ]
    return f'<div class="statements">{"".join(cards)}</div>'


def refusal_html(answer: Data) -> str:
    """Why there is no answer, and what is near, to be opened."""
    near = "".join(
        f"<li>{open_button(a['id'], 0, 0, a['title'])} <small>{_e(_where(a))}</small></li>" for a in answer["near"]
    )
    offered = f'<p class="near">What the collection has that is near:</p><ul>{near}</ul>' if near else ""
    return f'<div class="refusal"><p>The articles do not say: {_e(answer["reason"])}.</p>{offered}</div>'


def sources_html(answer: Data) -> str:
    """The cited words, each with source and day."""
    items = [
        f"<li>{_chip(c)} <cite>{_e(_where(c))}{_e(': ' + c['title'] if c['title'] else '')}</cite>"
        f"<blockquote>{_e(_folded(c['quote']))}</blockquote>{_also(c)}</li>"
        for c in answer["citations"]
    ]
    return f'<ol class="sources" aria-label="Cited words">{"".join(items)}</ol>' if items else ""


def timeline_html(answer: Data) -> str:
    """The articles that were read, on their days; the cited ones lit."""
    cited = {c["article_id"] for c in answer["citations"]}
    known: dict[str, Data] = {}
    for item in (*answer["citations"], *answer["passages"]):
        if item["date"] and item["article_id"] not in known and len(known) < _TIMELINE:
            known[item["article_id"]] = item
    if len(known) < 2:
        return ""
    ordered = sorted(known.values(), key=lambda p: (p["date"], p["article_id"]))
    days = [date.fromisoformat(p["date"]) for p in ordered]
    gaps = [0, *((b - a).days for a, b in pairwise(days))]
    items = []
    for item, day, gap in zip(ordered, days, gaps, strict=True):
        lit = item["article_id"] in cited
        label = f"{_where(item)}: {item['title'] or item['article_id']}, {'cited' if lit else 'read, not cited'}"
        at = next((c for c in answer["citations"] if c["article_id"] == item["article_id"]), None)
        start, end = (at["start"], at["end"]) if at else (0, 0)
        items.append(
            f'<li style="flex-grow:{min(gap, 60)}">{open_button(item["article_id"], start, end, "", "dot cited" if lit else "dot", label)}'
            f"<small>{day.day} {day:%b}{f' {day.year}' if len({d.year for d in days}) > 1 else ''}</small></li>"
        )
    return f'<ol class="timeline" aria-label="The articles read, by day">{"".join(items)}</ol>'


def dropped_html(answer: Data) -> str:
    """What was written and left out, with why; folded away."""
    items = "".join(f"<li>{_e(s['text'])} <small>Left out: {_e(s['why'])}.</small></li>" for s in answer["dropped"])
    count = len(answer["dropped"])
    return f"<details><summary>What was left out ({count})</summary><ul>{items}</ul></details>" if count else ""


def how_html(answer: Data) -> str:
    """How it was answered: question, evidence, scores, model, times; folded away."""
    rows = [
        f"<tr><td>{open_button(p['article_id'], p['start'], p['end'], _folded(p['text'])[:70] + ' …')}<br><small>{_e(_where(p))}</small></td>"
        f"<td>{p['score']:.2f}</td><td>{'' if p['relevance'] is None else format(p['relevance'], '+.1f')}</td></tr>"
        for p in sorted(answer["passages"], key=lambda p: -(p["relevance"] or 0.0))[:_EVIDENCE]
    ]
    support = "; ".join(f"{s['support']:.2f}" for s in answer["sentences"])
    counts = "; ".join(str(s["sources"]) for s in answer["sentences"])
    facts = {
        "Question as it was understood": answer["standalone_question"],
        "As of": answer["as_of"] or "no article is dated",
        "Support of each sentence (0 to 1)": support,
        "Independent sources of each sentence": counts,
        "Model": answer["model"] if answer["model"] != "none" else "none: the articles' own words",
        "Seconds": ", ".join(f"{name} {seconds:.1f}" for name, seconds in answer["timings"].items()),
        "Tokens": ", ".join(f"{number} {name}" for name, number in answer["tokens"].items()),
    }
    told = "".join(f"<dt>{_e(k)}</dt><dd>{_e(str(v))}</dd>" for k, v in facts.items() if v)
    table = (
        "<table><thead><tr><th>Passage</th><th>Search score</th><th>Holds the answer (log-odds)</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
    return (
        f'<details class="how"><summary>How this was answered</summary><dl>{told}</dl>{table if rows else ""}</details>'
    )


def evidence_html(found: EvidenceSentence) -> str:
    """What looks nearest while the answer is worked on: an article's own words, and no answer yet."""
    article = found.article
    day = short(article.published) if article.published else "undated"
    return (
        f'<figure class="nearest"><blockquote>{_e(_folded(found.text))}</blockquote>'
        f"<figcaption>Nearest so far: {_e(article.source or 'source not known')}, {_e(day)}</figcaption></figure>"
    )


def text_html(text: str, kind: str = "said") -> str:
    """Anything said, as a paragraph of escaped text."""
    return f'<p class="{_e(kind)}">{_e(text)}</p>'


def _sentence_html(sentence: Data, answer: Data) -> str:
    words, markers, end = split_markers(sentence["text"])
    by_marker = {c["marker"]: c for c in answer["citations"]}
    text = f"{_e(words)} {''.join(_chip(by_marker[m]) for m in markers if m in by_marker)}{_e(end)}"
    if sentence["supported"]:
        return text
    hint = f"Weakly supported ({sentence['support']:.2f} of 1): read the quoted words"
    return f'<span class="weak" title="{hint}">{text}<span class="unseen"> ({hint})</span></span>'


def _headless(text: str) -> str:
    """A statement without "The Moscow Times (30 March 2022): ", which stands above it."""
    return re.sub(r"^(<span[^>]*>)?[^()<>]{1,120} \((?:\d[^()<>]{0,40}|undated)\)(?: writes)?: ", r"\1", text)


def _chip(citation: Data) -> str:
    tip = f"“{_folded(citation['quote'])}” {_where(citation)}"
    return (
        f'<button type="button" class="chip" data-marker="{citation["marker"]}" data-article="{_e(citation["article_id"])}" '
        f'data-start="{citation["start"]}" data-end="{citation["end"]}" data-tip="{_e(tip)}" '
        f'aria-label="Citation {citation["marker"]}: {_e(tip)}">{citation["marker"]}</button>'
    )


def open_button(article: str, start: int, end: int, text: str, kind: str = "open", label: str = "") -> str:
    """What opens an article in the side panel, at some words of it."""
    told = f' aria-label="{_e(label)}" data-tip="{_e(label)}"' if label else ""
    return (
        f'<button type="button" class="{kind}" data-article="{_e(article)}" data-start="{start}" data-end="{end}"{told}>'
        f"{_e(text)}</button>"
    )


def _also(citation: Data) -> str:
    """The other articles that carry the same words."""
    names = ", ".join(open_button(name, 0, 0, name) for name in citation["also"])
    return f"<small>The same words also in: {names}</small>" if names else ""


def _cited(sentence: Data, answer: Data) -> Sequence[Data]:
    return [c for c in answer["citations"] if c["marker"] in sentence["markers"]]


def _where(item: Data) -> str:
    return f"{item['source'] or 'source not known'}, {day_words(item['date'])}"


def day_words(day: str | date | None) -> str:
    """A day as people write it: 30 March 2022."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{day.day} {day:%B %Y}" if day else "undated"


def _folded(text: str) -> str:
    return " ".join(text.split())


def _e(text: str) -> str:
    return html.escape(text, quote=True)
