"""Plot style: one style for all pictures, which colour-blind readers can tell apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import matplotlib
import seaborn as sns
from matplotlib import axes as mpl_axes
from matplotlib import figure as mpl_figure
from matplotlib import font_manager
from matplotlib import pyplot as plt

Colour: TypeAlias = "tuple[float, float, float]"

DPI = 110
SEVERAL = 10  # colours of the palette for colour-blind readers
HANGUL = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
)  # fonts for Korean


def style() -> None:
    """Set the house style of all figures; Agg needs no screen."""
    matplotlib.use("Agg")
    sns.set_theme(
        style="whitegrid", palette="colorblind", rc={"font.size": 9, "axes.titlesize": 10}
    )


def hangul_font() -> Path | None:
    """Return the file of a font that draws Hangul.

    It is one of the system's fonts, or the one that comes with the environment.
    """
    for name in HANGUL:
        try:
            return Path(font_manager.findfont(name, fallback_to_default=False))
        except ValueError:  # the system doesn't have it
            continue
    package = find_spec("koreanize_matplotlib")
    folders = package.submodule_search_locations if package else None
    return next(
        (path for folder in folders or () for path in Path(folder).glob("fonts/NanumGothic.ttf")),
        None,
    )


def colours_of(models: Iterable[str]) -> dict[str, Colour]:
    """Return a colour for each model: the same in every picture that is given the same models.

    More than ten share colours that colour-blind readers can tell apart; see `lines_of`.
    """
    names = list(models)
    return dict(zip(names, sns.color_palette("colorblind", len(names)), strict=True))


def lines_of(models: Iterable[str]) -> dict[str, str]:
    """Return how each model's line is drawn: solid, and dashed from the eleventh on."""
    return {name: "-" if place < SEVERAL else "--" for place, name in enumerate(models)}


def figure(width: float, height: float) -> tuple[mpl_figure.Figure, mpl_axes.Axes]:
    """Return a new figure of one panel, in inches."""
    style()
    fig, axis = plt.subplots(figsize=(width, height), layout="constrained")
    return fig, axis


def axes_grid(
    panels: int, columns: int = 4, width: float = 2.7
) -> tuple[mpl_figure.Figure, list[mpl_axes.Axes]]:
    """Return a new figure with a grid of panels, none of which is empty.

    `width` is the width of each panel, in inches.
    """
    style()
    rows = -(-panels // columns)
    size = (width * columns, 2.3 * rows) if columns < 8 else (1.3 * columns, 1.6 * rows)
    fig, grid = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    axes = [axis for row in grid for axis in row]
    for axis in axes[panels:]:
        axis.remove()
    return fig, axes[:panels]


def save(fig: mpl_figure.Figure, path: Path) -> None:
    """Write a figure as PNG, and close it.

    The software tag is fixed, so that the same figure has the same bytes.
    """
    fig.savefig(path, dpi=DPI, metadata={"Software": "casebook"})
    plt.close(fig)


def labelled(text: str, unit: str | None) -> str:
    """Return an axis label with its unit; a dollar sign is none of a formula's."""
    return literal(text + (f" ({unit})" if unit else ""))


def literal(text: object) -> str:
    """Return a name in the form that matplotlib draws unchanged.

    Two dollar signs would make a formula of it.
    """
    return re.sub(r"(?<!\\)\$", r"\\$", str(text))
