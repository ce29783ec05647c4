"""Draw what cleaning did to the cars' table, and what goes with their price."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import seaborn as sns

from tasks.data.clean import Bin, Step
from tasks.data.clean import WithColumns as With
from tasks.data.derive import Log
from tasks.pages.plot_style import axes_grid, figure, labelled, save
from tasks.problem.definition import Problem
from tasks.stories.car_price.association import DriverAnalysis

SHOWN = 10  # bars of a ranking, and boxes of a category
PANELS = 9


def draw_step(out: Path, step: Step, after: pd.DataFrame, units: dict[str, str | None]) -> None:
    """Draw what a step did, where a picture tells it."""
    if isinstance(step, Bin):
        _draw_bins(out, step, after, units.get(step.column))
    for column in step.derived if isinstance(step, With) else ():
        if isinstance(column, Log):
            _draw_skew(out, column, after, units.get(column.column))


def _draw_skew(out: Path, column: Log, frame: pd.DataFrame, unit: str | None) -> None:
    fig, axes = axes_grid(2, columns=2)
    labels = labelled(column.column, unit), f"log {column.column}"
    for axis, name, label in zip(axes, (column.column, column.name), labels, strict=True):
        sns.histplot(frame, x=name, bins=20, kde=True, ax=axis)
        axis.set(xlabel=label, ylabel="rows", title=f"skew {frame[name].agg('skew'):+.2f}")
    save(fig, out / f"skew_{column.column}.png")


def _draw_bins(out: Path, step: Bin, frame: pd.DataFrame, unit: str | None) -> None:
    fig, axis = figure(6, 3.2)
    edges = step.edges(frame)
    sns.histplot(
        frame.dropna(subset=[step.column]),
        x=step.column,
        hue=step.name,
        hue_order=list(step.labels),
        bins=30,
        multiple="stack",
        ax=axis,
        palette="colorblind",
    )
    for edge in edges[1:-1]:
        axis.axvline(edge, color="black", linestyle="--", linewidth=1)
    axis.set(xlabel=labelled(step.column, unit), ylabel="rows")
    sns.move_legend(axis, "upper right", title=None)
    save(fig, out / f"bins_{step.column}.png")


def draw_numbers(
    out: Path,
    frame: pd.DataFrame,
    names: list[str],
    problem: Problem,
    units: dict[str, str | None],
) -> None:
    """Draw the target against the three strongest and the three weakest numbers.

    Each number has a fitted line.
    """
    chosen = list(dict.fromkeys([*names[:3], *names[-3:]]))
    fig, axes = axes_grid(len(chosen), columns=3)
    for axis, name in zip(axes, chosen, strict=True):
        sns.regplot(
            frame,
            x=name,
            y=problem.target,
            ax=axis,
            scatter_kws={"s": 7, "alpha": 0.6},
            line_kws={"color": "C1", "linewidth": 1.5},
            seed=0,
            n_boot=200,
        )
        axis.set(
            xlabel=labelled(name, units.get(name)), ylabel=labelled(problem.target, problem.unit)
        )
    save(fig, out / "numbers.png")


def draw_groups(out: Path, frame: pd.DataFrame, names: list[str], problem: Problem) -> None:
    """Draw box plots of the target by category, the highest median first.

    Only categories with at most ten groups are drawn.
    """
    chosen = [name for name in names if frame[name].nunique() <= SHOWN][:PANELS]
    fig, axes = axes_grid(len(chosen), columns=min(3, len(chosen)))
    for axis, name in zip(axes, chosen, strict=True):
        order = frame.groupby(name)[problem.target].median().sort_values(ascending=False).index
        sns.boxplot(
            frame,
            y=name,
            x=problem.target,
            order=list(order),
            ax=axis,
            fliersize=2,
            linewidth=0.8,
            color="C0",
        )
        axis.set(xlabel=labelled(problem.target, problem.unit), ylabel="", title=name)
    save(fig, out / "groups.png")


def draw_means(out: Path, frame: pd.DataFrame, grouped: tuple[str, str], problem: Problem) -> None:
    """Draw the target's mean for each two groups; a field without rows stays empty."""
    table = frame.pivot_table(
        index=grouped[0], columns=grouped[1], values=problem.target, aggfunc="mean"
    )
    fig, axis = figure(1.2 * len(table.columns) + 1.6, 0.6 * len(table) + 1.2)
    label = labelled(f"mean {problem.target}", problem.unit)
    sns.heatmap(
        table,
        annot=True,
        fmt=",.0f",
        cmap="cividis",
        ax=axis,
        cbar_kws={"label": label},
        linewidths=0.5,
    )
    axis.tick_params(axis="y", rotation=0)
    axis.grid(visible=False)
    save(fig, out / "means.png")


def draw_ranking(out: Path, analysis: DriverAnalysis, problem: Problem) -> None:
    """Draw the first ten of each ranking, side by side."""
    strong = {
        name: abs(correlation.r) for name, correlation in list(analysis.numbers.items())[:SHOWN]
    }
    share = {name: variance.share for name, variance in list(analysis.categories.items())[:SHOWN]}
    change = dict(list(analysis.worth.items())[:SHOWN])
    fig, axes = axes_grid(3, columns=3)
    fig.set_size_inches(9.6, 3.4)
    for axis, ranked, label in zip(
        axes, (strong, share), ("|Pearson's r|", "η² (share of variance)"), strict=False
    ):
        axis.barh(list(ranked), list(ranked.values()))
        axis.set(xlabel=label, xlim=(0, 1))
    changes = [importance.change for importance in change.values()]
    errors = [importance.error for importance in change.values()]
    axes[2].barh(list(change), changes, xerr=errors, ecolor="grey")
    axes[2].set(xlabel=labelled(f"{problem.title} worse by", problem.unit))
    for axis in axes:
        axis.invert_yaxis()
    save(fig, out / "ranking.png")
