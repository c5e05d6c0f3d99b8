"""Questions and answers as escaped HTML. No Gradio here: these are functions from data to text.

What is shown is what `rag.types.Answer.as_dict` gives, so a chat read back from disk looks
as it did. Whatever opens an article is a button with `data-article`, `data-start` and
`data-end`; `static/app.js` does the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from rag.types import EvidenceSentence
from ui import copying
from ui.answering import Working
from ui.history import Chat, Exchange, split_markers
from ui.icons import icon
from ui.timeline import articles_read, days_html, open_button, timeline_html
from ui.words import count_words, day_words, escaped, folded, quoted, short_day, where

Data = dict[str, Any]
_EVIDENCE = 8  # passages listed under "How it was answered"
_ROWS = 2  # quotes shown as rows of their own; more are folded together
_MATCH = ((1.0, "Strong"), (-1.0, "Fair"))  # log-odds from which a passage matches so well; else "Weak"
_LIMITS = {"source": "", "from": "from ", "to": "to ", "as_of": "as of "}
_CAUTION = {
    "strict": "Asked strictly: refused unless very likely right.",
    "lenient": "Asked leniently: refused less often.",
}


def thread_html(chat: Chat, open_now: Sequence[Exchange] = ()) -> str:
    """Every question of a chat that is no longer open, with its outcome; empty for a chat without any.

    Args:
        open_now: the questions that wait or are being answered; they are shown by `working_html`.
    """
    if not chat.exchanges:
        return ""
    waiting = {exchange.asked for exchange in open_now}
    turns = "".join(turn_html(e, n) for n, e in enumerate(chat.exchanges) if e.asked not in waiting or not e.asked)
    unsaved = (
        _status(f"This chat could not be saved ({chat.unsaved}): copy what you need of it.", "error")
        if chat.unsaved
        else ""
    )
    return (
        f'<div class="thread" data-chat="{escaped(chat.id)}" data-title="{escaped(chat.title)}">{turns}{unsaved}</div>'
    )


def turn_html(exchange: Exchange, number: int) -> str:
    """A question and its answer, or why there is none."""
    answer = exchange.answer
    # What the page needs to light every citation of this answer in an article.
    cites = [
        {"marker": c["marker"], "article": c["article_id"], "start": c["start"], "end": c["end"]} | _exact(c)
        for c in (answer["citations"] if answer else ())
    ]
    body = _answered(exchange, answer, number) if answer else _unanswered(exchange, number)
    return (
        f'<article class="turn" data-turn="{number}" data-cites="{escaped(json.dumps(cites))}">'
        f"<h2>{escaped(exchange.question)}</h2>{_notes(exchange, answer)}{body}</article>"
    )


def _exact(citation: Data) -> dict[str, list[int]]:
    """Where the shortest answer is in the article; nothing if it is not there, or in an older version's answer."""
    return {"exact": [citation["start"] + n for n in citation["exact"]]} if citation.get("exact") else {}


def working_html(working: Sequence[Working]) -> str:
    """The open questions of a chat: what is being done, and the words that look nearest."""
    return "".join(_working(w) for w in working)


def _working(working: Working) -> str:
    if working.before:
        others = f"{count_words(working.before, 'question')} {'is' if working.before == 1 else 'are'} answered first"
        steps: Sequence[str] = (f"Waiting: {others}",)
    else:
        steps = working.steps or ("Waiting",)
    items = "".join(
        f'<li class="{"now" if last else "done"}"><span class="dot">{"" if last else icon("check")}</span>{escaped(_step(s))}</li>'
        for s, last in ((s, n == len(steps) - 1) for n, s in enumerate(steps))
    )
    found = evidence_html(working.nearest) if working.nearest else ""
    return (
        f'<article class="turn open"><h2>{escaped(working.exchange.question)}</h2>'
        f'<ol class="steps">{items}</ol>{found}</article>'
    )


def answer_html(answer: Data) -> str:
    """The sentences with their citations; what is to be seen by day stands on a line of days."""
    said = [_sentence(s, answer) for s in answer["sentences"]]
    lacking = "".join(
        f'<p class="lacking">Your articles don’t say: “{escaped(q)}”</p>' for q in answer.get("lacking", ())
    )
    return (days_html(said, answer) or f'<p class="said">{" ".join(said)}</p>') + lacking


def refusal_html(answer: Data) -> str:
    """Why there is no answer, and what is closest, to be opened."""
    near = "".join(
        f'<li><button type="button" data-article="{escaped(a["id"])}" data-start="0" data-end="0"><span>'
        f'<small class="meta">{escaped(where(a))}</small><q>{escaped(a["title"])}</q></span>{icon("right", True)}</button></li>'
        for a in answer["near"]
    )
    offered = f'<div class="near"><h3 class="label">Closest articles</h3><ul>{near}</ul></div>' if near else ""
    if not answer["reason"]:  # a greeting is no refusal
        return f"<p>{escaped(answer['text'])}</p>"
    reason = answer["reason"][:1].upper() + answer["reason"][1:]
    return f'<div class="nosay"><h3>{icon("none")}Your articles don’t say.</h3><p>{escaped(reason)}.</p></div>{offered}'


def sources_html(answer: Data) -> str:
    """The citations, one line each, which unfold to the quoted words; if there are many, they are folded together."""
    rows = [
        f'<details class="src"><summary><span class="num">{c["marker"]}</span><b>{escaped(c["source"] or "No source given")}</b>'
        f'<span class="day">{escaped(short_day(c["date"]))}</span><span class="ti">{escaped(c["title"] or "")}</span>'
        f"{icon('right', True)}</summary><blockquote>{quoted(c['quote'], c.get('exact'))}</blockquote>"
        f"{_also(c)}{open_button(c['article_id'], c['start'], c['end'], 'Open the article')}</details>"
        for c in answer["citations"]
    ]
    if not rows:
        return ""
    if len(rows) > _ROWS:
        articles = len({c["article_id"] for c in answer["citations"]})
        told = f"{count_words(len(rows), 'quote')} from {count_words(articles, 'article')}"
        return f'<details class="fold srcs"><summary>{told}{icon("right", True)}</summary>{"".join(rows)}</details>'
    return f'<div class="srcs">{"".join(rows)}</div>'


def held_back_html(answer: Data) -> str:
    """How many sentences were written and not shown; their words, and why, on request."""
    count = len(answer["dropped"])
    if not count:
        return ""
    items = "".join(
        f"<li><s>{escaped(s['text'])}</s><small>{escaped(_reason(s['why']))}</small></li>" for s in answer["dropped"]
    )
    were = "sentence was" if count == 1 else "sentences were"
    return (
        f'<details class="fold"><summary>{count} draft {were} held back{icon("right", True)}</summary>'
        f'<ul class="held" aria-label="Not supported">{items}</ul></details>'
    )


def how_html(answer: Data) -> str:
    """How the answer was made: the question as it was understood, passages, model, time."""
    rows = [
        f"<tr><td>{open_button(p['article_id'], p['start'], p['end'], folded(p['text'])[:70] + ' …')}"
        f"<small>{escaped(where(p))}</small></td><td>{_match(p['relevance'])}</td></tr>"
        for p in sorted(answer["passages"], key=lambda p: -(p["relevance"] or 0.0))[:_EVIDENCE]
    ]
    seconds = answer["timings"]
    parts = ", ".join(f"{name} {took:.1f}" for name, took in seconds.items() if name != "total" and took >= 0.05)
    facts = {
        "Understood as": answer["standalone_question"],
        "Newest article used": day_words(answer["as_of"]),
        "Support": ", ".join(f"{s['support']:.2f}" for s in answer["sentences"]),
        "Independent sources": ", ".join(str(s["sources"]) for s in answer["sentences"]),
        "Written by": answer["model"] if answer["model"] != "none" else "nobody: these are the articles’ own words",
        "Time": f"{count_words(round(seconds.get('total', 0)), 'second')}{': ' + parts if parts else ''}",
        "Tokens": ", ".join(f"{number:,} {name}" for name, number in answer["tokens"].items()),
    }
    told = "".join(f"<dt>{k}</dt><dd>{escaped(str(v))}</dd>" for k, v in facts.items() if v)
    table = f"<table><thead><tr><th>Passage</th><th>Match</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<dl>{told}</dl>{table if rows else ''}"


def evidence_html(found: EvidenceSentence) -> str:
    """What looks nearest while the answer is worked on: an article's own words, and no answer yet."""
    item = {"source": found.article.source, "date": found.article.published}
    return (
        f'<figure class="nearest"><blockquote>{escaped(folded(found.text))}</blockquote>'
        f"<figcaption>Nearest so far: {escaped(where(item))}</figcaption></figure>"
    )


def text_html(text: str, kind: str = "said") -> str:
    """A text as a paragraph, escaped."""
    return f'<p class="{escaped(kind)}">{escaped(text)}</p>'


def _answered(exchange: Exchange, answer: Data, number: int) -> str:
    body = refusal_html(answer) if answer["abstained"] else answer_html(answer) + sources_html(answer)
    return f'<div class="answer">{body}{held_back_html(answer)}{_receipt(exchange, answer, number)}</div>'


def _unanswered(exchange: Exchange, number: int) -> str:
    told = {
        "stopped": "Stopped before there was an answer.",
        "failed": exchange.note or "There is no answer.",
    }.get(exchange.state, "The program ended before there was an answer.")
    again = f'<button type="button" class="btn" data-act="again" data-turn="{number}">{icon("again", True)}Ask again</button>'
    return f'<div class="unanswered">{_status(told, "error" if exchange.state == "failed" else "status")}{again}</div>'


def _notes(exchange: Exchange, answer: Data | None) -> str:
    """What a person should know before reading: how the question was understood, its limits, and what was not ready."""
    notes = []
    if answer and answer["standalone_question"] != exchange.question:
        notes.append(f"Understood as: {answer['standalone_question']}")
    if exchange.limits:
        limits = {
            k: f"{_LIMITS[k]}{day_words(v) if _is_day(v) else v}" for k, v in exchange.limits.items() if k in _LIMITS
        }
        if limits:
            notes.append(f"Only {' '.join(limits.values())}.")
        if caution := _CAUTION.get(exchange.limits.get("caution", "")):
            notes.append(caution)
    if answer and exchange.note:
        notes.append(exchange.note)
    return "".join(f'<p class="understood">{escaped(note)}</p>' for note in notes)


def _receipt(exchange: Exchange, answer: Data, number: int) -> str:
    """Below an answer: whether it was checked, what was read, how it was made, and buttons to copy or rate it."""
    weak = sum(not s["supported"] for s in answer["sentences"])
    checked = ""
    if answer["sentences"] and not weak:
        # No tick and no "checked": a third of the answers on a large archive are wrong, and each of them has its quote.
        checked = '<span class="quoted">Every sentence has its quote</span>'
    elif weak:
        checked = f'<span class="doubt">{count_words(weak, "sentence")} may be wrong: read the quoted words</span>'
    timeline = timeline_html(answer)
    read = _fold(f"read{number}", f"{count_words(len(articles_read(answer)), 'article')} read") if timeline else ""
    how = _fold(f"how{number}", "How it was answered")
    copies = {
        "Copy": copying.as_plain(exchange.question, answer),
        "Copy as Markdown": copying.as_markdown(exchange.question, answer),
        "Copy as BibTeX": copying.as_bibtex(answer),
    }
    menu = "".join(
        f'<button type="button" role="menuitem" data-copy="{escaped(text)}">{name}</button>'
        for name, text in copies.items()
        if text
    )
    thumbs = "".join(
        f'<button type="button" class="icon s{turned}" data-act="like" data-liked="{liked}" data-turn="{number}" '
        f'aria-label="{name}" aria-pressed="{str(exchange.liked is pressed).lower()}">{icon("thumb", True)}</button>'
        for name, liked, pressed, turned in (("Good answer", "yes", True, ""), ("Bad answer", "no", False, " down"))
    )
    acts = (
        f'<details class="pop copy"><summary class="icon s" aria-label="Copy with sources">{icon("copy", True)}</summary>'
        f'<div class="menu" role="menu">{menu}</div></details>'
        f'<button type="button" class="icon s" data-act="again" data-turn="{number}" aria-label="Answer again">'
        f"{icon('again', True)}</button>{thumbs}"
    )
    return (
        f'<div class="receipt">{checked}{read}{how}<span class="acts">{acts}</span></div>'
        f'<div id="read{number}" hidden>{timeline}</div><div class="how" id="how{number}" hidden>{how_html(answer)}</div>'
    )


def _fold(controls: str, text: str) -> str:
    """A button that shows and hides what has this id."""
    return (
        f'<button type="button" class="more" aria-expanded="false" aria-controls="{controls}">{text}{icon("right", True)}'
        "</button>"
    )


def _sentence(sentence: Data, answer: Data) -> str:
    words, markers, end = split_markers(sentence["text"])
    by_marker = {c["marker"]: c for c in answer["citations"]}
    chips = "".join(_chip(by_marker[m]) for m in markers if m in by_marker)
    # A citation is never parted from the last word.
    head, _, last = words.rpartition(" ")
    text = f'{escaped(head)}{" " if head else ""}<span class="nb">{escaped(last + end)}{chips}</span>'
    if sentence["supported"]:
        return text
    because = sentence.get("doubt")
    hint = f"not sure: {because}" if because else "not sure: read the quoted words"
    return f'<span class="weak" title="{escaped(hint)}">{text}<span class="unseen"> ({escaped(hint)})</span></span>'


def _chip(citation: Data) -> str:
    tip = f"“{folded(citation['quote'])}” {where(citation)}"
    return (
        f'<button type="button" class="cite" data-marker="{citation["marker"]}" data-article="{escaped(citation["article_id"])}" '
        f'data-start="{citation["start"]}" data-end="{citation["end"]}" data-tip="{escaped(tip)}" aria-expanded="false" '
        f'aria-label="Quote {citation["marker"]}: {escaped(where(citation))}">{citation["marker"]}</button>'
    )


def _also(citation: Data) -> str:
    """The other articles that carry the same words, and the figure that an earlier version had."""
    names = ", ".join(open_button(name, 0, 0, name) for name in citation["also"])
    also = f"<small>The same words also in: {names}</small>" if names else ""
    corrected = citation.get("corrected") or ""  # a chat that was kept before has none
    return also + (f"<small>{escaped(corrected)}</small>" if corrected else "")


def _match(relevance: float | None) -> str:
    if relevance is None:
        return ""
    return next((name for least, name in _MATCH if relevance >= least), "Weak")


def _step(text: str) -> str:
    return text[:1].upper() + text[1:]


def _reason(why: str) -> str:
    return f"Not supported: {why}."


def _status(text: str, kind: str) -> str:
    return text_html(text, kind)


def _is_day(value: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value))
