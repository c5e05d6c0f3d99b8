"""Draw how far the chance of an answer can be trusted: python scripts/chance_figure.py RESULTS… > docs/chance.svg

RESULTS are the `results.jsonl` of a run of `rag eval`. Left the reliability diagram, right the risk-coverage curve, as the
run's own report draws them (`eval.confidence`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from eval import confidence
from eval.record import Row, read_results

SIDE, LEFT, TOP, APART = 220, 56, 36, 320
INK, FAINT, DOT = "#333333", "#bbbbbb", "#17616e"


def plane(number: int, title: str, across: str, up: str, most: float) -> list[str]:
    """Axes from 0 to 1, and from 0 to `most`, with their names."""
    x, y = LEFT + number * APART, TOP + SIDE
    out = [f'<text x="{x}" y="{TOP - 14}" font-weight="bold">{title}</text>']
    out += [f'<path d="M{x} {TOP}V{y}H{x + SIDE}" fill="none" stroke="{INK}"/>']
    for share in (0, 0.5, 1):
        out.append(f'<text x="{x + share * SIDE:.0f}" y="{y + 16}" text-anchor="middle">{share:g}</text>')
        out.append(f'<text x="{x - 6}" y="{y - share * SIDE + 4:.0f}" text-anchor="end">{share * most:g}</text>')
    out.append(f'<text x="{x + SIDE / 2:.0f}" y="{y + 34}" text-anchor="middle">{across}</text>')
    out.append(
        f'<text transform="translate({x - 36} {TOP + SIDE / 2:.0f}) rotate(-90)" text-anchor="middle">{up}</text>'
    )
    return out


def draw(rows: Sequence[Row]) -> str:
    """Both planes as an SVG."""
    most = 0.2
    out = plane(0, f"{len(confidence.answered(rows))} answers", "chance that is shown", "right", 1)
    out += plane(1, f"{len(rows)} questions", "answered, the surest first", "answered wrongly", most)
    out.append(f'<path d="M{LEFT} {TOP + SIDE}L{LEFT + SIDE} {TOP}" stroke="{FAINT}" stroke-dasharray="4"/>')
    for b in confidence.reliability(rows):
        x, y = LEFT + b.given * SIDE, TOP + SIDE * (1 - b.right)
        out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2 + b.n**0.5:.1f}" fill="{DOT}" fill-opacity=".7"/>')
    points = [
        f"{LEFT + APART + p.answered * SIDE:.1f},{TOP + SIDE * (1 - p.wrong / most):.1f}"
        for p in confidence.risk_coverage(rows)
    ]
    out.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{DOT}" stroke-width="2"/>')
    width, height = LEFT + APART + SIDE + 24, TOP + SIDE + 44
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="#ffffff"/>', *out, "</svg>\n"])


if __name__ == "__main__":
    sys.stdout.write(draw([row for name in sys.argv[1:] for row in read_results(Path(name))]))
