"""A household's electric power: forecasts of the next day, week and month (lab 280).

They are made from the days before, with a band.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from casebook.case import case
from casebook.cli import main
from casebook.language import msg
from casebook.origin import Origin
from casebook.run import Summary
from casebook.store import Ref
from samples.household_power import make_household
from tasks.data.fetch import fetch
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.series.band import judge_band
from tasks.series.baselines import SeriesBaseline
from tasks.series.case import SeriesCase, SeriesModel, SeriesParams
from tasks.series.estimators import SeriesEstimator, extra_trees, ridge
from tasks.series.explain import explain_forecasts
from tasks.series.explore import explore_days
from tasks.series.export import Window
from tasks.series.monthly_forecast import judge_year, part_months, year_network
from tasks.series.read import resample_time
from tasks.series.train import SeriesSettings, train_series
from tasks.stories.household_power.days import TARGET, Gaps, part
from tasks.stories.household_power.networks import course_network, our_network

DATA = "household_power"

Candidate = Literal["course", "network", "trees", "linear", "ours"]


class HouseholdPowerParams(SeriesParams):
    """Parameters: which models and baselines, and how to treat minutes that weren't measured."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "network", "trees", "linear", "ours"),
        min_length=1,
        description="what to train: the lab's network, our network, trees, a linear model, and "
        "ours: a blend of our network and trees",
    )
    peers: tuple[SeriesBaseline, ...] = Field(
        ("yesterday", "last_week", "seasonal_naive", "ridge", "extra_trees"),
        description="plain forecasts to compare with",
    )
    gaps: Gaps = Field(
        "filled", description="from the day before, or zero as the files of sums have them"
    )
    trees: Annotated[
        int, Field(ge=10, le=5000, description="size of the forest among the baselines")
    ] = 200
    sample_rows: Annotated[
        int, Field(ge=700, le=10_000, description="days of the embedded sample")
    ] = 800


def read_meter(params: HouseholdPowerParams) -> tuple[Origin, Ref]:
    """Fetch the meter's file, and aggregate it by day."""
    origin = fetch(DATA, params.source)
    return origin, resample_time(origin, make_household, params.sample_rows, params.seed)


def split_days(table: Ref, raw: Ref, params: HouseholdPowerParams) -> Ref:
    """Cut the days into windows, and split these by time."""
    return part(table, raw, params.gaps)


# chosen on validation, as the trees are
OURS = SeriesSettings(
    epochs=20,
    batch_size=128,
    learning_rate=3e-3,
    weight_decay=0.1,
    optimizer="adamw",
    schedule="cosine",
    huber=0.6,
)
TREES = SeriesEstimator(
    extra_trees,
    {"n_estimators": 50, "max_depth": 8, "min_samples_leaf": 3, "max_features": 0.5},
)
YEAR = SeriesModel(
    year_network,
    SeriesSettings(
        epochs=100,
        batch_size=8,
        learning_rate=1e-2,
        weight_decay=0.1,
        optimizer="adamw",
        schedule="cosine",
    ),
)

CASE = SeriesCase(
    dataset=DATA,
    problem=Problem(
        problem_type="forecast",
        input_kind="series",
        target=TARGET,
        output="forecast",
        unit="kW min",
        primary_metric="rmse_next_week",
        metrics=("rmse_next_day", "rmse_next_week", "rmse_next_month"),
    ),
    window=Window(
        unit="kW min",
        step="day",
        descriptions={
            "window": "active power of the last 28 days, the newest last (a kWh is 60 kW min).",
            "hours": "active power of the last of these days by the hour, from midnight on.",
        },
    ),
    protocol=msg(
        "trained on all but the last 328 days and asked each day of these with what was known on "
        "its eve (walk-forward, no refit); weeks are the 46 from Sunday to Saturday; the two times "
        "47 weeks before chose, each asked of what was trained on all days before it"
    ),
    read=read_meter,
    split=split_days,
    models={
        "course": SeriesModel(course_network, SeriesSettings(epochs=50, batch_size=8)),
        "network": SeriesModel(our_network, OURS),
    },
    estimators={"trees": TREES, "linear": SeriesEstimator(ridge)},
    blends={"ours": ("network", "trees")},
)


@case
def household_power(params: HouseholdPowerParams = HouseholdPowerParams()) -> Summary:
    """Forecast a household's power for the next day, week and month, with a band (lab 280).

    The forecasts are made from 28 days.
    """
    data = CASE.prepare(params)
    profile = explore_days.submit(data.table, data.raw, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params, params.trees)
    trained = CASE.fit_all(data, params)
    year = forecast_year(data, params)
    first = {name: refs[0] for name, refs in trained.items()}
    band = judge_band(data.parts[0], first, params.seed)
    return evaluate_and_publish(
        FittedModels(
            data, trained, baselines, profile, explain=explain_forecasts, figures=(year, band)
        )
    )


def forecast_year(data: PreparedData, params: HouseholdPowerParams) -> Ref:
    """Forecast the next twelve months from the twelve before the test part, and judge them."""
    months = part_months(data.table, data.parts[0], CASE.problem)
    settings = CASE.settings(YEAR, params)
    trained = train_series.with_label("year")(months, YEAR.network, settings, params.seed)
    return judge_year(months, trained, params.seed)


if __name__ == "__main__":
    raise SystemExit(main("flows.household_power"))
