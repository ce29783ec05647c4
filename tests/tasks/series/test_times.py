"""A meter's file of any step comes to the same days as its minutes, or is refused in a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.catalog import data_set
from casebook.errors import CasebookError
from casebook.origin import Origin
from casebook.store import Ref
from casebook.tables import read_table
from samples.household_power import make_household
from tasks.series.meter import METER, load, summed
from tasks.series.read import complete, filled, resample_time
from tasks.series.times import read_times, step_of

PATH = Path("meter.csv")
STEPS = [
    1,
    2,
    3,
    4,
    5,
    6,
    10,
    12,
    15,
    20,
    30,
    40,
    45,
    60,
    72,
    90,
    120,
    180,
    240,
    360,
    480,
    720,
    1440,
]


def minutes(days: int, seed: int = 0, start: str = "2007-03-01", step: int = 1) -> pd.DataFrame:
    """Return a meter's minutes, or longer steps: a column `datetime` and what it measured."""
    rng = np.random.default_rng(seed)
    times = pd.date_range(start, periods=days * 1440 // step, freq=f"{step}min", name="datetime")
    values = {name: rng.gamma(2.0, 0.5, len(times)) for name in METER}
    values["Voltage"] = rng.normal(240, 3, len(times)) * step
    return pd.DataFrame(values, index=times).reset_index()


def by_step(frame: pd.DataFrame, step: int) -> pd.DataFrame:
    return frame.resample(f"{step}min", on="datetime").sum().reset_index()


def days_of(frame: pd.DataFrame) -> pd.DataFrame:
    steps, step = summed(frame, PATH)
    return filled(*complete(steps, step), step).resample("D").sum()


@settings(max_examples=60)
@given(step=st.sampled_from(STEPS), days=st.integers(3, 6), seed=st.integers(0, 99))
def test_a_day_has_one_sum_whatever_the_step(step: int, days: int, seed: int) -> None:
    frame = minutes(days, seed)
    right = frame.groupby(frame["datetime"].dt.normalize())[[*METER]].sum()
    np.testing.assert_allclose(days_of(by_step(frame, step))[[*METER]], right, rtol=1e-9)


@settings(max_examples=60)
@given(step=st.integers(2, 3000).filter(lambda step: 1440 % step != 0))
def test_a_step_that_does_not_part_a_day_is_refused(step: int) -> None:
    with pytest.raises(
        CasebookError,
        match=r"rows \d+ and \d+ .* are [\d,]+ minutes apart, which does not part a day",
    ):
        days_of(by_step(minutes(10), step))


@pytest.mark.parametrize("step", [5, 15, 30, 60])
def test_missing_rows_are_filled_alike_whatever_the_step(step: int) -> None:
    frame = by_step(minutes(5).assign(Voltage=240.0), step)
    gap = (frame["datetime"] >= "2007-03-03 10:00") & (frame["datetime"] < "2007-03-03 13:00")
    days = days_of(frame[~gap])
    hour = frame.set_index("datetime")["Global_active_power"].resample("h").sum()
    right = hour["2007-03-03"].sum() - hour["2007-03-03 10":"2007-03-03 12"].sum()  # type: ignore[misc]
    right += hour["2007-03-02 10":"2007-03-02 12"].sum()  # type: ignore[misc]
    assert days.loc["2007-03-03", "Global_active_power"] == pytest.approx(right, rel=1e-9)


def test_short_dips_of_the_mains_are_no_gaps() -> None:
    frame = minutes(3)
    frame.loc[100:110, "Voltage"] = 222.0
    for step in (1, 5):
        steps, hours = summed(by_step(frame, step), PATH)
        assert hours == 60 and (steps["measured"] == 1.0).all()


def shifted(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    """Return the rows with the times that a clock of a zone shows, and their offsets."""
    return frame.assign(datetime=frame["datetime"].dt.tz_localize("UTC").dt.tz_convert(zone))


@pytest.mark.parametrize(
    ("zone", "hours", "step"),
    [
        ("Europe/Paris", 1, 60),
        ("Asia/Kolkata", 5.5, 30),
        ("America/New_York", -5, 60),
        ("UTC", 0, 120),
        ("Australia/Lord_Howe", 10.5, 30),
    ],
)
def test_times_with_offsets_lose_no_hour_where_clocks_change(
    zone: str, hours: float, step: int, tmp_path: Path
) -> None:
    frame = minutes(400, start="2007-01-01", step=step)
    plain = frame.assign(datetime=frame["datetime"] + pd.Timedelta(hours=hours))
    zoned = shifted(frame, zone)
    right = days_of(plain)
    zoned.to_parquet(tmp_path / "a.parquet")
    zoned.to_csv(tmp_path / "a.csv", index=False)
    for read in (pd.read_parquet(tmp_path / "a.parquet"), pd.read_csv(tmp_path / "a.csv")):
        pd.testing.assert_frame_equal(days_of(read), right, check_freq=False, rtol=1e-9)


def test_days_of_a_place_that_changes_its_clocks_are_days() -> None:
    days = minutes(400, start="2007-01-01", step=1440)
    local = days.assign(datetime=days["datetime"].dt.tz_localize("Europe/Paris"))
    texts = local.assign(datetime=local["datetime"].astype(str))
    for frame in (local, texts):
        pd.testing.assert_frame_equal(days_of(frame), days_of(days), check_freq=False)


def changed(place: int, text: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.assign(datetime=frame["datetime"].astype(str))
        frame.loc[place, "datetime"] = text
        return frame

    return change


REFUSED: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "unsorted": (lambda f: f.iloc[::-1], r"not in order: row 2 .* comes after .*Sort the rows"),
    "repeated": (
        lambda f: pd.concat([f[:9], f[8:]]),
        r"row 10 .* repeats .* clocks were set back .* offset from UTC",
    ),
    "no time": (changed(4, "yesterday"), r"row 5 has no time but 'yesterday'"),
    "another order of fields": (
        changed(4, "13/03/2007 04:00"),
        r"row 5 has no time but '13/03/2007 04:00'",
    ),
    "empty": (changed(4, ""), r"row 5 has no time but ''"),
    "one with an offset": (
        changed(4, "2007-03-01 04:00:00+01:00"),
        r"row 1 has .*, row 5 .* Write all with one",
    ),
    "off the grid": (
        changed(4, "2007-03-01 04:20:00"),
        r"row 2 .*01:00:00\) is not on the grid of 40 minutes",
    ),
    "one extra": (
        lambda f: pd.concat(
            [f, f[10:11].assign(datetime=f["datetime"][10] + pd.Timedelta(minutes=15))]
        ).sort_values("datetime"),
        "the step changes: rows are 15 minutes apart",
    ),
    "at 24 past": (
        lambda f: f.assign(datetime=f["datetime"] + pd.Timedelta(minutes=24)),
        "row 1 .* on the grid of 60",
    ),
    "days from noon": (
        lambda f: f[::24].assign(
            datetime=lambda d: d["datetime"] + pd.Timedelta(hours=12), Voltage=240.0 * 1440
        ),
        "on the grid of 1,440 minutes",
    ),
    "weeks": (lambda f: f[:: 24 * 7], "are 10,080 minutes apart, which does not part a day"),
    "one row": (lambda f: f[:1], "has one row only"),
    "means": (
        lambda f: f.assign(Voltage=f["Voltage"] / 60),
        r"voltage is 2\d\d\.\d V, a mean. Sums are needed",
    ),
    "a row of two steps": (
        lambda f: f.assign(Voltage=f["Voltage"].where(f.index != 7, 28_800)),
        "row 8 .* several",
    ),
    "seconds": (
        lambda f: f.assign(datetime=pd.date_range("2007-03-01", periods=len(f), freq="20s")),
        "rows 1 and 2 .* are less than a minute apart",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_cannot_be_summed_up_is_refused_in_one_sentence(fault: str) -> None:
    change, words = REFUSED[fault]
    with pytest.raises(CasebookError, match=words) as error:
        summed(change(by_step(minutes(40), 60)), PATH)
    assert str(error.value).startswith("meter.csv")
    assert "\n" not in str(error.value)


def test_a_change_of_the_step_is_seen_also_where_the_voltage_is_a_mean() -> None:
    fine, coarse = by_step(minutes(3), 15), by_step(minutes(3, start="2007-03-04"), 60)
    with pytest.raises(
        CasebookError, match=r"the step changes: rows are 15 minutes apart, but from row 289"
    ):
        summed(pd.concat([fine, coarse.assign(Voltage=3600.0)]), PATH)


def test_the_file_of_dates_and_times_may_have_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CASEBOOK_CASES")
    frame = minutes(4)
    right = days_of(frame)
    for step in (1, 15, 60, 120):
        sums = by_step(frame, step)
        times = sums.pop("datetime")
        sums.insert(0, "Date", times.dt.strftime("%d/%m/%Y"))
        sums.insert(1, "Time", times.dt.strftime("%H:%M:%S"))
        sums.to_csv(tmp_path / "a.txt", sep=";", index=False)
        steps, width, rows = load(tmp_path / "a.txt", data_set("household_power"))
        assert rows == len(sums)
        days = filled(*complete(steps, width), width).resample("D").sum()
        pd.testing.assert_frame_equal(days[[*METER]], right[[*METER]], check_freq=False, rtol=1e-9)


@pytest.mark.parametrize("step", [15, 120])
def test_the_stage_says_whether_there_are_hours(
    step: int, keep: Callable[..., Ref], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CASEBOOK_CASES")
    by_step(minutes(5), step).to_csv(tmp_path / "a.csv", index=False)
    origin = Origin(dataset="household_power", kind="real", path=tmp_path / "a.csv")
    ref = keep(resample_time.fn, origin, make_household, 0, 0)
    assert ref.facts["step"] == ("h" if step == 15 else "D")
    assert ref.path("hours.parquet").is_file() == (step == 15)
    right = minutes(5).groupby(lambda row: row // 1440)["Global_active_power"].sum()
    assert read_table(ref)["Global_active_power"].to_numpy() == pytest.approx(
        right.to_numpy(), rel=1e-9
    )


@pytest.mark.parametrize(
    ("texts", "hours"),
    [
        (["2007-03-25T00:00:00Z", "2007-03-25T01:00:00Z"], [0, 1]),
        (["2007-03-25 01:00:00+01:00", "2007-03-25 03:00:00+02:00"], [1, 2]),
        (["2007-03-25T01:00+0100", "2007-03-25T03:00+0200"], [1, 2]),
        (["2007-03-25T01:00+01", "2007-03-25T03:00+02"], [1, 2]),
        (["2007-03-25T01:00:00.000 -03:30", "2007-03-25T02:00:00.000 -03:30"], [1, 2]),
        (["2007-03-25", "2007-03-26"], [0, 24]),
    ],
    ids=["z", "offsets", "no-colon", "hours-alone", "half-hours", "dates"],
)
def test_offsets_are_read_as_they_are_written(texts: list[str], hours: list[int]) -> None:
    times: Any = read_times(pd.Series(texts), PATH)
    assert ((times - pd.Timestamp("2007-03-25")) / pd.Timedelta(hours=1)).to_list() == hours


def test_seconds_of_a_clock_that_drifts_are_not_looked_at() -> None:
    times = pd.Series(pd.date_range("2007-03-01 00:00:07", periods=500, freq="61s"))
    assert step_of(times, PATH) == 1
