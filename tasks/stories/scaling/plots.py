"""Draw columns before and after scaling, with an outlier and without it.

Each way of scaling has an axis of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import axes
from matplotlib import pyplot as plt

from casebook.array_types import Float64Array
from tasks.data.scale import WAYS
from tasks.pages.plot_style import save, style

TITLES = {
    "maximum": "x / max |x|",
    "min_max": "min-max",
    "mean_range": "mean normalisation",
    "standard": "z-score",
    "robust": "median and IQR",
}
DRAWN = 2000  # values of a column that are drawn at most
MARGIN = 0.12  # beside the values, as a share of their range
LONG = 14  # letters of a column's name that an axis has room for


def draw_all(out: Path, names: Sequence[str], x: Float64Array, outlier: int) -> None:
    """Draw all columns before scaling and after each way, one panel each.

    The outlier's row is marked.
    """
    style()
    fig, grid = plt.subplots(
        2, 3, figsize=(10, 2.4 + 0.5 * len(names)), layout="constrained", sharey=True
    )
    panels = {
        "before, each in its own unit": x,
        **{TITLES[name]: way(x)(x) for name, way in WAYS.items()},
    }
    for axis, (title, values) in zip(grid.flat, panels.items(), strict=True):
        for place, column in enumerate(values.T):
            dots(axis, column, place, outlier)
        axis.set(title=title, ylim=(len(names) - 0.5, -0.5))
        axis.set_yticks(
            range(len(names)), [name if len(name) <= LONG else f"{name[:LONG]}…" for name in names]
        )
        axis.set_xlabel("value" if title.startswith("before") else "scaled value")
    save(fig, out / "scales.png")


def draw_with_and_without(out: Path, name: str, values: Float64Array, outlier: int) -> None:
    """Draw one column scaled in each way, with its outlier and without it, on the same axis.

    The axis shows where the other values lie; an outlier beyond it is told at its edge.
    """
    style()
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(10, 3.8), layout="constrained", sharey=True, sharex=True
    )
    others = np.delete(values, outlier)
    with_it = {name: way(values)(values) for name, way in WAYS.items()}
    without = {name: way(others)(others) for name, way in WAYS.items()}
    shown = np.concatenate(
        [*(np.delete(scaled, outlier) for scaled in with_it.values()), *without.values()]
    )
    low, high = shown.min(), shown.max()
    edge = MARGIN * (high - low or 1.0)
    for place, way in enumerate(WAYS):
        inside = low - edge <= with_it[way][outlier] <= high + edge
        dots(
            left,
            with_it[way] if inside else np.delete(with_it[way], outlier),
            place,
            outlier if inside else None,
        )
        dots(right, without[way], place, None)
        if not inside:
            text = f"outlier at {with_it[way][outlier]:,.1f}"
            beyond = with_it[way][outlier] > high
            spot = (
                {"x": high + edge, "ha": "right", "s": f"{text} →"}
                if beyond
                else {"x": low - edge, "ha": "left", "s": f"← {text}"}
            )
            left.text(**spot, y=place - 0.27, va="center", fontsize=8)
    left.set_yticks(range(len(WAYS)), [TITLES[way] for way in WAYS])
    left.set(title=f"{name} scaled with the outlier", ylim=(len(WAYS) - 0.5, -0.5))
    left.set(xlabel="scaled value", xlim=(low - edge, high + edge))
    right.set(title="without it", xlabel="scaled value")
    save(fig, out / "outlier.png")


def dots(axis: axes.Axes, values: Float64Array, place: int, outlier: int | None) -> None:
    """Draw values as dots around a height, with vertical jitter so that equal ones are seen."""
    rng = np.random.default_rng(0)
    some = rng.permutation(len(values))[:DRAWN]
    some = some[some != outlier] if outlier is not None else some
    height = place + rng.uniform(-0.16, 0.16, len(some))
    axis.plot(
        values[some], height, "o", markersize=3, alpha=0.5, color=f"C{place}", markeredgewidth=0
    )
    if outlier is not None:
        axis.plot(values[outlier], place, "D", markersize=6, color="black")
