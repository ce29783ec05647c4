"""Times: read the times of a series by one clock, and find the step that lies between them.

Days are counted by one clock all year round. Times that carry an offset from UTC are brought to the
smallest offset of their file, which is the winter time of a place that changes its clocks, so that
every day has 24 hours. Times without an offset are taken as they are; where clocks were set back
they repeat, and are refused.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from casebook.array_types import Int64Array
from casebook.errors import CasebookError

log = logging.getLogger("casebook")
DAY = 1440  # minutes
# behind a time of day, never behind a date alone
OFFSET = r"(?i)(:[\d.]+|T\d\d)\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)$"
RUN = 24  # rows further apart than the smallest step, one like the other: no gaps, but another step


def read_times(given: pd.Series, path: Path, form: str | None = None) -> pd.Series:
    """Return a column's times by one clock, without an offset.

    Parameters
    ----------
    given
        Times of pandas or texts: of `form`, else of ISO 8601.
    path
        The file they come from, for messages.

    Raises
    ------
    CasebookError
        A row holds no time, or only some rows have an offset.

    Examples
    --------
    The clocks are set back, so the same hour comes twice.

    >>> given = pd.Series(["2007-10-28T02:00:00+02:00", "2007-10-28T02:00:00+01:00"])
    >>> read_times(given, Path("meter.csv")).dt.hour.tolist()
    [1, 2]
    """
    if isinstance(given.dtype, pd.DatetimeTZDtype):
        shown = given.dt.tz_localize(None)
        offsets = (shown - given.dt.tz_convert("UTC").dt.tz_localize(None)).dt.total_seconds() // 60
    elif pd.api.types.is_datetime64_dtype(given.dtype):
        shown, offsets = given, None
    else:
        shown, offsets = _parsed(given.astype(str), path, form)
    if shown.isna().any():
        row = int(shown.isna().to_numpy().argmax())
        raise CasebookError(
            f"{path}: row {given.index[row] + 1} has no time but {str(given.iloc[row])!r}. Mend or "
            "remove it; times are written as 2007-10-28 02:00:00, or with an offset as "
            "2007-10-28T02:00:00+01:00."
        )
    return shown if offsets is None else _by_one_clock(shown, offsets, path)


def _parsed(texts: pd.Series, path: Path, form: str | None) -> tuple[pd.Series, pd.Series | None]:
    """Return the times that texts show, and their offsets in minutes if they have any."""
    marks = texts.str.extract(OFFSET)[1]
    marked = marks.notna()
    if not marked.any():
        return pd.to_datetime(texts, format=form or "ISO8601", errors="coerce"), None
    if not marked.all():
        row = int((marked != marked.iloc[0]).to_numpy().argmax())
        raise CasebookError(
            f"{path}: some times have an offset from UTC and some have none: row "
            f"{texts.index[0] + 1} has {texts.iloc[0]!r}, row {texts.index[row] + 1} "
            f"{texts.iloc[row]!r}. Write all with one, or all without."
        )
    shown = texts.str.replace(OFFSET, r"\1", regex=True)
    offsets = marks.map({mark: _minutes(mark) for mark in marks.unique()})
    return pd.to_datetime(shown, format=form or "ISO8601", errors="coerce"), offsets


def _minutes(mark: str) -> int:
    """Return the minutes of an offset such as `Z`, `+01`, `+0530` or `-03:30`."""
    if mark.upper() in ("Z", "UTC"):
        return 0
    digits = mark[1:].replace(":", "").ljust(4, "0")
    minutes = 60 * int(digits[:2]) + int(digits[2:])
    return -minutes if mark[0] == "-" else minutes


def _by_one_clock(shown: pd.Series, offsets: pd.Series, path: Path) -> pd.Series:
    """Bring times to the smallest offset.

    Midnights of each day's own clock stay unchanged, as they are days.
    """
    least = int(offsets.min())
    if len(shown) > 1 and (shown == shown.dt.normalize()).all():
        return shown
    sign = "-" if least < 0 else "+"
    clock = f"UTC{sign}{abs(least) // 60:02}:{abs(least) % 60:02}"
    log.info(
        "%s: times have an offset; days are counted by the clock of %s all year round",
        path.name,
        clock,
    )
    return shown - pd.to_timedelta(offsets - least, unit="min")


def in_order(times: pd.Series, path: Path, last: Any = None) -> Any:
    """Raise if times go back or repeat, and return the newest.

    Times are also compared with the `last` one before them.
    """
    values = times.to_numpy()
    first = values[0] - np.timedelta64(1, "s") if last is None else last
    before = np.concatenate([[first], values[:-1]])
    wrong = values <= before
    if not wrong.any():
        return values[-1]
    row = int(wrong.argmax())
    where = f"{path}: the times are not in order: row {times.index[row] + 1} ({times.iloc[row]})"
    if values[row] == before[row]:
        raise CasebookError(
            f"{where} repeats the time before it. Keep each time once. If the clocks were set back "
            "then, write the times with their offset from UTC, as 2007-10-28T02:00:00+01:00, so "
            "that no hour is lost."
        )
    raise CasebookError(
        f"{where} comes after {before[row].astype('datetime64[s]')}. Sort the rows by time, and "
        "keep each time once."
    )


def step_of(times: pd.Series, path: Path) -> int:
    """Return the minutes between two rows of times in order.

    That is the smallest distance, which must divide a day evenly.

    Rows that are missing leave a gap of several steps. Seconds are not looked at.

    Raises
    ------
    CasebookError
        There is one row, rows are less than a minute apart, a step does not divide a day, a time is
        not on the grid of steps from midnight on, or a long run of rows has another step.

    Examples
    --------
    >>> texts = ["2007-01-01 00:00", "2007-01-01 00:15", "2007-01-02 00:00"]
    >>> times = pd.Series(pd.to_datetime(texts))
    >>> step_of(times, Path("meter.csv"))
    15
    """
    minutes: Int64Array = times.to_numpy().astype("datetime64[m]").astype("int64")
    if len(minutes) < 2:
        raise CasebookError(
            f"{path} has one row only: a series needs at least two times. Name another file."
        )
    apart = np.diff(minutes)
    step = int(apart.min())
    at = int(apart.argmin())
    rows = (
        f"rows {times.index[at] + 1} and {times.index[at + 1] + 1} "
        f"({times.iloc[at]} and {times.iloc[at + 1]})"
    )
    if step < 1:
        raise CasebookError(
            f"{path}: {rows} are less than a minute apart. Sum the rows up by the minute or longer."
        )
    if DAY % step:
        raise CasebookError(
            f"{path}: {rows} are {step:,} minutes apart, which does not part a day evenly. Sum the "
            "rows up by steps that do, such as 1, 5, 10, 15, 30 or 60 minutes, or days from "
            "midnight to midnight."
        )
    _on_grid(times, minutes, step, path)
    _one_step(times, apart, step, path)
    return step


def _on_grid(times: pd.Series, minutes: Int64Array, step: int, path: Path) -> None:
    off = minutes % step != 0
    if off.any():
        row = int(off.argmax())
        raise CasebookError(
            f"{path}: row {times.index[row] + 1} ({times.iloc[row]}) is not on the grid of "
            f"{step:,} minutes from midnight on that the smallest distance between two rows sets. "
            "Sum the rows up by equal steps that begin at midnight."
        )


def _one_step(times: pd.Series, apart: Int64Array, step: int, path: Path) -> None:
    """Raise if the step of a series changes.

    What looks like gaps of equal length is then sums of longer steps.
    """
    starts = np.flatnonzero(np.diff(apart, prepend=-1, append=-1))
    lengths = np.diff(starts)
    other = (lengths >= RUN) & (apart[starts[:-1]] > step)
    if other.any():
        row = int(starts[:-1][other][0])
        raise CasebookError(
            f"{path}: the step changes: rows are {step:,} minutes apart, but from row "
            f"{times.index[row] + 1} ({times.iloc[row]}) on {int(apart[row]):,}. Sum all rows up "
            "by one step."
        )
