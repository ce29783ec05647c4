"""Explore: the data profile that opens every report, as tables and pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook import files
from casebook.catalog import data_set
from casebook.stage import stage_apart
from casebook.store import Facts, Ref
from casebook.tables import read_table
from tasks.aim import Aim
from tasks.draw import axes_grid, figure, labelled, save

if TYPE_CHECKING:
    import pandas as pd

DRAWN = 20_000  # rows that a picture shows: more would be slower, not clearer
PANELS = 12


@stage_apart
def explore(out: Path, table: Ref, dataset: str, aim: Aim) -> Facts:
    """Describe a table: `profile.json` with its figures, its most telling columns drawn, and a correlation heatmap.

    Figures are of all rows; pictures of at most 20,000 random ones.
    """
    frame = read_table(table)
    unit_of = {name: column.unit for name, column in data_set(dataset).columns.items()}
    binary = aim.kind == "binary"
    summary = describe(frame)
    strongest = strongest_pairs(frame)
    files.write_json(
        out / "profile.json",
        {
            "rows": len(frame),
            "memory_mb": float(frame.memory_usage(deep=True).sum() / 1e6),
            "repeats": int(frame.duplicated().sum()),
            "target": {str(k): int(v) for k, v in frame[aim.target].value_counts().items()} if binary else None,
            "columns": [{"name": n, "unit": unit_of.get(n), **summary[n]} for n in frame.columns],
            "strongest_pairs": strongest,
        },
    )
    drawn = frame.sample(min(DRAWN, len(frame)), random_state=0)
    telling = most_telling(frame, aim.target)
    units = {name: labelled(name, unit_of.get(name)) for name in telling}
    (_histograms if binary else _scatters)(out, drawn, aim.target, units)
    _heatmap(out, drawn)
    return {"rows": len(frame), "columns": len(frame.columns)}


def describe(frame: "pd.DataFrame") -> dict[str, dict[str, Any]]:
    """Return, for each column: type, missing and distinct values, and for numbers mean, spread, quartiles, skew."""
    import pandas as pd

    found: dict[str, dict[str, Any]] = {}
    for name in frame.columns:
        values = frame[name]
        found[name] = {
            "type": str(values.dtype),
            "missing": int(values.isna().sum()),
            "distinct": int(values.nunique()),
        }
        if pd.api.types.is_numeric_dtype(values):
            quartiles = values.quantile([0, 0.25, 0.5, 0.75, 1]).to_list()
            moments = values.agg(["mean", "std", "skew", "kurt"]).to_list()
            kinds = ("mean", "std", "skew", "kurtosis", "min", "q25", "median", "q75", "max")
            told = dict(zip(kinds, [*moments, *quartiles], strict=True))
            found[name] |= {key: float(value) for key, value in told.items() if pd.notna(value)}
    return found


def strongest_pairs(frame: "pd.DataFrame", most: int = 5) -> list[dict[str, Any]]:
    """Return the pairs of numeric columns with the greatest absolute Pearson correlation."""
    import numpy as np

    matrix = frame.select_dtypes("number").corr()
    above = np.triu(np.ones(matrix.shape, dtype=bool), k=1)
    names, r = list(matrix.columns), matrix.to_numpy()
    pairs = [(names[i], names[j], float(r[i, j])) for i, j in np.argwhere(above & np.isfinite(r))]
    pairs.sort(key=lambda pair: -abs(pair[2]))
    return [{"first": first, "second": second, "r": value} for first, second, value in pairs[:most]]


def most_telling(frame: "pd.DataFrame", target: str) -> list[str]:
    """Return the numeric columns that tell most of the target by rank correlation, the first `PANELS` of them."""
    numbers = frame.select_dtypes("number")
    ranks = numbers.drop(columns=target).rank().corrwith(numbers[target].rank()).abs()
    return [str(name) for name in ranks.sort_values(ascending=False).index[:PANELS]]


def _histograms(out: Path, frame: "pd.DataFrame", target: str, units: dict[str, str]) -> None:
    """Draw one panel per telling column: the share of rows per bin, each class for itself."""
    import seaborn as sns

    fig, panels = axes_grid(len(units))
    for i, (axis, name) in enumerate(zip(panels, units, strict=False)):
        low, high = frame[name].quantile([0.005, 0.995])
        shown = frame[frame[name].between(low, high)]
        sns.histplot(
            shown,
            x=name,
            hue=target,
            stat="percent",
            common_norm=False,
            bins=30,
            ax=axis,
            element="step",
            legend=i == 0,
        )
        axis.set(xlabel=units[name], ylabel="rows of the class (%)")
    fig.suptitle("The columns that tell the classes apart best (middle 99 % of the values)")
    save(fig, out / "histograms.png")


def _scatters(out: Path, frame: "pd.DataFrame", target: str, units: dict[str, str]) -> None:
    """Draw the target against each telling column, one panel each."""
    fig, panels = axes_grid(len(units))
    for axis, name in zip(panels, units, strict=True):
        axis.plot(frame[name], frame[target], "o", markersize=2, alpha=0.4)
        axis.set(xlabel=units[name], ylabel=target)
    fig.suptitle(f"{target} against the columns that tell most of it")
    save(fig, out / "histograms.png")


def _heatmap(out: Path, frame: "pd.DataFrame") -> None:
    """Draw the correlations between all numeric columns, colours from blue (-1) to red (+1)."""
    import seaborn as sns

    fig, axis = figure(8.5, 7)
    matrix = frame.select_dtypes("number").corr()
    sns.heatmap(matrix, vmin=-1, vmax=1, cmap="vlag", square=True, ax=axis, cbar_kws={"label": "Pearson r"})
    axis.set_title("Correlation between columns")
    save(fig, out / "correlation.png")
