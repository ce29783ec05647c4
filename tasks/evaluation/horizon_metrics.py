"""Horizons: figures of forecasts for several days ahead, as they are judged week by week."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

WEEK = 7
HORIZONS = {"rmse_next_day": 1, "rmse_next_week": WEEK, "rmse_next_month": 30}  # days ahead


def by_horizon(y: "Floats", forecast: "Floats", weights: "Floats") -> "dict[str, Floats]":
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
    import numpy as np

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


def forecast_rows(y: "Floats", days: int) -> "Rows":
    """Return the rows that are asked for so many days ahead and whose days are all known."""
    import numpy as np

    if y.shape[1] < days:
        return np.empty(0, "int64")
    rows = np.arange(0, len(y), 1 if days == 1 else WEEK)
    return rows[np.isfinite(y[rows, :days]).all(axis=1)]
