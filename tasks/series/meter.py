"""Meter: read a meter's file as sums by the hour or a longer step.

Each step has the share of it that was measured. A file holds the sums of each step: kW min of
power, V min of voltage. Steps that divide an hour are summed by the hour, so that a file of
quarter-hours gives the same days as one of minutes. What wasn't measured is `?` or no row at all in
a file of minutes; a sum of longer steps doesn't say so, but its voltage does, which is near 240 in
every minute that was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from casebook.catalog import DataFile, DataSet, data_set
from casebook.errors import CasebookError
from tasks.data.ingest import frames, read, typed
from tasks.reading.form import Form
from tasks.reading.table import look
from tasks.series.times import in_order, read_times, step_of

METER = (
    "Global_active_power",
    "Global_reactive_power",
    "Voltage",
    "Global_intensity",
    "Sub_metering_1",
    "Sub_metering_2",
    "Sub_metering_3",
)
POWER = "Global_active_power"
CHUNK = 200_000  # rows of the file of minutes that are held at once
HOUR = 60  # minutes
WHOLE = 0.95  # of the usual voltage: a sum of more lacks no minute that could be told from noise
NEAR = 49  # steps around one whose median voltage is the usual one
MAINS = (85.0, 500.0)  # volts that a house may have: nobody's mean is less or more
DOUBLED = 1.5  # of the usual voltage: more was summed than one step


def load(path: Path, entry: DataSet) -> tuple[pd.DataFrame, int, int]:
    """Read a file of minutes (fields `Date` and `Time`) or of sums (a field `datetime`).

    Returns
    -------
    The meter's sums by step and the share of each step that was `measured`; the step in minutes, an
    hour or longer; and the file's number of rows.
    """
    if path.suffix == ".parquet":
        frame = read(path)
    else:
        data_file = next(
            (file for file in entry.files if file.name == path.name), DataFile(name=path.name)
        )
        separator = (
            data_file.separator
            if data_file.name != path.name or data_file.separator != ","
            else _separator(path)
        )
        if "Time" in _header(path, separator):
            return hours_of(path, separator)
        frame = read(path, Form(separator=separator, missing=("?",)))
    return *summed(frame, path), len(frame)


def hours_of(path: Path, separator: str) -> tuple[pd.DataFrame, int, int]:
    """Read the fields `Date` and `Time` in chunks of rows.

    Minutes are summed by the hour as they are read.
    """
    sums: list[pd.DataFrame] = []
    rows, last, step = 0, None, 1
    for chunk in _chunks(path, separator):
        if chunk.empty:
            break
        texts = chunk["Date"].astype(str) + " " + chunk["Time"].astype(str)
        times = read_times(texts, path, "%d/%m/%Y %H:%M:%S")
        last = in_order(times, path, last)
        numbers = _numbers(chunk, path).set_axis(times)
        spacing = step_of(times, path) if len(chunk) > 1 else step
        if not sums:
            step = spacing
        elif spacing != step:
            raise CasebookError(
                f"{path}: the step changes: from row {chunk.index[0] + 1} ({times.iloc[0]}) on the "
                f"smallest distance is {spacing:,} minutes, before it {step:,}. Sum all rows up by "
                "one step."
            )
        sums.append(
            _by_hour(numbers.assign(measured=numbers[POWER].notna()), 1) if step == 1 else numbers
        )
        rows += len(chunk)
    if not sums:
        raise CasebookError(f"The file {path} has no rows. Name another with --source PATH.")
    together = pd.concat(sums)
    if step == 1:
        return together.groupby(level=0).sum(), HOUR, rows
    return *_measured(together, step, path), rows


def _chunks(path: Path, separator: str) -> Iterator[pd.DataFrame]:
    return frames(path, Form(separator=separator, missing=("?",)), CHUNK)


def summed(frame: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, int]:
    """Return a table of sums by time with the share `measured`, and its step in minutes.

    The step is an hour or longer.
    """
    if "datetime" not in frame.columns:
        frame = frame.reset_index()
    if "datetime" not in frame.columns:
        raise CasebookError(
            f"{path} lacks the column datetime (or Date and Time); it has {_listed(frame)}."
        )
    frame = frame.reset_index(drop=True)
    times = read_times(frame["datetime"], path)
    in_order(times, path)
    return _measured(_numbers(frame, path).set_axis(times), step_of(times, path), path)


def _measured(steps: pd.DataFrame, step: int, path: Path) -> tuple[pd.DataFrame, int]:
    """Derive from the voltage which share of each step was measured.

    Steps shorter than an hour are summed by the hour.
    """
    voltage = steps["Voltage"]
    _summed_up(voltage, step, path)
    usual = voltage.where(voltage > voltage.median() * WHOLE)
    usual = usual.rolling(NEAR, center=True, min_periods=1).median().ffill().bfill()
    share = (voltage / usual).fillna(0.0).clip(0.0, 1.0).where(steps[POWER].notna(), 0.0)
    share = share.where(share < WHOLE, 1.0)
    if step >= HOUR or HOUR % step:
        return steps.assign(measured=share), step
    whole = (
        share * step
    ).round() / step  # a dip of the mains for a few minutes is no gap of seconds
    return _by_hour(steps.assign(measured=whole), step), HOUR


def _summed_up(voltage: pd.Series, step: int, path: Path) -> None:
    """Refuse means in the place of sums, and rows that hold the sum of several steps.

    Raises
    ------
    CasebookError
        The usual voltage, or one row's, is not that of a sum over the step.
    """
    usual = float(voltage.median())
    if usual / step < MAINS[0] <= usual <= MAINS[1]:
        raise CasebookError(
            f"{path}: rows are {step:,} minutes apart and their voltage is {usual:,.1f} V, a mean. "
            f"Sums are needed: multiply power, voltage and intensity by {step:,}; sub-meterings "
            "are Wh of the whole step."
        )
    more = (voltage > usual * DOUBLED).to_numpy()
    if more.any():
        row = int(more.argmax())
        raise CasebookError(
            f"{path}: row {row + 1} ({voltage.index[row]}) has a voltage of "
            f"{voltage.iloc[row]:,.1f} where a step of {step:,} minutes usually has {usual:,.1f}: "
            "it is the sum of several steps. Sum all rows up by one step."
        )


def _by_hour(steps: pd.DataFrame, step: int) -> pd.DataFrame:
    """Sum steps up by the hour; `measured` becomes the share of the hour."""
    hours = steps.groupby(pd.DatetimeIndex(steps.index).floor("h")).sum()
    return hours.assign(measured=hours["measured"] * step / HOUR)


def _numbers(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the meter's columns as numbers.

    Raises
    ------
    CasebookError
        Some are missing, or hold text.
    """
    lacking = [name for name in METER if name not in frame.columns]
    if lacking:
        many = "s" if len(lacking) > 1 else ""
        raise CasebookError(
            f"{path} lacks the column{many} {', '.join(lacking)}; it has {_listed(frame)}."
        )
    columns = data_set("household_power").columns
    return pd.DataFrame(
        {name: typed(frame[name], columns[name], path) for name in METER}, copy=False
    )


def _header(path: Path, separator: str) -> list[str]:
    names: list[str] = look(path, Form(separator=separator)).schema.names
    return names


def _separator(path: Path) -> str:
    """Return the field separator of a file that the catalog doesn't know.

    It is a semicolon if the header has one.
    """
    return ";" if any(";" in name for name in _header(path, ",")) else ","


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns[:9]))
