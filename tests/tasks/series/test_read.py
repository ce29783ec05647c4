"""Minutes, hours and days become the same days, with gaps filled and counted.

Wrong files are named.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.store import Ref
from casebook.tables import read_table
from samples.household_power import make_household
from tasks.series import meter
from tasks.series import read as downsample
from tasks.series.meter import METER, hours_of, load, summed
from tasks.series.read import complete, filled

NAME = "household_power"


def minutes(days: int = 3) -> pd.DataFrame:
    """Return the public file's fields for some days from 17:24 on.

    The power is a constant kilowatt, except for a gap.
    """
    times = pd.date_range("2006-12-16 17:24", periods=days * 1440, freq="min")
    frame = pd.DataFrame({"Date": times.strftime("%d/%m/%Y"), "Time": times.strftime("%H:%M:%S")})
    frame = frame.assign(
        **{**dict.fromkeys(METER, "1.000"), "Voltage": "240.000", "Sub_metering_3": 2.0}
    )
    gap = (times >= "2006-12-18 10:00") & (times < "2006-12-18 11:30")
    frame.loc[gap, [*METER[:-1]]] = "?"
    frame.loc[gap, "Sub_metering_3"] = np.nan
    return frame


def write(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, sep=";", index=False)
    return path


def test_minutes_are_summed_some_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(minutes(), tmp_path / "minutes.txt")
    monkeypatch.setattr(meter, "CHUNK", 777)
    hours, step, rows = hours_of(path, ";")
    assert (step, rows) == (60, 3 * 1440)
    assert hours["measured"].iloc[[0, 1, -1]].to_list() == [0.6, 1.0, 0.4]
    lacking = hours[hours["measured"] < 1].iloc[1:-1]
    assert lacking["measured"].to_list() == [0.0, 0.5]
    assert lacking["Global_active_power"].to_list() == [0, 30]


def test_a_gap_is_filled_by_the_day_before_and_a_gap_of_days_by_the_last_sound_one() -> None:
    hours = pd.date_range("2007-01-01", periods=96, freq="h")
    steps = pd.DataFrame({name: np.arange(96.0) for name in METER} | {"measured": 1.0}, index=hours)
    steps.loc[hours[30:32], :] = 0.0
    steps = steps.drop(hours[54])
    steps.loc[hours[60], ["Global_active_power", "measured"]] = (30.0, 0.5)
    whole, lacking = complete(steps, 60)
    done = filled(whole, lacking, 60)["Global_active_power"]
    assert done.iloc[[30, 31, 54, 60]].to_list() == [6.0, 7.0, 6.0, 30.0 + 0.5 * 36.0]
    assert lacking.sum() == 3.5


def test_what_a_sum_lacks_is_told_by_its_voltage() -> None:
    frame = make_household(40, seed=1)
    steps, step = summed(frame, Path("sums"))
    assert (step, len(steps)) == (60, 40 * 24)
    hidden = frame.assign(Voltage=frame["Voltage"].where(frame.index != 500, 7000.0))
    sums, _ = summed(hidden, Path("sums"))
    assert sums["measured"].iloc[500] == pytest.approx(7000 / 14400, rel=0.03)
    assert (steps["measured"] == 1.0).mean() > 0.99


def test_the_stage_keeps_days_and_says_what_was_missing(
    keep: Callable[..., Ref], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CASEBOOK_CASES")
    path = write(minutes(), tmp_path / "minutes.txt")
    ref = keep(
        downsample.resample_time.fn,
        Origin(dataset=NAME, kind="real", path=path),
        make_household,
        0,
        0,
    )
    days = read_table(ref)
    assert list(days.columns) == list(data_set(NAME).columns)
    assert days["date"].to_list() == ["2006-12-16", "2006-12-17", "2006-12-18", "2006-12-19"]
    assert days["Global_active_power"].iloc[1:3].to_list() == [1440.0, 1440.0]
    assert days["measured_active_power"].iloc[2] == 1350.0
    assert (ref.facts["missing_minutes"], ref.facts["days_with_gaps"], ref.facts["rows"]) == (
        90,
        1,
        4320,
    )
    assert len(read_table(ref, "hours")) == 73


def test_sums_by_the_day_are_read_too(tmp_path: Path) -> None:
    days = make_household(60, seed=0).resample("D", on="datetime").sum().reset_index()
    days.to_csv(tmp_path / "days.csv", index=False)
    steps, step, rows = load(tmp_path / "days.csv", data_set(NAME))
    assert (step, rows) == (1440, 60) and "measured" in steps


def test_wrong_files_are_named(tmp_path: Path) -> None:
    sound = minutes(1)
    much, noon = (
        sound["Voltage"].where(sound.index != 4, "much"),
        sound["Time"].where(sound.index != 8, "noon"),
    )
    frame = make_household(3, seed=0)
    wrong = {
        "lacks the column Voltage": write(sound.drop(columns="Voltage"), tmp_path / "a.txt"),
        "row 5 has 'much'": write(sound.assign(Voltage=much), tmp_path / "b.txt"),
        "row 9 has no time": write(sound.assign(Time=noon), tmp_path / "c.txt"),
        "not in order": write(sound.iloc[::-1], tmp_path / "d.txt"),
        "repeats the time before it": write(pd.concat([sound[:5], sound[4:]]), tmp_path / "e.txt"),
        "has no rows": write(sound[:0], tmp_path / "f.txt"),
        "lacks the column datetime": write(frame.drop(columns="datetime"), tmp_path / "g.csv"),
    }
    for words, path in wrong.items():
        with pytest.raises(CasebookError, match=words):
            load(path, data_set(NAME))
