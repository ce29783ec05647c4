"""Draw a profile: each column for itself, each against the target, and all against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import axes, ticker

from tasks.pages.plot_style import axes_grid, figure, literal, save

# quantiles between which histograms are drawn: a few far values would leave one bar
MIDDLE = (0.005, 0.995)
PARTS = 10  # of a column's values, in which the target's mean is told
ANNOTATED = 14  # columns up to which a heatmap has its figures written in
TICKS = 3  # at most so many numbers below a small panel: more would run into each other
LINEAR = 4  # interquartile ranges from the median up to which boxes are drawn to scale
LONGEST = 18  # characters of a category's name


def draw_profile(
    out: Path,
    frame: pd.DataFrame,
    telling: dict[str, str],
    categories: list[str],
    matrix: pd.DataFrame,
    target: str | None,
    kind: Literal["classes", "number"] | None,
    shares: dict[str, pd.Series],
) -> None:
    """Draw what there is: `histograms`, `boxes`, `categories`, `target` and `correlation`.

    Parameters
    ----------
    frame
        Some rows of the table.
    telling
        The numeric columns that are drawn, and what their axes are called.
    categories
        The columns of kinds that are drawn.
    matrix
        The correlations of all numeric columns.
    target, kind
        What is predicted, if anything is, and whether it is a class or a number.
    shares
        What is drawn of the target against other columns, by what it is called; of several classes
        each one's share.
    """
    frame, matrix = frame.rename(columns=literal), matrix.rename(index=literal, columns=literal)
    telling = {literal(name): label for name, label in telling.items()}
    categories, target = (
        [literal(name) for name in categories],
        literal(target) if target else target,
    )
    shares = {literal(label): share for label, share in shares.items()}
    if telling:
        _histograms(out, frame, telling, target if kind == "classes" else None)
        _boxes(out, frame, list(telling))
    if categories:
        _categories(out, frame, categories)
    if target is not None and kind is not None and (telling or categories):
        _targets(out, frame, telling, categories, target, shares, points=kind == "number")
    if len(matrix) > 1:
        _heatmap(out, matrix)


def _histograms(out: Path, frame: pd.DataFrame, telling: dict[str, str], by: str | None) -> None:
    """Draw one panel per column: the share of rows per bin, each class for itself."""
    fig, panels = axes_grid(len(telling), columns=min(4, len(telling)), width=width(len(telling)))
    for i, (axis, name) in enumerate(zip(panels, telling, strict=True)):
        low, high = frame[name].quantile(list(MIDDLE))
        shown = frame[frame[name].between(low, high)]
        bins = min(30, max(2, shown[name].nunique()))
        sns.histplot(
            shown,
            x=name,
            hue=by,
            stat="percent",
            common_norm=False,
            bins=bins,
            ax=axis,
            element="step",
            legend=i == 0 and by is not None,
        )
        axis.set(xlabel=telling[name], ylabel="rows of the class (%)" if by else "rows (%)")
        axis.xaxis.set_major_locator(ticker.MaxNLocator(TICKS))
    fig.suptitle("How each column's values are spread (middle 99 %)")
    save(fig, out / "histograms.png")


def _boxes(out: Path, frame: pd.DataFrame, names: list[str]) -> None:
    """Draw the boxes of all columns in one panel.

    Each column is measured from its median in its own interquartile ranges. Points lie beyond 1.5
    ranges from the box (Tukey 1977). A column whose quartiles agree is measured in its standard
    deviation.
    """
    numbers = frame[names]
    spread = numbers.quantile(0.75) - numbers.quantile(0.25)
    scaled = (numbers - numbers.median()) / spread.where(spread > 0, numbers.std()).replace(0, 1)
    fig, axis = figure(8.5, 1.2 + 0.36 * len(names))
    axis.boxplot(
        [scaled[name].dropna() for name in names],
        orientation="horizontal",
        tick_labels=[_short(n) for n in names],
        widths=0.6,
        patch_artist=True,
        boxprops={"facecolor": "C0", "alpha": 0.6},
        medianprops={"color": "black"},
        flierprops={"markersize": 2, "marker": "o"},
    )
    axis.invert_yaxis()
    far = bool(scaled.abs().max().max() > LINEAR)
    if far:
        axis.set_xscale("symlog", linthresh=LINEAR, linscale=2)
    logarithmic = f"; beyond {LINEAR} on a logarithmic scale" if far else ""
    axis.set(xlabel=f"distance from the median (interquartile ranges{logarithmic})")
    axis.set_title("Boxes, whiskers to 1.5 interquartile ranges, and outliers")
    save(fig, out / "boxes.png")


def _categories(out: Path, frame: pd.DataFrame, names: list[str]) -> None:
    """Draw how often each kind stands in each column of kinds; of many the ten most frequent."""
    fig, panels = axes_grid(len(names), columns=min(4, len(names)), width=width(len(names)))
    for axis, name in zip(panels, names, strict=True):
        shares = 100 * frame[name].astype("string").value_counts(normalize=True, dropna=False).head(
            10
        )
        axis.barh([_short(kind) for kind in shares.index], shares.to_numpy())
        axis.invert_yaxis()
        axis.set(xlabel="rows (%)", title=_short(name))
    fig.suptitle("How often each kind occurs")
    save(fig, out / "categories.png")


def _targets(
    out: Path,
    frame: pd.DataFrame,
    telling: dict[str, str],
    categories: list[str],
    target: str,
    shares: dict[str, pd.Series],
    *,
    points: bool,
) -> None:
    """Plot the target against each column.

    It is shown by its mean in tenths of a column's values, or for each category.
    """
    names = [*list(telling)[:8], *categories[:4]]
    fig, panels = axes_grid(len(names), columns=min(4, len(names)), width=width(len(names)))
    axis_label = next(iter(shares)) if len(shares) == 1 else f"share of each {target} (%)"
    for i, (axis, name) in enumerate(zip(panels, names, strict=True)):
        if name in telling:
            for label, share in shares.items():
                _against_number(axis, frame[name], share, label, points=points)
        else:
            _against_kinds(axis, frame[name].astype("string"), shares)
        axis.set_xlabel(telling.get(name, axis_label))
        axis.set_ylabel(axis_label if name in telling and i % 4 == 0 else "")
        axis.set_title("" if name in telling else _short(name))
    if len(shares) > 1:
        panels[0].legend(fontsize=7)
    fig.suptitle(f"{target} against the columns that tell most of it")
    save(fig, out / "target.png")


def _against_kinds(axis: axes.Axes, kinds: pd.Series, shares: dict[str, pd.Series]) -> None:
    """Plot the target for each of the most frequent categories.

    Bars show its mean, or the shares of its classes side by side.
    """
    frequent = kinds.value_counts().index[:8]
    past = np.zeros(len(frequent))
    for label, share in shares.items():
        means = pd.to_numeric(share.groupby(kinds).mean()).loc[frequent].to_numpy("float64")
        axis.barh([_short(kind) for kind in frequent], means, left=past, label=label)
        past = past + means
    axis.invert_yaxis()


def _against_number(
    axis: axes.Axes, x: pd.Series, y: pd.Series, label: str, *, points: bool
) -> None:
    """Plot the mean of `y` in each tenth of `x`.

    It is drawn over the points themselves where `y` is a number.
    """
    if points:
        axis.plot(x, y, "o", markersize=2, alpha=0.25, color="grey")
    tenth = pd.qcut(x, PARTS, duplicates="drop") if x.nunique() > PARTS else x
    grouped = pd.DataFrame({"x": x, "y": y}).groupby(tenth, observed=True).mean()
    axis.plot(grouped["x"], grouped["y"], "o-", markersize=4, label=label)


def _heatmap(out: Path, matrix: pd.DataFrame) -> None:
    """Draw the correlations between all numeric columns, colours from blue (-1) to red (+1)."""
    few = len(matrix) <= ANNOTATED
    fig, axis = figure(8.5, 7)
    sns.heatmap(
        matrix,
        vmin=-1,
        vmax=1,
        cmap="vlag",
        square=True,
        ax=axis,
        annot=few,
        fmt=".2f",
        annot_kws={"size": 7},
        cbar_kws={"label": "Pearson r"},
    )
    axis.set_title("Correlation between columns")
    save(fig, out / "correlation.png")


def width(panels: int) -> float:
    """Return how wide each of some panels is, in inches: few ones share the page."""
    return {1: 5.4, 2: 4.6, 3: 3.6}.get(panels, 2.7)


def _short(name: Any) -> str:

    text = "missing" if pd.isna(name) else str(name)
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return literal(text)
