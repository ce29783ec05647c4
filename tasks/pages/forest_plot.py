"""Forest plot: each model's primary metric with its interval, as an SVG in a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from tasks.pages.numbers import rounded
from tasks.problem.definition import Problem

WIDTH, NAMES, VALUES, ROW = 760, 170, 190, 24  # pixels: all, of the names, of the numbers, a line
EDGE = 10


class Line(NamedTuple):
    """A model's name, its figure, and whether it is the champion or a baseline."""

    name: str
    value: float
    low: float
    high: float
    champion: bool
    baseline: bool


def forest_plot(metrics: Mapping[str, Any], problem: Problem, label: str) -> Markup:
    """Return the plot, the best model first.

    A baseline that is far from all others, such as a constant answer, would squeeze these: the
    scale holds all models that are better than it, and its mark stays at the edge.

    Parameters
    ----------
    metrics
        What metrics.json holds.
    problem
        Which metric is primary, and whether more of it is better.
    label
        What the plot is called for those who hear the page.
    """
    lines = lines_of(metrics, problem)
    shown = [line for line in lines if line.name != "dummy"] or lines
    low, high = min(line.low for line in shown), max(line.high for line in shown)
    height = ROW * (len(lines) + 1)
    rows = "".join(_row(line, place, low, (high - low) or 1.0) for place, line in enumerate(lines))
    scale = "".join(
        f'<text x="{_x(end, low, (high - low) or 1.0):.1f}" y="{height - 6}" '
        f'text-anchor="{anchor}" class="soft">{rounded(end)}</text>'
        for end, anchor in ((low, "start"), (high, "end"))
    )
    return Markup(
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<svg class="forest" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(label)}">{rows}{scale}</svg></div>'
    )


def lines_of(metrics: Mapping[str, Any], problem: Problem) -> list[Line]:
    """Return the models, the best first."""
    lines = []
    for kind in ("candidates", "peers"):
        for name, figures in metrics[kind].items():
            figure = figures[problem.primary_metric]
            ends = (figure["value"], figure["low"], figure["high"])
            lines.append(Line(name, *ends, name == metrics["champion"], kind == "peers"))
    return sorted(lines, key=lambda line: -problem.sign * line.value)


def _row(line: Line, place: int, low: float, span: float) -> str:
    y = ROW * place + ROW / 2
    left, middle, right = (_x(value, low, span) for value in (line.low, line.value, line.high))
    kind = "champion" if line.champion else "baseline" if line.baseline else "candidate"
    numbers = f"{rounded(line.value)} ({rounded(line.low)} – {rounded(line.high)})"
    return (
        f'<g class="{kind}"><text x="0" y="{y + 4}">{escape(line.name)}</text>'
        f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>'
        f'<circle cx="{middle:.1f}" cy="{y}" r="4.5"/>'
        f'<text x="{WIDTH}" y="{y + 4}" text-anchor="end">{numbers}</text></g>'
    )


def _x(value: float, low: float, span: float) -> float:
    """Return where a value lies between the names and the numbers."""
    share = min(1.0, max(0.0, (value - low) / span))
    return NAMES + EDGE + share * (WIDTH - NAMES - VALUES - 2 * EDGE)
