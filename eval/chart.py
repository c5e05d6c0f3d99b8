"""Figures as a table, and as a chart over the number of chunks (both axes logarithmic)."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 640, 320, 56, 40, 28, 150
_COLOURS = ("#17616e", "#b4531f", "#6a4c93", "#4d7c0f")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as a Markdown table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return "\n".join([*lines, *("| " + " | ".join(str(row.get(name, "")) for name in names) + " |" for row in rows)])


def svg(rows: Sequence[dict[str, Any]], x: str, series: dict[str, str], title: str) -> str:
    """Lines over `x`; `series` gives each line's key in the rows and its name."""
    xs = [float(row[x]) for row in rows]
    ys = [float(row[key]) for key in series for row in rows if float(row[key]) > 0]
    x0, x1 = math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs)))
    y0, y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def at(a: float, b: float) -> tuple[float, float]:
        across = (math.log10(a) - x0) / max(x1 - x0, 1)
        up = (math.log10(max(b, 10**y0)) - y0) / max(y1 - y0, 1)
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - up * (_HEIGHT - _BOTTOM - _TOP),
        )

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/><text x="{_LEFT}" y="16">{html.escape(title)}</text>',
    ]
    for power in range(y0, y1 + 1):
        _, y = at(10**x0, 10**power)
        out.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(10**power)}</text>')
    for power in range(x0, x1 + 1):
        px, _ = at(10**power, 10**y0)
        out.append(f'<text x="{px:.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{_short(10**power)}</text>')
    out.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{html.escape(x)}</text>'
    )
    used: list[float] = []
    for colour, (key, name) in zip(_COLOURS, series.items(), strict=False):
        points = [at(float(row[x]), float(row[key])) for row in rows]
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in points]
        label = points[-1][1] + 4
        while any(abs(label - other) < 14 for other in used):
            label += 14
        used.append(label)
        out.append(f'<text x="{points[-1][0] + 10:.1f}" y="{label:.1f}" fill="{colour}">{html.escape(name)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
