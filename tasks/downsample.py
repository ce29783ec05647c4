"""Downsample: fill the gaps of a meter's series by one stated rule, and sum it up by the day.

A gap is minutes that weren't measured. A step that lacks minutes gets their share of the same step one day earlier, as
filled; a step is an hour, or longer where the file has no hours. What lies before the first or after the last
measurement is no gap.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts
from casebook.tables import write_table
<<<<<<< HEAD
from tasks.fetch import Origin, proven
from tasks.meter import HOUR, POWER, load, summed
from tasks.times import DAY
=======
from tasks.fetch import Origin
from tasks.ingest import frames, read, typed
from tasks.reading.form import Form
from tasks.reading.table import look
>>>>>>> ws-b

if TYPE_CHECKING:
    import pandas as pd

    Maker = Callable[[int, int], pd.DataFrame]


@stage
def downsample(out: Path, origin: Origin, sample: "Maker", sample_rows: int, seed: int) -> Facts:
    """Read the origin's file (or make the sample), fill its gaps, and keep sums by the day.

    Writes `table`, a row per day: the filled sums, the active power of the measured minutes alone, and how many minutes
    were missing; and `hours`, the same sums by the hour, where the file is that fine.

    Raises
    ------
    CasebookError
        The file can't be read, has other than its known number of rows, lacks a column, has text where a number or a
        time belongs, or its times are not in order or repeat.
    """
    entry = data_set(origin.dataset)
    path = origin.path or Path("the embedded sample")
    if origin.path is None:
        made = sample(sample_rows, seed)
        (steps, step), rows = summed(made, path), len(made)
    else:
        steps, step, rows = load(origin.path, entry)
    if origin.rows not in (None, rows):
        raise CasebookError(
            f"The file {path} has {rows:,} rows where the catalog says {origin.rows:,}: it was cut short or is another "
            "one. Delete it to fetch it again, or use it all the same with --source PATH."
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


<<<<<<< HEAD
def complete(steps: "pd.DataFrame", step: int) -> "tuple[pd.DataFrame, pd.Series]":
=======
def load(path: Path, entry: DataSet) -> "tuple[pd.DataFrame, int]":
    """Read a file of minutes (fields `Date` and `Time`) or of sums (a field `datetime`); return it and its rows."""
    if path.suffix == ".parquet":
        return summed(read(path), path)
    known = next((file for file in entry.files if file.name == path.name), DataFile(name=path.name))
    separator = known.separator if known.name != path.name or known.separator != "," else _separator(path)
    form = Form(separator=separator, missing=("?",))
    if "Time" not in _header(path, separator):
        return summed(read(path, form), path)
    return hours_of(path, separator)


def hours_of(path: Path, separator: str) -> "tuple[pd.DataFrame, int]":
    """Sum the file of minutes by the hour, some rows at a time; `minutes` counts what was measured."""
    import pandas as pd

    sums, rows, last = [], 0, None
    for chunk in _chunks(path, separator):
        if chunk.empty:
            break
        times = _times(chunk["Date"].astype(str) + " " + chunk["Time"].astype(str), path, "%d/%m/%Y %H:%M:%S")
        last = _in_order(times, path, last)
        numbers = _numbers(chunk, path)
        hour = times.dt.floor("h")
        found = numbers.groupby(hour).sum().assign(minutes=numbers["Global_active_power"].groupby(hour).count())
        sums.append(found)
        rows += len(chunk)
    if not sums:
        raise CasebookError(f"The file {path} has no rows. Name another with --source PATH.")
    return pd.concat(sums).groupby(level=0).sum(), rows


def _chunks(path: Path, separator: str) -> "Iterator[pd.DataFrame]":
    return frames(path, Form(separator=separator, missing=("?",)), CHUNK)


def summed(frame: "pd.DataFrame", path: Path) -> "tuple[pd.DataFrame, int]":
    """Return a table of sums by its time; what was measured of each step is told by its voltage."""
    if "datetime" not in frame.columns:
        raise CasebookError(f"{path} lacks the column datetime (or Date and Time); it has {_listed(frame)}.")
    times = _times(frame["datetime"].astype(str), path, None)
    _in_order(times, path, None)
    steps = _numbers(frame, path).set_axis(times)
    usual = steps["Voltage"].where(steps["Voltage"] > steps["Voltage"].median() * WHOLE)
    usual = usual.rolling(NEAR, center=True, min_periods=1).median().ffill().bfill()
    share = (steps["Voltage"] / usual).fillna(0.0).clip(0.0, 1.0)
    return steps.assign(minutes=share.where(share < WHOLE, 1.0)), len(frame)


def complete(steps: "pd.DataFrame", width: str) -> "tuple[pd.DataFrame, pd.Series]":
>>>>>>> ws-b
    """Return every step of the span with zeros where nothing was measured, and the share of each that is missing."""
    import pandas as pd

    every = pd.date_range(steps.index[0], steps.index[-1], freq=f"{step}min")
    steps = steps.reindex(every).fillna(0.0)
    lacking = 1.0 - steps.pop("measured")
    lacking.iloc[[0, -1]] = 0.0  # the measurements begin and end within these steps
    return steps, lacking.clip(0.0, 1.0)


def filled(steps: "pd.DataFrame", lacking: "pd.Series", step: int) -> "pd.DataFrame":
    """Return the steps with the share that each lacks taken from the same step one day earlier, as filled."""
    import numpy as np

    values, share, back = steps.to_numpy(copy=True), lacking.to_numpy(), DAY // step
    for place in np.flatnonzero(share > 0):
        if place >= back:
            values[place] += share[place] * values[place - back]
    return steps.copy().assign(**dict(zip(steps.columns, values.T, strict=True)))
<<<<<<< HEAD
=======


def _numbers(frame: "pd.DataFrame", path: Path) -> "pd.DataFrame":
    """Return the meter's columns as numbers.

    Raises
    ------
    CasebookError
        Some are missing, or hold text.
    """
    import pandas as pd

    lacking = [name for name in METER if name not in frame.columns]
    if lacking:
        many = "s" if len(lacking) > 1 else ""
        raise CasebookError(f"{path} lacks the column{many} {', '.join(lacking)}; it has {_listed(frame)}.")
    columns = data_set("household_power").columns
    return pd.DataFrame({name: typed(frame[name], columns[name], path) for name in METER}, copy=False)


def _times(texts: "pd.Series", path: Path, form: str | None) -> "pd.Series":
    """Return times, or say which row holds none."""
    import pandas as pd

    times = pd.to_datetime(texts, format=form or "ISO8601", errors="coerce")
    if times.isna().any():
        row = int(times.isna().to_numpy().argmax())
        raise CasebookError(
            f"{path}: row {texts.index[row] + 1} has no time but {texts.iloc[row]!r}. Mend or remove it."
        )
    return times


def _in_order(times: "pd.Series", path: Path, last: Any) -> Any:
    """Refuse times that go back or stand twice, also against the `last` one before; return the newest."""
    import numpy as np

    values = times.to_numpy()
    before = np.concatenate([[values[0] - np.timedelta64(1, "s") if last is None else last], values[:-1]])
    wrong = values <= before
    if wrong.any():
        row = int(wrong.argmax())
        kind = "repeats" if values[row] == before[row] else "comes after"
        raise CasebookError(
            f"{path}: the times are not in order: row {times.index[row] + 1} ({times.iloc[row]}) {kind} "
            f"{'the time before it' if kind == 'repeats' else before[row].astype('datetime64[s]')}. Sort the rows by "
            "time, and keep each time once."
        )
    return values[-1]


def _header(path: Path, separator: str) -> list[str]:
    names: list[str] = look(path, Form(separator=separator)).schema.names
    return names


def _separator(path: Path) -> str:
    """Return what parts the fields of a file that the catalog doesn't know: a semicolon if its header has one."""
    if path.suffix == ".zip":
        return ";"
    with path.open(encoding="utf-8", errors="replace") as file:
        return ";" if ";" in file.readline() else ","


def _listed(frame: "pd.DataFrame") -> str:
    return ", ".join(map(str, frame.columns[:9]))
>>>>>>> ws-b
