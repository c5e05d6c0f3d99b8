"""A run as a table in the terminal, and as one self-contained page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval import confidence
from eval.metrics import Interval, bootstrap
from eval.run import Row, harm

_STYLE = (
    (Path(__file__).parent / "report.css").read_text("utf-8") if (Path(__file__).parent / "report.css").exists() else ""
)
_SCRIPT = """
const pick=(k)=>{document.querySelectorAll('.q').forEach(e=>{e.hidden=!(k==='all'||e.dataset.state===k||e.dataset.kind===k)});
document.querySelectorAll('nav button').forEach(b=>b.setAttribute('aria-pressed',b.dataset.pick===k))};
document.querySelectorAll('nav button').forEach(b=>b.addEventListener('click',()=>pick(b.dataset.pick)));
"""


def table(summary: dict[str, Any]) -> str:
    """The figures as lines of text."""
    lines = [f"{summary['questions']} questions, {summary['errors']} ended in an error", ""]
    for name, value in summary["overall"].items():
        lines.append(f"{name.replace('_', ' '):22}{_rate(value)}")
    lines += ["", "correctness by kind"]
    for kind, rates in summary["kinds"].items():
        lines.append(f"  {kind:20}{_rate(rates['correctness'])}")
    latency, tokens = summary["latency"], summary["tokens"]
    if summary.get("auroc_shown") is not None:
        lines += ["", f"right from wrong among the answers: AUROC {summary['auroc_shown']:.2f}"]
    lines += [
        "",
        f"whole answer  p50 {latency['p50']:.1f} s, p95 {latency['p95']:.1f} s",
        f"evidence      p50 {latency['first_evidence_p50']:.1f} s, p95 {latency['first_evidence_p95']:.1f} s (the first thing shown)",
        f"tokens        p50 {tokens['prompt']:.0f} read, {tokens['generated']:.0f} written",
    ]
    return "\n".join(lines)


def compare(a: Sequence[Row], b: Sequence[Row]) -> str:
    """What got better and worse from run A to run B, with a paired bootstrap interval."""
    before = {row["id"]: row for row in a}
    pairs = [(before[row["id"]], row) for row in b if row["id"] in before]
    if not pairs:
        return "The two runs share no question."
    lines = [
        f"{len(pairs)} questions in both.",
        _change("Harm", [(harm(x), harm(y)) for x, y in pairs]),
        _change("Correctness", [(x["correct"], y["correct"]) for x, y in pairs]),
    ]
    seconds = bootstrap([y["timings"]["total"] - x["timings"]["total"] for x, y in pairs])
    assert seconds is not None
    lines.append(f"Seconds a question {seconds.mean:+.2f} ({seconds.low:+.2f} to {seconds.high:+.2f}).")
    for word, keep in (("better", (False, True)), ("worse", (True, False))):
        changed = [(x, y) for x, y in pairs if (x["correct"], y["correct"]) == keep]
        lines.append(f"\n{len(changed)} {word}:")
        lines += [f"  {y['id']:18} {y['question']}\n    was: {_said(x)}\n    now: {_said(y)}" for x, y in changed]
    return "\n".join(lines)


def _change(name: str, pairs: Sequence[tuple[bool, bool]]) -> str:
    """A rate in both runs and its change, which is noise if the interval contains 0."""
    change = bootstrap([float(after) - float(before) for before, after in pairs])
    assert change is not None
    verdict = "noise: the interval contains 0" if change.low <= 0 <= change.high else "a difference"
    return (
        f"{name} {_mean(before for before, _ in pairs):.3f} → {_mean(after for _, after in pairs):.3f}: "
        f"{change.mean:+.3f}, 95 % interval {change.low:+.3f} to {change.high:+.3f} ({verdict})."
    )


def page(summary: dict[str, Any], rows: Sequence[Row], facts: dict[str, str]) -> str:
    """One self-contained HTML page: figures, charts, and every question with its answer."""
    kinds = list(summary["kinds"])
    head = "".join(
        f"<tr><th>{_e(n.replace('_', ' '))}</th><td>{_cell(v)}</td></tr>" for n, v in summary["overall"].items()
    )
    about = " · ".join(f"{_e(k)}: {_e(v)}" for k, v in facts.items())
    buttons = "".join(
        f'<button data-pick="{_e(k)}" aria-pressed="{str(k == "all").lower()}">{_e(k.replace("_", " "))}</button>'
        for k in ["all", "wrong", "right", "error", *kinds]
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>rag eval</title><style>{_STYLE}</style><main><h1>How the answers did</h1><p class=about>{about}</p>"
        f"<div class=grid><section><h2>Figures</h2><table>{head}</table></section>"
        f"<section><h2>Correctness by kind</h2>{_bars([(k, summary['kinds'][k]['correctness']) for k in kinds])}</section>"
        f"<section><h2>Is .8 right eight times in ten?</h2>{_reliability(rows)}</section>"
        f"<section><h2>Answered, and answered wrongly, from each chance on</h2>{_risk_coverage(rows)}</section>"
        f"<section><h2>Seconds to the whole answer</h2>{_histogram([r['timings']['total'] for r in rows], 0, None, 12, ' s')}</section>"
        f"<section><h2>Prompt tokens read</h2>{_histogram([r['tokens'].get('prompt', 0) for r in rows], 0, None, 12, '')}</section></div>"
        f"<h2>Questions</h2><nav aria-label='show only'>{buttons}</nav>{''.join(map(_question, rows))}</main>"
        f"<script>{_SCRIPT}</script></html>"
    )


def _question(row: Row) -> str:
    state = "error" if row["error"] else "right" if row["correct"] else "wrong"
    said = "wrong and not marked" if harm(row) else state
    parts = [
        f"<p class=meta>{_e(row['id'])} · {_e(row['kind'])} · {said} · {row['timings']['total']:.1f} s</p><h3>{_e(row['question'])}</h3>"
    ]
    if row["standalone"] and row["standalone"] != row["question"]:
        parts.append(f"<p class=alone>asked as: {_e(row['standalone'])}</p>")
    parts.append(f"<p class=answer>{_e(row['error'] or row['text'])}</p>")
    if row["missing"]:
        parts.append(f"<p class=missing>missing: {_e(', '.join(row['missing']))}</p>")
    if row["forbidden"]:
        parts.append(f"<p class=missing>must not say: {_e(', '.join(row['forbidden']))}</p>")
    shown: set[str] = set()
    for c in row["citations"]:
        passage = next(
            (p for p in row["passages"] if p["article_id"] == c["article_id"] and p["start"] <= c["start"] < p["end"]),
            None,
        )
        text = passage["text"] if passage else c["quote"]
        key = f"{c['marker']}"
        shown.add(key)
        parts.append(
            f"<blockquote><b>[{c['marker']}]</b> {_e(c['article_id'])}, {_e(c['date'] or 'undated')}<br>{_lit(text, c['quote'])}</blockquote>"
        )
    if row["gold"] and not row["correct"]:
        gold = "".join(f"<li>{_e(article)}: {_e(text)}</li>" for article, text in row["gold"])
        parts.append(f"<details><summary>what supports the right answer</summary><ul>{gold}</ul></details>")
    parts.append(f"<p class=why>{_e(row['why'])}</p>")
    return f'<article class="q {state}" data-state="{state}" data-kind="{_e(row["kind"])}">{"".join(parts)}</article>'


def _lit(text: str, quote: str) -> str:
    at = text.find(quote)
    if at < 0:
        return f"<mark>{_e(quote)}</mark>"
    return f"{_e(text[:at])}<mark>{_e(quote)}</mark>{_e(text[at + len(quote) :])}"


def _bars(items: Sequence[tuple[str, dict[str, Any] | None]]) -> str:
    rows = []
    for i, (name, value) in enumerate(items):
        y, mean = i * 26, (value or {"mean": 0})["mean"]
        error = (
            f'<line x1="{130 + 250 * value["low"]:.0f}" x2="{130 + 250 * value["high"]:.0f}" y1="{y + 10}" y2="{y + 10}" class=err />'
            if value
            else ""
        )
        rows.append(
            f'<text x="124" y="{y + 14}" text-anchor="end">{_e(name.replace("_", " "))}</text><rect x="130" y="{y + 2}" width="{250 * mean:.0f}" height="16" />'
            f'{error}<text x="386" y="{y + 14}">{mean:.2f}</text>'
        )
    return f'<svg viewBox="0 0 420 {26 * len(items)}" role=img aria-label="correctness by kind">{"".join(rows)}</svg>'


def _reliability(rows: Sequence[Row]) -> str:
    """The chance given on the horizontal axis, the share of right answers on the vertical; ideal is the diagonal."""
    points = [
        (b.given, b.right, f"{b.n} answers given {b.given:.2f}: {b.right:.2f} right", b.n)
        for b in confidence.reliability(rows)
    ]
    dots = "".join(
        f'<circle cx="{_across(x)}" cy="{_up(y)}" r="{3 + n**0.5:.1f}"><title>{title}</title></circle>'
        for x, y, title, n in points
    )
    return _plane(
        f'<line x1="{_across(0)}" y1="{_up(0)}" x2="{_across(1)}" y2="{_up(1)}" class=err />{dots}',
        "given chance",
        "right",
    )


def _risk_coverage(rows: Sequence[Row]) -> str:
    """The share of questions answered on the horizontal axis, answered wrongly on the vertical."""
    curve = confidence.risk_coverage(rows)
    dots = "".join(
        f'<circle cx="{_across(p.answered)}" cy="{_up(p.wrong)}" r="3"><title>from {p.threshold:.2f} on: {p.answered:.2f} answered, '
        f"{p.wrong:.2f} wrong</title></circle>"
        for p in curve
    )
    return _plane(dots, "answered", "wrong")


def _across(share: float) -> str:
    return f"{40 + 360 * share:.0f}"


def _up(share: float) -> str:
    return f"{170 - 160 * share:.0f}"


def _plane(inside: str, across: str, up: str) -> str:
    """A square with both axes from 0 to 1, labelled."""
    return (
        f'<svg viewBox="0 0 420 200" role=img aria-label="{up} over {across}"><line x1="40" y1="170" x2="400" y2="170" class=err />'
        f'<line x1="40" y1="10" x2="40" y2="170" class=err />{inside}<text x="400" y="190" text-anchor="end">{across}</text>'
        f'<text x="36" y="16" text-anchor="end">{up}</text></svg>'
    )


def _histogram(values: Sequence[float], low: float, high: float | None, bins: int, unit: str) -> str:
    if not values:
        return "<p>none</p>"
    high = high if high is not None else max(values) or 1
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / ((high - low) or 1) * bins))] += 1
    top, width = max(counts), 400 / bins
    bars = "".join(
        f'<rect x="{10 + i * width:.1f}" y="{110 - 100 * n / top:.1f}" width="{width - 3:.1f}" height="{100 * n / top:.1f}"><title>{n}</title></rect>'
        for i, n in enumerate(counts)
    )
    return (
        f'<svg viewBox="0 0 420 132" role=img aria-label="histogram">{bars}<text x="10" y="126">{low:g}{unit}</text>'
        f'<text x="410" y="126" text-anchor="end">{_round(high)}{unit}</text></svg>'
    )


def _rate(value: dict[str, Any] | None) -> str:
    if value is None:
        return "   –"
    interval = Interval(**value)
    return f"{interval.mean:6.3f}  ({interval.low:.2f} to {interval.high:.2f}, n={interval.n})"


def _cell(value: dict[str, Any] | None) -> str:
    return (
        "–"
        if value is None
        else f"{value['mean']:.3f} <small>{value['low']:.2f}–{value['high']:.2f}, n={value['n']}</small>"
    )


def _said(row: Row) -> str:
    return str(row["error"] or row["text"])[:160]


def _mean(values: Any) -> float:
    values = [float(v) for v in values]
    return sum(values) / len(values)


def _e(text: Any) -> str:
    return html.escape(str(text))


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
