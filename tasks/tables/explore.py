"""Explore: the data profile that opens every report, as tables and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from casebook import files
from casebook.catalog import data_set
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from tasks.pages.plot_style import labelled
from tasks.problem.definition import Problem
from tasks.problem.targets import class_numbers, places_of
from tasks.tables.profile_plots import draw_profile

DRAWN = 20_000  # rows that a picture shows: more would be slower, not clearer
PANELS = 12
LINES = 6  # classes whose shares a picture shows
FEW = 50  # distinct texts that are kinds of something; more are names
MOMENTS = ("mean", "std", "skew", "kurt")
QUARTILES = {"min": 0.0, "q25": 0.25, "median": 0.5, "q75": 0.75, "max": 1.0}


@stage(process="worker")
def explore(out: Path, table: Ref, dataset: str, problem: Problem | None = None) -> Facts:
    """Describe a table in `profile.json` and in plots.

    The file has its statistics; the plots show its columns and how they are related. Statistics are
    of all rows; plots of at most 20,000 random ones and of at most 12 columns: those whose rank
    correlation with the target is greatest, or the first ones if there is no target.
    """
    frame = read_table(table)
    profile(out, frame, dataset, problem)
    return {"rows": len(frame), "columns": len(frame.columns)}


def profile(out: Path, frame: pd.DataFrame, dataset: str, problem: Problem | None) -> None:
    """Write a table's profile and pictures into a folder."""
    target = problem.target if problem else None
    several = bool(problem and problem.problem_type == "multiclass")
    unit_of = {name: column.unit for name, column in data_set(dataset).columns.items()}
    matrix = correlations(frame)
    files.write_json(
        out / "profile.json",
        {
            **shape(frame),
            "target": counts(frame[problem.target]) if problem and problem.classes else None,
            "columns": [
                {"name": n, "unit": unit_of.get(n), **summary}
                for n, summary in describe(frame).items()
            ],
            "categories": {name: counts(frame[name]) for name in categories(frame)},
            "strongest_pairs": strongest_pairs(matrix),
        },
    )
    drawn = frame.sample(min(DRAWN, len(frame)), random_state=0)
    telling = {
        name: labelled(name, unit_of.get(name))
        for name in most_telling(drawn, target, classes=several)
    }
    kind: Literal["classes", "number"] | None = (
        None if problem is None else "classes" if problem.classes else "number"
    )
    shares = shares_of(drawn, problem) if problem else {}
    draw_profile(
        out, drawn, telling, categories(frame, target)[:PANELS], matrix, target, kind, shares
    )


def shape(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the numbers of rows, values, missing values and repeated rows, and the memory used."""
    return {
        "rows": len(frame),
        "values": frame.size,
        "missing": int(frame.isna().sum().sum()),
        "repeats": int(frame.duplicated().sum()),
        "memory_mb": float(frame.memory_usage(deep=True).sum() / 1e6),
    }


def describe(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return statistics of each column.

    They are type, missing and distinct values, and for numbers mean, spread, quartiles and skew.
    `kurtosis` is the excess over a normal distribution's, as in pandas; a statistic for which there
    are too few values is left out.
    """
    summaries: dict[str, dict[str, Any]] = {}
    for name, values in frame.items():
        summary: dict[str, Any] = {
            "type": str(values.dtype),
            "missing": int(values.isna().sum()),
            "distinct": int(values.nunique()),
        }
        if pd.api.types.is_numeric_dtype(values):
            quartiles = values.quantile(list(QUARTILES.values())).to_list()
            figures = [*values.agg(list(MOMENTS)).to_list(), *quartiles]
            names = ("mean", "std", "skew", "kurtosis", *QUARTILES)
            summary |= {
                key: float(value)
                for key, value in zip(names, figures, strict=True)
                if pd.notna(value)
            }
        summaries[str(name)] = summary
    return summaries


def categories(frame: pd.DataFrame, left_out: str | None = None) -> list[str]:
    """Return the columns of texts that are kinds of something: those with few distinct values."""
    texts = frame.select_dtypes(["string", "object", "category", "bool"])
    return [str(name) for name in texts if name != left_out and 1 < texts[name].nunique() <= FEW]


def counts(values: pd.Series, limit: int = 10) -> dict[str, int]:
    """Return how often each value stands in a column, the most frequent first."""
    return {str(value): int(number) for value, number in values.value_counts().head(limit).items()}


def varying(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the numeric columns that have more than one value."""
    numbers = frame.select_dtypes("number")
    return numbers.loc[:, numbers.min() < numbers.max()]


def correlations(frame: pd.DataFrame) -> pd.DataFrame:
    """Return Pearson's correlation of all numeric columns that vary.

    Missing values are left out pair by pair.
    """
    numbers = varying(frame)
    if numbers.isna().to_numpy().any() or numbers.shape[1] < 2:
        return numbers.corr()
    return pd.DataFrame(
        np.corrcoef(numbers.to_numpy("float64"), rowvar=False), numbers.columns, numbers.columns
    )


def strongest_pairs(matrix: pd.DataFrame, limit: int = 5) -> list[dict[str, Any]]:
    """Return the pairs of columns with the greatest absolute correlation."""
    above = np.triu(np.ones(matrix.shape, dtype=bool), k=1)
    names, r = list(matrix.columns), matrix.to_numpy()
    pairs = [(names[i], names[j], float(r[i, j])) for i, j in np.argwhere(above & np.isfinite(r))]
    pairs.sort(key=lambda pair: -abs(pair[2]))
    return [
        {"first": first, "second": second, "r": value} for first, second, value in pairs[:limit]
    ]


def most_telling(frame: pd.DataFrame, target: str | None, *, classes: bool = False) -> list[str]:
    """Return the numeric columns that tell most of the target, the first `PANELS` of them.

    By rank correlation, or of several classes by the share of the ranks' variance that lies between
    them.
    """
    numbers = varying(frame)
    if target is None or (not classes and target not in numbers):
        return [str(name) for name in numbers][:PANELS]
    ranks = numbers.drop(columns=target, errors="ignore").rank()
    if classes:
        between = ranks.groupby(frame[target].astype("string")).transform("mean").var()
        scores = between / ranks.var()
    else:
        scores = ranks.corrwith(numbers[target].rank()).abs()
    return [str(name) for name in scores.sort_values(ascending=False).index[:PANELS]]


def shares_of(frame: pd.DataFrame, problem: Problem) -> dict[str, pd.Series]:
    """Return the values of the target that are plotted against other columns.

    They are its mean, or the share of each class in per cent. With two classes that is the second's
    share, with many classes those of the `LINES` most frequent.
    """
    if not problem.classes:
        return {f"mean of {problem.target}": frame[problem.target]}

    present = frame[problem.target].notna()
    numbers = pd.Series(
        class_numbers(frame.loc[present, problem.target], problem), frame.index[present]
    )
    if problem.problem_type == "binary":
        return {f"share of {problem.target} = {_written(problem)} (%)": numbers * 100}
    frequent = [int(place) for place in numbers.value_counts().index[:LINES]]
    return {problem.labels[place]: (numbers == place) * 100.0 for place in sorted(frequent)}


def _written(problem: Problem) -> object:
    """Return how the column writes the second of two classes."""
    return list(places_of(problem, text=False))[1]
