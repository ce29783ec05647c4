"""A household's electric power: forecasts of the next day, week and month (lab 280).

They are made from the days before, with a band.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import keras
import numpy as np
import pandas as pd
from keras import layers, ops
from numpy import typing as npt
from pydantic import Field

from casebook.array_types import Float64Array, NamedArrays
from casebook.case import case
from casebook.cli import main
from casebook.device import DeviceChoice
from casebook.errors import CasebookError
from casebook.futures import Future, gather
from casebook.language import msg
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_arrays
from samples.household_power import make_household
from tasks.data.clean import clean, drop_repeats
from tasks.data.fetch import fetch
from tasks.data.validate import enforce, suite_text, validate
from tasks.evaluation.horizon_metrics import WEEK
from tasks.evaluation.leakage_checks import in_order_of_time
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.series.baselines import SeriesPeer, compare_series
from tasks.series.explain import explain_forecasts
from tasks.series.explore import explore_days
from tasks.series.export import Window
from tasks.series.forecaster import Shape, forecaster
from tasks.series.forest_to_keras import grow
from tasks.series.inputs import Series
from tasks.series.monthly_forecast import judge_year, part_months, year_network
from tasks.series.read import downsample
from tasks.series.train import SeriesNetwork, SeriesSettings, train_series
from tasks.series.windowing import joined, windows
from tasks.texts.blend import blend_series

DATA = "household_power"
TARGET = "Global_active_power"
PROBLEM = Problem(
    kind="forecast",
    takes="series",
    target=TARGET,
    output="forecast",
    unit="kW min",
    primary="rmse_next_week",
    shown=("rmse_next_day", "rmse_next_week", "rmse_next_month"),
)
LENGTH = 28  # days that a forecast is asked with
AHEAD = 30  # days that it goes on
# days at the end that are the test part: 46 standard weeks, Sunday to Saturday, and six days
HELD_OUT = 328
LEAST = 91  # days that the test part and both periods before it must have
SHAPE: Shape = {"units": (32,), "members": 8, "dropout": 0.5}  # chosen on validation
FOREST = {
    "n_estimators": 50,
    "max_depth": 8,
    "min_samples_leaf": 3,
    "max_features": 0.5,
}  # chosen on validation
YEAR_BACK = 364  # days before a day that have its weekday and nearly its season
PROTOCOL = msg(
    "trained on all but the last 328 days and asked each day of these with what was known on its "
    "eve (walk-forward, no refit); weeks are the 46 from Sunday to Saturday; the two times 47 "
    "weeks before chose, each asked of what was trained on all days before it"
)
WINDOW = Window(
    unit="kW min",
    step="day",
    descriptions={
        "window": "active power of the last 28 days, the newest last (a kWh is 60 kW min).",
        "hours": "active power of the last of these days by the hour, from midnight on.",
    },
)

Candidate = Literal["course", "network", "trees", "ours"]
Gaps = Literal["filled", "zero"]


class HouseholdPowerParams(CaseParams):
    """Parameters: which networks and baselines, and how to treat minutes that weren't measured."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "network", "trees", "ours"),
        min_length=1,
        description="what to train: the lab's network, our network, trees, and ours: the mean of "
        "these two",
    )
    peers: tuple[SeriesPeer, ...] = Field(
        ("yesterday", "last_week", "seasonal_naive", "ridge", "extra_trees"),
        description="plain forecasts to compare with",
    )
    gaps: Gaps = Field(
        "filled", description="from the day before, or zero as the files of sums have them"
    )
    trees: Annotated[
        int, Field(ge=10, le=5000, description="size of the forest among the peers")
    ] = 200
    device: DeviceChoice = Field("auto", description="where to train")
    sample_rows: Annotated[
        int, Field(ge=700, le=10_000, description="days of the embedded sample")
    ] = 800


@case
def household_power(params: HouseholdPowerParams = HouseholdPowerParams()) -> Summary:
    """Forecast a household's power for the next day, week and month, with a band (lab 280).

    The forecasts are made from 28 days.
    """
    data = prepare(params)
    profile = explore_days.submit(data.table, data.raw, DATA, PROBLEM)
    trees = 10 if params.profile == "smoke" else params.trees
    peers = compare_series.submit(data.parts[0], params.peers, trees, params.seed)
    trained = train(data.parts[0], params)
    baselines = [peers] if params.peers else []
    year = forecast_year(data, params)
    return evaluate_and_publish(
        FittedModels(data, trained, baselines, profile, explain=explain_forecasts, figures=(year,))
    )


def prepare(params: HouseholdPowerParams) -> PreparedData:
    """Fetch the meter's file, aggregate it by day, fill gaps, validate, and split by time."""
    origin = fetch(DATA, params.source)
    raw = downsample(origin, make_household, params.sample_rows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    table = clean(checked, (drop_repeats,))
    parts = part(table, raw, params.gaps)
    return PreparedData(
        PROBLEM,
        ThresholdPolicy(),
        origin,
        raw,
        checked,
        table,
        [parts],
        [parts],
        Series(WINDOW),
        PROTOCOL,
        params.seed,
    )


def forecast_year(data: PreparedData, params: HouseholdPowerParams) -> Ref:
    """Forecast the next twelve months from the twelve before the test part, and judge them."""
    months = part_months(data.table, data.parts[0], PROBLEM)
    year_settings = SeriesSettings(
        epochs=2 if params.profile == "smoke" else 100,
        batch_size=8,
        learning_rate=1e-2,
        weight_decay=0.1,
        optimizer="adamw",
        schedule="cosine",
        device=params.device,
    )
    trained = train_series.with_label("year")(months, year_network, year_settings, params.seed)
    return judge_year(months, trained, params.seed)


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


def train(parts: Ref, params: HouseholdPowerParams) -> dict[str, list[Ref]]:
    """Train the candidates.

    `ours` is the mean of `network` and `trees`, which are trained for it.
    """
    needed = {*params.candidates, *(("network", "trees") if "ours" in params.candidates else ())}
    sent: dict[str, list[Future]] = {
        name: [
            train_series.with_label(name).submit(
                parts, network, settings(name, params), params.seed
            )
        ]
        for name, network in NETWORKS.items()
        if name in needed
    }
    if "trees" in needed:
        forest = FOREST | {"n_estimators": 5} if params.profile == "smoke" else FOREST
        sent["trees"] = [grow.submit(parts, forest, params.device, params.seed)]
    trained = gather(sent)
    if "ours" in needed:
        trained["ours"] = [blend_series((trained["network"][0], trained["trees"][0]))]
    return {name: trained[name] for name in params.candidates}


def settings(name: Candidate, params: HouseholdPowerParams) -> SeriesSettings:
    """Return how a candidate is trained; the smoke profile trains for two epochs.

    What `network` is trained with was chosen on validation.
    """
    max_epochs = 2 if params.profile == "smoke" else 10_000
    if name == "course":
        return SeriesSettings(epochs=min(50, max_epochs), batch_size=8, device=params.device)
    return SeriesSettings(
        epochs=min(20, max_epochs),
        batch_size=128,
        learning_rate=3e-3,
        weight_decay=0.1,
        optimizer="adamw",
        schedule="cosine",
        huber=0.6,
        device=params.device,
    )


def course_network(train: NamedArrays) -> keras.Model:
    """Return the lab's network on the last seven days.

    It has a convolution, two LSTMs, and an output for each day ahead.

    The lab gives it all the meter's sums and predicts one day; here it gets the power alone, as all
    others do.
    """
    mean, spread = float(train["window"].mean()), float(train["window"].std())
    window = keras.Input((LENGTH,), name="window")
    hidden = ops.expand_dims((window[:, -WEEK:] - mean) / spread, -1)
    hidden = layers.Conv1D(32, 5, activation="relu")(hidden)
    hidden = layers.LSTM(50)(layers.LSTM(100, return_sequences=True)(hidden))
    answer = layers.Dense(AHEAD)(hidden) * spread + mean
    return keras.Model(window, ops.expand_dims(answer, 1), name="course")


def our_network(train: NamedArrays) -> keras.Model:
    """Return an ensemble that corrects the mean of all days by weekday, season and recent days."""
    return forecaster(train, AHEAD, **SHAPE)


NETWORKS: dict[Candidate, SeriesNetwork] = {"course": course_network, "network": our_network}


if __name__ == "__main__":
    raise SystemExit(main("flows.household_power"))
