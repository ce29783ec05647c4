"""Horizons: figures of forecasts for several days ahead, as they are judged week by week."""

from __future__ import annotations

import numpy as np

from casebook.array_types import Float64Array, Int64Array

WEEK = 7
HORIZONS = {"rmse_next_day": 1, "rmse_next_week": WEEK, "rmse_next_month": 30}  # days ahead


def by_horizon(
    y: Float64Array, forecast: Float64Array, weights: Float64Array
) -> dict[str, Float64Array]:
    """Return the RMSE of the next day, week and month for each row of weights.

    The weights have shape (resamples, rows). The next day is forecast every day. A week or a month
    is forecast on the eve of each standard week, and counts where all its days are known; its error
    is the root of the mean square over all its days.

    Parameters
    ----------
    y, forecast
        Truth and forecast, shape (rows, days ahead), a row for each day of a forecast, in order;
        the first row's first day begins a standard week.
    weights
        How often each row counts.
    """
    errors = {}
    for name, days in HORIZONS.items():
        rows = forecast_rows(y, days)
        if not len(rows):
            continue
        square = np.square(y[rows, :days] - forecast[rows, :days]).mean(axis=1)
        errors[name] = np.sqrt(
            weights[:, rows] @ square / np.maximum(weights[:, rows].sum(axis=1), 1e-12)
        )
    return errors


def forecast_rows(y: Float64Array, days: int) -> Int64Array:
    """Return the rows that are asked for so many days ahead and whose days are all known.

    Examples
    --------
    >>> y = np.ones((15, 7))
    >>> y[14, 3:] = np.nan  # days to come
    >>> forecast_rows(y, 7).tolist(), len(forecast_rows(y, 1)), len(forecast_rows(y, 30))
    ([0, 7], 15, 0)
    """
    if y.shape[1] < days:
        return np.empty(0, "int64")
    rows = np.arange(0, len(y), 1 if days == 1 else WEEK)
    return rows[np.isfinite(y[rows, :days]).all(axis=1)]
