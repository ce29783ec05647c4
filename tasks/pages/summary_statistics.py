"""Summarise what a column is like, and how one column goes with another, in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from scipy import stats

from casebook.errors import CasebookError

# interquartile ranges beyond the quartiles, from where on Tukey's box plot draws single points
WHISKER = 1.5
CONFIDENCE = 0.95


def described(values: pd.Series) -> dict[str, float]:
    """Return count, mean, standard deviation (n - 1), minimum, quartiles and maximum.

    They are named as in pandas.
    """
    return {str(name): float(value) for name, value in values.astype("float64").describe().items()}


def description_rows(frame: pd.DataFrame, digits: int = 1) -> tuple[dict[str, str], ...]:
    """Return a table's row for each column of a frame, which tells what `described` does."""
    return tuple(
        {
            "of": str(name),
            **{
                key: f"{value:,.{0 if key == 'count' else digits}f}"
                for key, value in described(frame[name]).items()
            },
        }
        for name in frame.columns
    )


def fences(values: pd.Series) -> tuple[float, float]:
    """Return the bounds between which a value is no outlier.

    They lie 1.5 interquartile ranges beyond the quartiles. The rule is J. W. Tukey's (Exploratory
    data analysis, 1977), and that of every box plot here.

    Examples
    --------
    >>> fences(pd.Series([1, 2, 3, 4, 100]))
    (-1.0, 7.0)
    """
    low, high = (float(values.quantile(share)) for share in (0.25, 0.75))
    return low - WHISKER * (high - low), high + WHISKER * (high - low)


def standing_out(values: pd.Series) -> pd.Series:
    """Return the values outside the fences, the greatest first."""
    low, high = fences(values)
    return values[(values < low) | (values > high)].sort_values(ascending=False, kind="stable")


@dataclass(frozen=True)
class Line:
    """The straight line of least squares through pairs of values.

    `r` is Pearson's correlation, `p` the two-sided probability of one as great if there were none,
    `low` and `high` the 95 % interval of the slope (Student's t with n - 2 degrees of freedom).
    """

    slope: float
    intercept: float
    r: float
    p: float
    low: float
    high: float
    rows: int


def line_through(x: pd.Series, y: pd.Series) -> Line:
    """Fit the line of least squares that tells y from x.

    Raises
    ------
    CasebookError
        There are fewer than three pairs, or one of the two is the same everywhere: it goes with
        nothing.
    """
    for values in (x, y):
        if len(values) < 3 or values.min() == values.max():
            raise CasebookError(
                f"No line can be drawn through {x.name} and {y.name}: the {len(values)} values of "
                f"{values.name} are too few or all the same. Give at least three rows in which "
                "both change."
            )
    fit = stats.linregress(x.astype("float64"), y.astype("float64"))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(x) - 2)) * float(fit.stderr)
    slope = float(fit.slope)
    return Line(
        slope,
        float(fit.intercept),
        float(fit.rvalue),
        float(fit.pvalue),
        slope - half,
        slope + half,
        len(x),
    )
