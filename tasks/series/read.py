"""Downsample: fill the gaps of a meter's series by one stated rule, and sum it up by the day.

A gap is minutes that weren't measured. A step that lacks minutes gets their share of the same step
one day earlier, as filled; a step is an hour, or longer where the file has no hours. What lies
before the first or after the last measurement is no gap.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.stage import stage
from casebook.store import Facts
from casebook.tables import write_table
from tasks.data.fetch import proven
from tasks.series.meter import HOUR, POWER, load, summed
from tasks.series.times import DAY

Maker: TypeAlias = "Callable[[int, int], pd.DataFrame]"


@stage
def resample_time(out: Path, origin: Origin, sample: Maker, sample_rows: int, seed: int) -> Facts:
    """Read the origin's file (or make the sample), fill its gaps, and keep sums by the day.

    Writes `table`, a row per day: the filled sums, the active power of the measured minutes alone,
    and how many minutes were missing; and `hours`, the same sums by the hour, where the file is
    that fine.

    Raises
    ------
    CasebookError
        The file can't be read, has other than its known number of rows, lacks a column, has text
        where a number or a time belongs, or its times are not in order or repeat.
    """
    entry = data_set(origin.dataset)
    path = origin.path or Path("the embedded sample")
    if origin.path is None:
        frame = sample(sample_rows, seed)
        (steps, step), rows = summed(frame, path), len(frame)
    else:
        steps, step, rows = load(origin.path, entry)
    if origin.rows not in (None, rows):
        raise CasebookError(
            f"The file {path} has {rows:,} rows where the catalog says {origin.rows:,}: it was cut "
            "short or is another one. Delete it to fetch it again, or use it all the same with "
            "--source PATH."
        )
    steps, lacking = complete(steps, step)
    whole = filled(steps, lacking, step).assign(measured_active_power=steps[POWER])
    days = whole.resample("D").sum()
    days["missing_minutes"] = (lacking * step).round().resample("D").sum()
    days = days.reset_index(names="date")
    days["date"] = days["date"].dt.strftime("%Y-%m-%d").astype("string")
    write_table(out, days[list(entry.columns)])
    if step == HOUR:
        write_table(out, whole.reset_index(names="hour"), "hours")
    proven(origin)
    gaps = days["missing_minutes"]
    return {
        "rows": rows,
        "days": len(days),
        "columns": list(entry.columns),
        "dataset": entry.name,
        "kind": origin.kind,
        "origin": origin.note,
        "step": "h" if step == HOUR else "D",
        "missing_minutes": int(gaps.sum()),
        "days_with_gaps": int((gaps > 0).sum()),
        "days_without_data": int((gaps >= DAY).sum()),
    }


def complete(steps: pd.DataFrame, step: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return every step of the span, and the share of each that is missing.

    Where nothing was measured, the values are zero.
    """
    every = pd.date_range(steps.index[0], steps.index[-1], freq=f"{step}min")
    steps = steps.reindex(every).fillna(0.0)
    lacking = 1.0 - steps.pop("measured")
    lacking.iloc[[0, -1]] = 0.0  # the measurements begin and end within these steps
    return steps, lacking.clip(0.0, 1.0)


def filled(steps: pd.DataFrame, lacking: pd.Series, step: int) -> pd.DataFrame:
    """Return the steps with missing shares taken from the same step one day earlier.

    The earlier step is taken as filled.
    """
    values, share, back = steps.to_numpy(copy=True), lacking.to_numpy(), DAY // step
    for place in np.flatnonzero(share > 0):
        if place >= back:
            values[place] += share[place] * values[place - back]
    return steps.copy().assign(**dict(zip(steps.columns, values.T, strict=True)))
