"""Cost plots: the primary figure of each candidate against the time and the size of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import seaborn as sns
from matplotlib import ticker

from tasks.evaluation.choice import Cost
from tasks.pages.plot_style import figure, literal, save
from tasks.problem.definition import Problem

MARKERS = "osD^vP<>ph"
TICKS = (1.0, 2.0, 5.0)  # of every power of ten
COLUMNS = 4  # of the legend
LABELS = {  # files, and what the axis of each says
    "cost_one_row": ("one_row_ms", "milliseconds for one row"),
    "cost_size": ("size_mb", "size in MB"),
}


def draw_costs(
    out: Path, result: Mapping[str, Any], costs: Mapping[str, Cost], problem: Problem
) -> None:
    """Draw a picture for the time of one row, and one for the size.

    `result` is what `evaluate` wrote. Figures are those of the test part, with their intervals; the
    champion has a ring.
    """
    figures = {name: result["candidates"][name][problem.primary_metric] for name in costs}
    for file, (field, label) in LABELS.items():
        x = {name: getattr(cost, field) for name, cost in costs.items()}
        _draw(out / f"{file}.png", x, figures, str(result["champion"]), label, problem)


def _draw(
    path: Path,
    x: Mapping[str, float],
    figures: Mapping[str, Mapping[str, float]],
    champion: str,
    label: str,
    problem: Problem,
) -> None:
    rows = -(-len(x) // COLUMNS)
    fig, axis = figure(4.8, 3.5 + 0.2 * rows)
    colours = sns.color_palette("colorblind", len(x))
    for i, (name, place) in enumerate(x.items()):
        value = figures[name]["value"]
        ends = [[value - figures[name]["low"]], [figures[name]["high"] - value]]
        axis.errorbar(
            [place],
            [value],
            yerr=ends,
            fmt=MARKERS[i % len(MARKERS)],
            color=colours[i],
            elinewidth=1,
            alpha=0.9,
            label=literal(name),
        )
    axis.plot(
        [x[champion]],
        [figures[champion]["value"]],
        "o",
        markersize=14,
        markerfacecolor="none",
        markeredgecolor="black",
    )
    axis.set(xscale="log", xlabel=label, ylabel=f"{problem.title} on the test part")
    axis.xaxis.set_major_locator(ticker.LogLocator(subs=TICKS, numticks=6))
    axis.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_locator(ticker.NullLocator())
    axis.margins(x=0.12)
    fig.legend(loc="outside lower center", ncols=COLUMNS, fontsize=7, frameon=False)
    save(fig, path)
