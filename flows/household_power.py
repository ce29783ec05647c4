"""A household's electric power: the next day, week and month from the days before, with a band (lab 280)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from casebook.case import case
from casebook.cli import main
from casebook.device import Asked
from casebook.errors import CasebookError
from casebook.language import say
from casebook.params import CaseParams
from casebook.run import Summary
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_arrays
from tasks.aim import Aim
from tasks.calibrate import Rule
from tasks.clean import clean, drop_repeats
from tasks.compare_series import SeriesPeer, compare_series
from tasks.conclude import conclude
from tasks.downsample import downsample
from tasks.explain_forecasts import explain_forecasts
from tasks.explore_days import explore_days
from tasks.export_series import Window
from tasks.fetch import fetch
from tasks.forecaster import Shape, forecaster
from tasks.horizons import WEEK
from tasks.prepared import Prepared
from tasks.train_series import SeriesSettings, train_series
from tasks.tripwires import in_order_of_time
from tasks.validate import enforce, suite_text, validate
from tasks.window import windows
from tasks.year_ahead import judge_year, part_months, year_network

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from tasks.train_series import Arrays, SeriesNetwork

DATA = "household_power"
TARGET = "Global_active_power"
AIM = Aim(
    kind="forecast", takes="series", target=TARGET, output="forecast", unit="kW min", primary="rmse_next_week",
    shown=("rmse_next_day", "rmse_next_week", "rmse_next_month"),
)  # fmt: skip
LENGTH = 28  # days that a forecast is asked with
AHEAD = 30  # days that it goes on
HELD_OUT = 328  # days at the end that are the test part: 46 standard weeks, Sunday to Saturday, and six days
SHAPE: Shape = {"units": (32,), "members": 8, "waves": 2, "bins": 8, "dropout": 0.5}  # chosen on validation
YEAR_BACK = 364  # days before a day that have its weekday and nearly its season
PROTOCOL = say(
    "trained on all but the last 328 days and asked each day of these with what was known on its eve (walk-forward, no "
    "refit); weeks are the 46 from Sunday to Saturday; the 47 weeks before chose"
)
WINDOW = Window(
    unit="kW min", step="day", description="active power of the last 28 days, the newest last (a kWh is 60 kW min)."
)

Candidate = Literal["course", "ours"]
Gaps = Literal["filled", "zero"]


class HouseholdPowerParams(CaseParams):
    """What can be set: which networks and peers, and what becomes of minutes that weren't measured."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "ours"), min_length=1, description="networks to train: the lab's, ours"
    )
    peers: tuple[SeriesPeer, ...] = Field(
        ("yesterday", "last_week", "seasonal_naive", "ridge", "extra_trees"),
        description="plain forecasts to compare with",
    )
    gaps: Gaps = Field("filled", description="from the day before, or zero as the files of sums have them")
    trees: Annotated[int, Field(ge=10, le=5000, description="size of the forest among the peers")] = 200
    device: Asked = Field("auto", description="where to train")
    sample_rows: Annotated[int, Field(ge=700, le=10_000, description="days of the embedded sample")] = 800


@case
def household_power(params: HouseholdPowerParams = HouseholdPowerParams()) -> Summary:
    """Forecast a household's power for the next day, week and month from 28 days, with a band (lab 280)."""
    ready = prepare(params)
    profile = explore_days.submit(ready.table, ready.raw, DATA, AIM)
    trees = 10 if params.profile == "smoke" else params.trees
    peers = compare_series.submit(ready.parts[0], params.peers, trees, params.seed)
    trained: dict[str, list[Ref]] = {name: [train_candidate(name, ready, params)] for name in params.candidates}
    scores = [peers.result()] if params.peers else []
    return conclude(
        ready, trained, scores, profile.result(), PROTOCOL, params.seed, explain=explain_forecasts,
        more=(forecast_year(ready, params),), window=WINDOW,
    )  # fmt: skip


def prepare(params: HouseholdPowerParams) -> Prepared:
    """Fetch the meter's file, sum it up by the day with its gaps filled, have it checked, and part it in time."""
    origin = fetch(DATA, params.source)
    raw = downsample(origin, make_household, params.sample_rows, params.seed)
    checked = validate(raw, suite_text(DATA))
    enforce(checked, DATA)
    table = clean(checked, (drop_repeats,))
    parts = part(table, params.gaps)
    return Prepared(AIM, Rule(), origin, raw, checked, table, [parts], [parts])


def forecast_year(ready: Prepared, params: HouseholdPowerParams) -> Ref:
    """Forecast the next twelve months from the twelve before the test part, and judge them."""
    months = part_months(ready.table, ready.parts[0], AIM)
    told = SeriesSettings(
        epochs=2 if params.profile == "smoke" else 100, batch_size=8, learning_rate=1e-2, weight_decay=0.1,
        optimizer="adamw", schedule="cosine", device=params.device,
    )  # fmt: skip
    trained = train_series.called("year")(months, year_network, told, params.seed)
    return judge_year(months, trained, params.seed)


@stage
def part(out: Path, table: Ref, gaps: Gaps) -> Facts:
    """Cut the days into windows, and part these in the order of time: train, validation, test.

    The test part is the last 328 days (of less than four years the last fifth), validation as many weeks before; both
    begin on a Sunday. `date` is the window's last day, in days since 1970.

    Raises
    ------
    CasebookError
        There are too few days.
    """
    import numpy as np
    import pandas as pd

    frame = read_table(table)
    dates = pd.to_datetime(frame["date"])
    first = int((dates.iloc[0] - pd.Timestamp(1970, 1, 1)).days)
    values = frame[TARGET if gaps == "filled" else "measured_active_power"].to_numpy("float64")
    test, validation = cuts(len(values), first)
    ends = {"train": (LENGTH, validation), "validation": (validation, test), "test": (test, len(values))}
    parts = {name: windows(values, *end, LENGTH, AHEAD) for name, end in ends.items()}
    lacking = frame["missing_minutes"].to_numpy("float32")
    in_order_of_time(parts)
    early = np.concatenate([np.full(YEAR_BACK, np.nan), values])  # a year later
    for name, arrays in parts.items():
        arrays["date"] = (first + arrays["day"][:, None] - 1).astype("float32")
        arrays["lacking"] = lacking[arrays["day"]]
        arrays["year_before"] = early[arrays["day"][:, None] + np.arange(AHEAD)].astype("float32")
        write_arrays(out, name, **arrays)
    return {name: {"rows": len(arrays["y"])} for name, arrays in parts.items()}


def cuts(days: int, first: int) -> tuple[int, int]:
    """Return the places where the test part and the validation part begin; day 0 is `first` days after 1970-01-01.

    Raises
    ------
    CasebookError
        Less than a year would be left to learn from.
    """
    wanted = days - (HELD_OUT if days > 4 * HELD_OUT else days // 5)
    test = wanted + (3 - first - wanted) % WEEK  # 1970-01-04 was a Sunday
    validation = test - -(-(days - test) // WEEK) * WEEK
    if validation < LENGTH + 364:
        raise CasebookError(
            f"Only {days:,} days, too few to forecast: at least 28 days and a year to learn from, and a fifth each to "
            "choose by and to be asked about, about 650 in all. Use more data."
        )
    return test, validation


def train_candidate(name: Candidate, ready: Prepared, params: HouseholdPowerParams) -> Ref:
    """Train one candidate."""
    return train_series.called(name)(ready.parts[0], NETWORKS[name], settings(name, params), params.seed)


def settings(name: Candidate, params: HouseholdPowerParams) -> SeriesSettings:
    """Return how a candidate is trained; the smoke profile trains for two epochs.

    What `ours` is trained with was chosen on validation.
    """
    most = 2 if params.profile == "smoke" else 10_000
    if name == "course":
        return SeriesSettings(epochs=min(50, most), batch_size=8, device=params.device)
    return SeriesSettings(
        epochs=min(20, most), batch_size=128, learning_rate=3e-3, weight_decay=0.1, optimizer="adamw",
        schedule="cosine", huber=0.6, device=params.device,
    )  # fmt: skip


def course_network(train: "Arrays") -> "keras.Model":
    """Return the lab's network on the last seven days: a convolution, two LSTMs, and an answer for each day ahead.

    The lab gives it all the meter's sums and asks for one day; here it gets the power alone, as all others do.
    """
    import keras
    from keras import layers, ops

    mean, spread = float(train["window"].mean()), float(train["window"].std())
    window = keras.Input((LENGTH,), name="window")
    date = keras.Input((1,), name="date")  # which it doesn't look at
    hidden = ops.expand_dims((window[:, -WEEK:] - mean) / spread, -1)
    hidden = layers.Conv1D(32, 5, activation="relu")(hidden)
    hidden = layers.LSTM(50)(layers.LSTM(100, return_sequences=True)(hidden))
    answer = layers.Dense(AHEAD)(hidden) * spread + mean + 0.0 * date
    return keras.Model([window, date], ops.expand_dims(answer, 1), name="course")


def our_network(train: "Arrays") -> "keras.Model":
    """Return an ensemble that corrects the mean of all days by weekday, season and recent days."""
    return forecaster(train, AHEAD, **SHAPE)


NETWORKS: "dict[Candidate, SeriesNetwork]" = {"course": course_network, "ours": our_network}


def make_household(days: int, seed: int) -> "pd.DataFrame":
    """Make the embedded sample: hours of a meter with seasons, weekends, days away, noise, and hours not measured."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    hours = pd.date_range("2007-01-07", periods=24 * days, freq="h")
    day, hour = np.arange(24 * days) // 24, hours.hour.to_numpy()
    mood = np.zeros(days)
    for i in range(1, days):
        mood[i] = 0.5 * mood[i - 1] + rng.normal(0, 0.15)
    season = 1 + 0.35 * np.cos(2 * np.pi * (day - 20) / 365.25)
    weekend = np.where(hours.day_of_week >= 5, 1.25, 0.95)
    curve = 0.4 + 0.6 * (hour > 6) + 0.8 * ((hour > 17) & (hour < 23))
    away = np.where(rng.random(days) < 0.01, 0.3, 1.0)[day]
    power = 55 * season * weekend * curve * away * np.exp(mood[day] + rng.normal(0, 0.2, len(day)))
    minutes = np.where(rng.random(len(day)) < 0.002, rng.integers(0, 50, len(day)), 60) / 60
    minutes[5000:5030] = 0.0
    share = rng.dirichlet((1, 1, 4, 6), len(day))[:, :3] * (power * 1000 / 60)[:, None]
    sums = {
        "Global_active_power": power, "Global_reactive_power": 0.1 * power,
        "Voltage": 60 * rng.normal(240, 2, len(day)), "Global_intensity": power / 0.24,
        "Sub_metering_1": share[:, 0], "Sub_metering_2": share[:, 1], "Sub_metering_3": share[:, 2],
    }  # fmt: skip
    return pd.DataFrame({"datetime": hours, **{name: values * minutes for name, values in sums.items()}})


if __name__ == "__main__":
    raise SystemExit(main("flows.household_power"))
