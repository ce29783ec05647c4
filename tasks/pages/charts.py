"""Draw the plain charts of an exploration, one call each.

There are lines, areas, bars, boxes, shares, points and a word cloud.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
import wordcloud
from matplotlib import axes, colors, patches
from matplotlib import pyplot as plt

from tasks.pages.plot_style import figure, save, style

SIZE = (6.6, 3.9)  # inches: two of them stand side by side on a page
BUBBLE = (10.0, 900.0)  # least and greatest area of a bubble, in square points
WAFFLE = (10, 40)  # rows and columns of tiles
COUNT = "{x:,.0f}"


def lines(
    path: Path, wide: pd.DataFrame, title: str, y: str, note: tuple[int, str] | None = None
) -> None:
    """Draw a line per column over the index.

    `note` points at the first line's value where the index has a number.
    """
    fig, axis = figure(*SIZE)
    for name in wide.columns:
        axis.plot(wide.index, wide[name], marker=".", label=name)
    if note:
        place = (note[0], wide[wide.columns[0]].loc[note[0]])
        axis.annotate(
            note[1],
            place,
            xytext=(0.45, 0.88),
            textcoords="axes fraction",
            ha="center",
            arrowprops={"arrowstyle": "->", "color": "black"},
        )
    if len(wide.columns) > 1:
        axis.legend()
    _counted(axis, title, str(wide.index.name), y)
    save(fig, path)


def areas(path: Path, wide: pd.DataFrame, title: str, y: str) -> None:
    """Draw the columns as areas that stand on each other, the first at the bottom."""
    fig, axis = figure(*SIZE)
    axis.stackplot(
        wide.index, [wide[name] for name in wide.columns], labels=wide.columns, alpha=0.85
    )
    axis.legend(loc="upper left", reverse=True, ncols=2)
    axis.margins(x=0, y=0.4)  # room for the legend
    _counted(axis, title, str(wide.index.name), y)
    save(fig, path)


def bars(
    path: Path, values: pd.Series, title: str, y: str, span: tuple[int, int, str] | None = None
) -> None:
    """Draw a bar per row over a numeric index.

    `span` shades the index between two numbers and says why.
    """
    fig, axis = figure(*SIZE)
    axis.bar(values.index, values)
    if span:
        axis.axvspan(span[0] - 0.5, span[1] + 0.5, color="C1", alpha=0.25, zorder=0, label=span[2])
        axis.legend(loc="upper left")
    _counted(axis, title, str(values.index.name), y)
    axis.grid(visible=False, axis="x")
    save(fig, path)


def ranked(path: Path, values: pd.Series, title: str, x: str) -> None:
    """Draw horizontal bars, the first at the top, each with its number."""
    fig, axis = figure(SIZE[0], 1 + 0.24 * len(values))
    drawn = axis.barh([str(name) for name in values.index], values)
    axis.bar_label(drawn, fmt="{:,.0f}", padding=3, fontsize=8)
    axis.invert_yaxis()
    axis.margins(x=0.14, y=0.02)
    axis.grid(visible=False, axis="y")
    axis.set(title=title, xlabel=x)
    axis.xaxis.set_major_formatter(COUNT)
    axis.locator_params(axis="x", nbins=5)
    save(fig, path)


def histogram(path: Path, wide: pd.DataFrame, bins: int, title: str, x: str, y: str) -> None:
    """Draw the columns' histograms over each other, in bins of one width.

    The bars of a single column are labelled with their counts.
    """
    fig, axis = figure(*SIZE)
    edges = np.histogram_bin_edges(wide.to_numpy(), bins)
    alone = len(wide.columns) == 1
    for name in wide.columns:
        counts = np.histogram(wide[name], edges)[0]
        drawn = axis.bar(
            edges[:-1], counts, np.diff(edges), align="edge", alpha=1 if alone else 0.5, label=name
        )
        axis.bar_label(drawn, labels=[f"{count}" if alone else "" for count in counts], fontsize=8)
    if len(wide.columns) > 1:
        axis.legend()
    _counted(axis, title, x, y)
    axis.set_xticks(edges, [f"{edge:,.0f}" for edge in edges], rotation=45 if bins > 8 else 0)
    axis.grid(visible=False, axis="x")
    save(fig, path)


def pie(path: Path, values: pd.Series, title: str) -> None:
    """Draw shares of a whole, and a legend that names the slices with their percentages."""
    fig, axis = figure(SIZE[0], 3.0)
    slices = axis.pie(values, startangle=90, counterclock=False)[0]
    names = [f"{name} ({value / values.sum():.1%})" for name, value in values.items()]
    fig.legend(slices, names, loc="outside right center")
    fig.suptitle(title, fontsize=10)
    save(fig, path)


def boxes(path: Path, long: pd.DataFrame, x: str, by: str, title: str, label: str) -> None:
    """Draw a horizontal box plot of the column `x` for each value of `by`.

    Outliers are marked by Tukey's rule.
    """
    names = list(dict.fromkeys(long[by]))
    fig, axis = figure(SIZE[0], max(2.2, 1.1 + 0.42 * len(names)))
    drawn = axis.boxplot(
        [long.loc[long[by] == name, x] for name in names],
        orientation="horizontal",
        tick_labels=names,
        widths=0.6,
        patch_artist=True,
        medianprops={"color": "black"},
        flierprops={"markersize": 4},
    )
    for number, box in enumerate(drawn["boxes"]):
        box.set_facecolor(f"C{number}")
    axis.invert_yaxis()
    axis.set(title=title, xlabel=label)
    axis.xaxis.set_major_formatter(COUNT)
    axis.grid(visible=False, axis="y")
    save(fig, path)


def strip(
    path: Path, long: pd.DataFrame, x: str, by: str, title: str, label: str, note: str
) -> None:
    """Draw every value of the column `x` as a point in the row of its `by`.

    `note` names the greatest value of all.
    """
    rng = np.random.default_rng(0)
    names = list(dict.fromkeys(long[by]))
    fig, axis = figure(SIZE[0], max(2.2, 1.1 + 0.42 * len(names)))
    for row, name in enumerate(names):
        values = long.loc[long[by] == name, x]
        axis.scatter(values, row + rng.uniform(-0.28, 0.28, len(values)), s=12, alpha=0.6)
    place = (float(long[x].max()), names.index(long[by].iloc[int(long[x].argmax())]))
    axis.annotate(
        note,
        place,
        xytext=(-12, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=8,
    )
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set(title=title, xlabel=label)
    axis.xaxis.set_major_formatter(COUNT)
    save(fig, path)


def joint(path: Path, frame: pd.DataFrame, x: str, y: str, labels: tuple[str, str]) -> None:
    """Draw two columns' points with the least-squares line, and the histogram of each column.

    The line is drawn with its 95 % interval.
    """
    style()
    drawn = {"scatter_kws": {"s": 14, "alpha": 0.5}, "line_kws": {"color": "C1"}, "seed": 0}
    grid = sns.jointplot(
        frame, x=x, y=y, kind="reg", height=5.4, joint_kws=drawn, marginal_kws={"kde": False}
    )
    grid.set_axis_labels(*labels)
    grid.figure.tight_layout()
    save(grid.figure, path)


def heatmap(path: Path, frame: pd.DataFrame, title: str) -> None:
    """Draw Pearson's correlations between all columns, from blue (-1) to red (+1).

    Each cell shows its number.
    """
    fig, axis = figure(7.2, 6.2)
    numbers = {
        "annot": True,
        "fmt": ".2f",
        "annot_kws": {"fontsize": 8},
        "cbar_kws": {"label": "Pearson's r"},
    }
    sns.heatmap(frame.corr(), vmin=-1, vmax=1, cmap="vlag", square=True, ax=axis, **numbers)
    axis.set_title(title)
    save(fig, path)


def trend(path: Path, values: pd.Series, title: str, y: str) -> None:
    """Draw a series' points over its index, the line of least squares and its 95 % interval."""
    fig, axis = figure(*SIZE)
    drawn = {"scatter_kws": {"s": 22}, "line_kws": {"color": "C1"}, "seed": 0}
    sns.regplot(x=values.index.to_numpy(), y=values.to_numpy(), ax=axis, **drawn)
    _counted(axis, title, str(values.index.name), y)
    save(fig, path)


def bubbles(path: Path, wide: pd.DataFrame, title: str, y: str) -> None:
    """Draw each column's values as bubbles over the index.

    The size of a bubble shows where its value lies between the column's minimum and maximum.
    """
    fig, axis = figure(*SIZE)
    for number, name in enumerate(wide.columns):
        sizes = BUBBLE[0] + normalised(wide[name]) * (BUBBLE[1] - BUBBLE[0])
        axis.scatter(wide.index, wide[name], s=sizes, alpha=0.5, color=f"C{number}")
        axis.scatter([], [], s=60, alpha=0.5, color=f"C{number}", label=name)
    axis.legend(loc="upper left")
    axis.margins(y=0.12)
    _counted(axis, title, str(wide.index.name), y)
    save(fig, path)


def normalised(values: pd.Series) -> pd.Series:
    """Return values shifted and scaled so that the minimum is 0 and the maximum 1.

    The result is 0 if all values are the same.
    """
    spread = values.max() - values.min()
    return (values - values.min()) / spread if spread else values * 0.0


def waffle(path: Path, values: pd.Series, title: str) -> None:
    """Draw a waffle chart of 400 tiles, filled column by column.

    Each value has its share of the tiles.
    """
    fig, axis = figure(SIZE[0], 2.6)
    shares = tiles([float(value) for value in values], WAFFLE[0] * WAFFLE[1])
    grid = np.repeat(np.arange(len(shares)), shares).reshape(WAFFLE[::-1]).T
    colours = [f"C{number}" for number in range(len(shares))]
    axis.pcolormesh(
        grid,
        cmap=colors.ListedColormap(colours),
        vmin=-0.5,
        vmax=len(shares) - 0.5,
        edgecolors="white",
    )
    axis.set(aspect="equal", xticks=[], yticks=[], title=title)
    axis.invert_yaxis()
    plt.setp(axis.spines.values(), visible=False)
    names = [f"{name} ({value:,.0f})" for name, value in values.items()]
    handles = [
        patches.Patch(color=colour, label=name) for colour, name in zip(colours, names, strict=True)
    ]
    axis.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.03), ncols=len(names))
    save(fig, path)


def tiles(values: Sequence[float], total: int) -> list[int]:
    """Return how many of `total` tiles each value gets by its share.

    The values with the largest remainders get the tiles left over.

    Examples
    --------
    >>> tiles([1, 1, 1], 10)
    [4, 3, 3]
    """
    exact = [value * total / sum(values) for value in values]
    whole = [int(share) for share in exact]
    remainders = sorted(range(len(values)), key=lambda i: whole[i] - exact[i])
    for i in remainders[: total - sum(whole)]:
        whole[i] += 1
    return whole


def cloud(
    path: Path,
    weights: Mapping[str, float],
    title: str,
    colours: str = "viridis",
    font: str | None = None,
) -> None:
    """Draw words as large as their weights; those in Hangul need the file of a font that has it."""
    drawn = wordcloud.WordCloud(
        font,
        width=1100,
        height=520,
        background_color="white",
        colormap=colours,
        random_state=0,
        prefer_horizontal=1.0,
        collocations=False,
    ).generate_from_frequencies(dict(weights))
    fig, axis = figure(8.5, 4.3)
    axis.imshow(drawn, interpolation="bilinear")
    axis.set_axis_off()
    axis.set_title(title)
    save(fig, path)


def _counted(axis: axes.Axes, title: str, x: str, y: str) -> None:
    """Label a panel whose heights are counts from zero on."""
    axis.set(title=title, xlabel=x, ylabel=y)
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(COUNT)
