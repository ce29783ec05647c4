"""Draw a search: the validation metric by trial, and against each searched parameter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib import axes as mpl_axes
from matplotlib import ticker

from casebook.stage import stage
from casebook.store import Facts
from tasks.pages.plot_style import axes_grid, figure, save
from tasks.problem.definition import Problem
from tasks.tuning.search import Between, Trial, space


@stage(process="worker")
def draw_search(
    out: Path, trials: Sequence[Trial], problem: Problem, course: float | None
) -> Facts:
    """Draw `progress.png` and `searched.png`.

    The first shows each trial, the best so far and the lab's network, the second has a panel per
    parameter.
    """
    _progress(out, [trial.figure for trial in trials], problem, course)
    _searched(out, trials, problem)
    return {"pictures": 2}


def _progress(out: Path, figures: list[float], problem: Problem, course: float | None) -> None:

    fig, axis = figure(9, 3.4)
    numbers = range(1, len(figures) + 1)
    axis.plot(numbers, figures, "o", markersize=4, label="a trial")
    best = list(accumulate(figures, max if problem.sign > 0 else min))
    axis.step(numbers, best, where="post", label="best so far")
    if course is not None:
        axis.axhline(course, color="grey", linestyle="--", label="the lab's network")
    _spare_outliers(axis, figures, problem)
    axis.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    axis.set(xlabel="trial, in the order of training", ylabel=f"{problem.title} on validation")
    axis.legend(fontsize=8)
    save(fig, out / "progress.png")


def _searched(out: Path, trials: Sequence[Trial], problem: Problem) -> None:

    among = space(1)
    fig, axes = axes_grid(len(among), columns=3)
    figures = [trial.figure for trial in trials]
    for axis, (name, choices) in zip(axes, among.items(), strict=True):
        values: list[Any] = [trial.proposal[name] for trial in trials]
        if isinstance(choices, Between):
            axis.set(xscale="log", xlim=(choices.low / 1.2, choices.high * 1.2))
            axis.xaxis.set_minor_formatter(ticker.NullFormatter())
            axis.plot(values, figures, "o", markersize=4, alpha=0.7)
        else:
            order = sorted(set(values))
            axis.plot(
                [order.index(value) for value in values], figures, "o", markersize=4, alpha=0.7
            )
            axis.set_xticks(range(len(order)), [str(value) for value in order])
        _spare_outliers(axis, figures, problem)
        axis.set(title=name.replace("_", " "))
    for axis in axes[::3]:
        axis.set(ylabel=problem.title)
    save(fig, out / "searched.png")


def _spare_outliers(axis: mpl_axes.Axes, figures: list[float], problem: Problem) -> None:
    """Cut off what lies more than three times as far from the best as the median.

    Such a value is that of a network that learned nothing.
    """
    best = (max if problem.sign > 0 else min)(figures)
    middle = abs(median(figures) - best)
    if middle and abs((min if problem.sign > 0 else max)(figures) - best) > 3 * middle:
        ends = sorted([best + problem.sign * 0.2 * middle, best - problem.sign * 3.2 * middle])
        axis.set_ylim(*ends)
