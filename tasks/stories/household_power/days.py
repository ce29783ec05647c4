"""Days: cut a household's days into windows, split by time at the ends of weeks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy import typing as npt

from casebook.array_types import Float64Array, NamedArrays
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_arrays
from tasks.evaluation.horizon_metrics import WEEK
from tasks.evaluation.leakage_checks import in_order_of_time
from tasks.series.windowing import joined, windows

TARGET = "Global_active_power"
LENGTH = 28  # days that a forecast is asked with
AHEAD = 30  # days that it goes on
# days at the end that are the test part: 46 standard weeks, Sunday to Saturday, and six days
HELD_OUT = 328
LEAST = 91  # days that the test part and both periods before it must have
YEAR_BACK = 364  # days before a day that have its weekday and nearly its season

Gaps = Literal["filled", "zero"]


@stage
def part(out: Path, table: Ref, raw: Ref, gaps: Gaps) -> Facts:
    """Cut the days into windows, and split these by time.

    The parts are train, two periods of validation, and test. The test part is the last 328 days, or
    of a short series a third of what is left after thirteen months, and each period of validation
    has as many weeks; all begin on a Sunday. `date` is the window's last day, in days since 1970,
    and `hours` are the sums of its hours; of a file of days there are none.

    Raises
    ------
    CasebookError
        There are too few days.
    """
    frame = read_table(table)
    dates = pd.to_datetime(frame["date"])
    first = int((dates.iloc[0] - pd.Timestamp(1970, 1, 1)).days)
    column = TARGET if gaps == "filled" else "measured_active_power"
    parts = cut(frame[column].to_numpy("float64"), first)
    hours = by_hour(raw, dates, column) if raw.facts["step"] == "h" else None
    lacking = frame["missing_minutes"].to_numpy("float32")
    early = np.concatenate([np.full(YEAR_BACK, np.nan), frame[column]])  # a year later
    for name, arrays in parts.items():
        day = arrays["day"]
        arrays["date"] = (first + day[:, None] - 1).astype("float32")
        arrays["lacking"] = lacking[day]
        arrays["year_before"] = early[day[:, None] + np.arange(AHEAD)].astype("float32")
        write_arrays(out, name, **arrays, **({} if hours is None else {"hours": hours[day - 1]}))
    return {name: {"rows": len(arrays["y"])} for name, arrays in parts.items()}


def cut(values: Float64Array, first: int) -> dict[str, NamedArrays]:
    """Return the windows of train, validation and test.

    No part contains numbers of a later period.
    """
    ends = pairwise((LENGTH, *cuts(len(values), first), len(values)))
    train, earlier, later, test = (windows(values, *end, LENGTH, AHEAD) for end in ends)
    in_order_of_time(
        {"train": train, "earlier validation": earlier, "later validation": later, "test": test}
    )
    periods = [
        {**rows, "period": np.full(len(rows["y"]), i)} for i, rows in enumerate((earlier, later))
    ]
    return {"train": train, "validation": joined(*periods), "test": test}


def by_hour(raw: Ref, dates: pd.Series, column: str) -> npt.NDArray[np.float32]:
    """Return the sums of each day's hours, shape (days, 24).

    They are zero before the first and after the last measurement.
    """
    hours = read_table(raw, "hours", ["hour", column]).set_index("hour")[column]
    every = pd.date_range(dates.iloc[0], periods=24 * len(dates), freq="h")
    return hours.reindex(every, fill_value=0.0).to_numpy("float32").reshape(-1, 24)


def cuts(days: int, first: int) -> tuple[int, int, int]:
    """Return where both periods of validation and the test part begin.

    Day 0 is `first` days after 1970-01-01.

    Raises
    ------
    CasebookError
        Less than a year would be left to learn from.
    """
    held = min(HELD_OUT, (days - LENGTH - YEAR_BACK) // 3 - WEEK)
    if held < LEAST:
        raise CasebookError(
            f"Only {days:,} days, too few to forecast: at least 28 days and a year to learn from, "
            "and a quarter of a year each to be asked about and, twice, to choose by, about 690 "
            "in all. Use more data."
        )
    test = days - held
    test += (3 - first - test) % WEEK  # 1970-01-04 was a Sunday
    period = -(-(days - test) // WEEK) * WEEK
    return test - 2 * period, test - period, test
