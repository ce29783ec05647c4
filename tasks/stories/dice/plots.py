"""Draw simulated beside exact results, and intervals beside how often they hold the true value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import axes as mpl_axes
from matplotlib import figure
from matplotlib import pyplot as plt

from casebook.array_types import Float64Array, Int64Array
from tasks.pages.plot_style import labelled, save, style
from tasks.stories.dice.estimate import METHODS

SHAPES = {
    "normal": "Normal",
    "lognormal": "Skewed: lognormal",
    "student": "Heavy tails: Student's t, 3 df",
}
MARKS = ("o", "s", "^", "D")
SEPARATE = 40  # sums that can be told apart as dots
FIRST = 10  # throws; the means of fewer are all over the place


def panels(
    count: int, height: float = 3.3, **more: Any
) -> tuple[figure.Figure, list[mpl_axes.Axes]]:
    """Return a new figure, as wide as a report, with panels side by side."""
    style()
    fig, axes = plt.subplots(
        1, count, figsize=(10, height), layout="constrained", squeeze=False, **more
    )
    return fig, list(axes[0])


def draw_sums(
    out: Path, sums: Sequence[int], exact: Sequence[float], counts: Int64Array, looks: Sequence[int]
) -> None:
    """Draw the share of each sum at several numbers of throws, and the exact probabilities over it.

    The numbers are some throws, more of them, and all.
    """
    fig, axes = panels(len(looks), sharey=True)
    few = len(sums) <= SEPARATE
    for axis, look, seen in zip(axes, looks, counts, strict=True):
        if few:
            axis.bar(
                sums, seen / look, width=0.9, color="C0", alpha=0.55, linewidth=0, label="simulated"
            )
        else:
            axis.fill_between(
                sums,
                seen / look,
                step="mid",
                color="C0",
                alpha=0.55,
                linewidth=0,
                label="simulated",
            )
        axis.plot(
            sums,
            exact,
            "o" if few else "-",
            color="black",
            markersize=4,
            linewidth=1,
            label="exact",
        )
        axis.set(xlabel="sum of the dice", title=f"{look:,} throws")
    axes[0].set_ylabel("share of throws, probability")
    axes[0].legend(fontsize=8)
    save(fig, out / "sums.png")


def draw_paths(
    out: Path, at: Int64Array, means: Float64Array, mean: float, deviation: float
) -> None:
    """Draw running means of some paths and the band mean ± 1.96 σ/√n, from the tenth throw on."""
    fig, (axis,) = panels(1, 3.6)
    means, at = means[:, at >= FIRST], at[at >= FIRST]
    half = 1.96 * deviation / np.sqrt(at)
    axis.fill_between(
        at,
        mean - half,
        mean + half,
        color="grey",
        alpha=0.25,
        linewidth=0,
        label="mean ± 1.96 σ/√n",
    )
    axis.axhline(mean, color="black", linewidth=1, label="exact mean")
    axis.plot(at, means.T, linewidth=1)
    axis.set(
        xscale="log", xlabel="throws n", ylabel="mean of the first n sums", xlim=(at[0], at[-1])
    )
    axis.set_title(f"{len(means)} series of throws")
    ticks = [tick for tick in (10, 100, 1000, 10_000) if tick <= at[-1]]
    axis.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.legend(fontsize=8, loc="upper right")
    save(fig, out / "paths.png")


def draw_normal(
    out: Path,
    x: Float64Array,
    exact: Float64Array,
    plain: Float64Array,
    corrected: Float64Array,
    errors: pd.DataFrame,
) -> None:
    """Draw the distribution function beside the normal one, and the error by the number of dice."""
    fig, (left, right) = panels(2, 3.6)
    left.step(x, exact, where="post", color="black", linewidth=1.2, label="exact")
    left.plot(
        x, plain, "o" if len(x) <= SEPARATE else "-", markersize=4, linewidth=1, label="normal at x"
    )
    left.plot(
        x,
        corrected,
        "^" if len(x) <= SEPARATE else "--",
        markersize=4,
        linewidth=1,
        label="normal at x + ½",
    )
    left.set(xlabel="sum x", ylabel="P(sum ≤ x)", title="Distribution function")
    right.plot(errors["dice"], errors["plain"], "o-", markersize=4, label="normal at x")
    right.plot(errors["dice"], errors["corrected"], "^-", markersize=4, label="normal at x + ½")
    right.set(
        xscale="log",
        yscale="log",
        xlabel="dice",
        ylabel="largest error of P(sum ≤ x)",
        title="Error",
    )
    right.set_xticks(errors["dice"], [str(count) for count in errors["dice"]])
    right.minorticks_off()
    for axis in (left, right):
        axis.legend(fontsize=8)
    save(fig, out / "normal.png")


def draw_returns(
    out: Path,
    values: Float64Array,
    ends: Mapping[str, tuple[float, float]],
    truth: float | None,
    unit: str | None,
) -> None:
    """Draw the returns as a histogram with a smoothed density, and the intervals of their mean.

    Both share the same axis.
    """
    style()
    fig, (above, below) = plt.subplots(
        2, 1, figsize=(10, 4.8), layout="constrained", sharex=True, height_ratios=(2, 1)
    )
    sns.histplot(x=values, kde=True, ax=above, alpha=0.4)
    above.set(ylabel="returns", title=f"{len(values):,} returns and their mean")
    for place, (name, (low, high)) in enumerate(ends.items()):
        below.errorbar(
            [values.mean()],
            [place],
            xerr=[[values.mean() - low], [high - values.mean()]],
            fmt=MARKS[place],
            color=f"C{place}",
            capsize=4,
            label=METHODS[name],
        )
    if truth is not None:
        for axis in (above, below):
            axis.axvline(truth, color="black", linewidth=1, linestyle="--", label="true mean")
        above.legend(fontsize=8)
    below.set_yticks(range(len(ends)), [METHODS[name] for name in ends])
    below.set(xlabel=labelled("return", unit), ylim=(len(ends) - 0.5, -0.5))
    save(fig, out / "returns.png")


def draw_coverage(out: Path, covered: pd.DataFrame, confidence: float) -> None:
    """Draw how often each kind of interval holds the true mean, against the sample size.

    Each distribution has a panel.
    """
    fig, axes = panels(len(SHAPES), sharey=True)
    sizes = sorted(covered["n"].unique())
    for axis, (shape, title) in zip(axes, SHAPES.items(), strict=True):
        axis.axhline(confidence, color="black", linewidth=1, label="as stated")
        for i, (name, label) in enumerate(METHODS.items()):
            rows = covered[(covered["shape"] == shape) & (covered["method"] == name)].sort_values(
                "n"
            )
            # beside each other, so that error bars don't lie upon each other
            at = rows["n"] * 1.06 ** (i - 1.5)
            bars = [rows["coverage"] - rows["low"], rows["high"] - rows["coverage"]]
            axis.errorbar(
                at,
                rows["coverage"],
                bars,
                fmt=f"{MARKS[i]}-",
                markersize=4,
                linewidth=1,
                label=label,
            )
        axis.set(xscale="log", xlabel="size of the sample", title=title)
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.minorticks_off()
    axes[0].set_ylabel("share of intervals that\nhold the true mean")
    axes[-1].legend(fontsize=8, loc="lower right")
    save(fig, out / "coverage.png")
