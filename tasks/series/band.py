"""Band: the range around a forecast that is to hold a given share of what comes.

It is split conformal prediction (Papadopoulos et al. 2002; Vovk et al. 2005): the errors of a
candidate on days that it was not fitted to say how far off the days to come may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from casebook import files
from casebook.array_types import BoolArray, Float64Array, Int64Array, NamedArrays
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.evaluation.horizon_metrics import HORIZONS, WEEK, forecast_rows
from tasks.evaluation.intervals import Figure, bootstrap

LEVEL = 0.8  # the share of truths that a forecast's band is to hold
FIGURES = "figures.json"
COVERAGE = {name.replace("rmse", "coverage"): days for name, days in HORIZONS.items()}


@stage(process="worker")
def judge_band(out: Path, parts: Ref, trained: Mapping[str, Ref], seed: int) -> Facts:
    """Compute what share of the test part's days each candidate's band holds.

    Writes `figures.json`: by kind and model, the share for the next day, week and month with its
    95 % interval.
    """
    y = read_arrays(parts, "test")["y"].astype("float64")
    figures = {}
    for name, ref in trained.items():
        low, high = ends(read_arrays(ref, "scores")["test"], *offsets(parts, ref), floor(parts))
        figures[name] = covered(y, low, high, seed)
    files.write_json(out / FIGURES, {"candidates": figures, "peers": {}})
    return {"rows": len(y)}


def offsets(parts: Ref, trained: Ref) -> tuple[Float64Array, Float64Array]:
    """Return the offsets from a trained candidate's forecast to its low and its high.

    They are those of its errors in the last period of the validation split. Before the earlier
    ones it had less to learn from than the model that serves: those errors are larger than what is
    to come, and the band would be too wide.
    """
    rows = read_arrays(parts, "validation")
    errors = rows["y"].astype("float64") - read_arrays(trained, "scores")["validation"]
    return conformal(errors[last_period(rows)])


def last_period(rows: NamedArrays) -> BoolArray:
    """Return which rows belong to the last period of the validation split.

    Examples
    --------
    >>> last_period({"y": np.zeros(3), "period": np.array([0, 1, 1])}).tolist()
    [False, True, True]
    """
    period = rows.get("period", np.zeros(len(rows["y"])))
    last: BoolArray = period == period.max()
    return last


def conformal(errors: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return for each step the offsets between which the next error lies with `LEVEL`.

    Of n errors that may come in any order, the k-th smallest exceeds the next one with a
    probability of k / (n + 1) at most: so the lower end is the (n + 1) (1 - level) / 2-th of them,
    rounded down, and the upper end the (n + 1) (1 + level) / 2-th, rounded up; of fewer than nine,
    the least and the greatest. The band holds its own forecast.

    Parameters
    ----------
    errors
        Truth less forecast, shape (rows, steps); what is not known is not a number.

    Examples
    --------
    Of nine errors the least and the greatest hold the next one in 80 % of cases.

    >>> low, high = conformal(np.arange(-4.0, 5.0)[:, None])
    >>> low.tolist(), high.tolist()
    ([-4.0], [4.0])
    """
    low, high = np.zeros(errors.shape[1]), np.zeros(errors.shape[1])
    for step in range(errors.shape[1]):
        ordered = np.sort(errors[np.isfinite(errors[:, step]), step])
        tail = (len(ordered) + 1) * (1 - LEVEL) / 2
        place = max(0, int(np.floor(tail + 1e-9)) - 1)  # .1 has no exact number
        low[step] = min(0.0, ordered[place])
        high[step] = max(0.0, ordered[len(ordered) - 1 - place])
    return low, high


def ends(
    forecast: Float64Array, low: Float64Array, high: Float64Array, lowest: float
) -> tuple[Float64Array, Float64Array]:
    """Return the low and the high of forecasts, none of them below `lowest`."""
    return np.maximum(forecast + low, lowest), np.maximum(forecast + high, lowest)


def floor(parts: Ref) -> float:
    """Return 0 for a target that is never negative in the training part, else minus infinity."""
    least = float(np.nanmin(read_arrays(parts, "train")["y"]))
    return 0.0 if least >= 0 else -np.inf


def covered(y: Float64Array, low: Float64Array, high: Float64Array, seed: int) -> dict[str, Figure]:
    """Return the share of the days within the band by horizon, with a 95 % interval.

    Rows count as in `by_horizon`. As many weeks are drawn together as a forecast is long, since the
    days of neighbouring forecasts are the same.
    """
    within = ((y >= low) & (y <= high)).astype("float64")
    figures: dict[str, Figure] = {}
    for name, days in COVERAGE.items():
        if len(forecast_rows(y, days)):
            share = partial(_share, name, within[:, :days].mean(axis=1), forecast_rows(y, days))
            together = -(-days // WEEK) * WEEK
            figures |= bootstrap(share, np.zeros(len(y)), seed, together)
    return figures


def _share(
    name: str, within: Float64Array, rows: Int64Array, weights: Float64Array
) -> dict[str, Float64Array]:
    """Return the mean of `within` over some rows for each row of weights."""
    drawn = weights[:, rows]
    return {name: drawn @ within[rows] / np.maximum(drawn.sum(axis=1), 1e-12)}
