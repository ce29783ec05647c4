"""Year ahead: the next twelve months of a series of days, from the twelve before, by its months."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import layers, ops

from casebook import files
from casebook.array_types import Float64Array, NamedArrays
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, read_table, write_arrays
from tasks.evaluation.intervals import bootstrap
from tasks.pages.plot_style import figure, save
from tasks.problem.definition import Problem
from tasks.series.windowing import windows

MONTHS = 12
ENOUGH = 20  # days that a month must have to count: it is the mean of its days
FIGURES = "figures.json"
FIGURE = "rmse_next_year"
KWH = 60  # kilowatt minutes


@stage
def part_months(out: Path, table: Ref, parts: Ref, problem: Problem) -> Facts:
    """Compute the mean day of each month, and cut the months into windows of twelve.

    The splits begin where those of the days do. For validation that is the last period of the days'
    validation split, as there are few years.

    `date` is the month of the window's last number, counted from January of the year 0.
    """
    frame = read_table(table)
    month = pd.to_datetime(frame["date"]).dt.to_period("M")
    sizes = frame.groupby(month)[problem.target].agg(["mean", "size"])
    means = sizes.loc[sizes["size"] >= ENOUGH, "mean"]
    validation, test = (read_arrays(parts, name) for name in ("validation", "test"))
    places = (validation["day"][validation["period"].argmax()], test["day"][0])
    begins = [int(means.index.searchsorted(month.iloc[day])) for day in places]
    values, first = means.to_numpy(), means.index[0].year * MONTHS + means.index[0].month - 1
    ends = zip((MONTHS, *begins), (*begins, len(values)), strict=True)
    for name, (start, end) in zip(("train", "validation", "test"), ends, strict=True):
        arrays = windows(values, start, end, MONTHS, MONTHS)
        arrays["date"] = (first + arrays["day"][:, None] - 1).astype("float32")
        write_arrays(out, name, **arrays)
    return {"months": len(values), "years": np.round(len(values) / MONTHS, 1)}


def year_network(train: NamedArrays) -> keras.Model:
    """Return an ensemble that weighs the same month of the year before.

    It is weighed against the year's mean and its season.
    """
    scale = float(train["window"].mean())
    window, date = keras.Input((MONTHS,), name="window"), keras.Input((1,), name="date")
    recent = window / scale - 1
    angle = (date + np.arange(1, MONTHS + 1, dtype="float32")[None]) * (2 * np.pi / MONTHS)
    mean = ops.mean(recent, axis=1, keepdims=True) + ops.zeros_like(recent)
    season = [wave(number * angle) for number in (1, 2) for wave in (ops.sin, ops.cos)]
    features = ops.stack([recent, mean, *season], axis=-1)
    answer = ops.squeeze(layers.Dense(1, kernel_initializer="zeros")(features), -1)
    return keras.Model([window, date], ops.expand_dims((answer + 1) * scale, 1), name="year")


@stage(process="worker")
def judge_year(out: Path, months: Ref, trained: Ref, seed: int) -> Facts:
    """Evaluate the year that was forecast on the eve of the test split.

    Writes `figures.json` by kind and model, and a plot.
    """
    rows = {name: read_arrays(months, name) for name in ("train", "validation", "test")}
    y = rows["test"]["y"][0].astype("float64")
    past = np.concatenate([rows[name]["y"][:, 0] for name in ("train", "validation")])
    place = (rows["test"]["date"][0, 0] + 1 + np.arange(MONTHS)) % MONTHS
    seen = (
        np.concatenate([rows[name]["date"][:, 0] for name in ("train", "validation")]) + 1
    ) % MONTHS
    usual = np.array(
        [past[seen == month].mean() if (seen == month).any() else past.mean() for month in place]
    )
    predictions = {
        "ours": read_arrays(trained, "scores")["test"][0].astype("float64"),
        "seasonal_naive": rows["test"]["window"][0].astype("float64"),
        "mean_of_months": usual,
    }
    there = np.isfinite(y)
    figures = {
        name: {FIGURE: _figure(y[there], values[there], seed)}
        for name, values in predictions.items()
    }
    kinds = {"candidates": ("ours",), "peers": ("seasonal_naive", "mean_of_months")}
    files.write_json(
        out / FIGURES,
        {kind: {name: figures[name] for name in names} for kind, names in kinds.items()},
    )
    _draw(out, y, predictions)
    return {"months": int(there.sum())}


def _figure(y: Float64Array, prediction: Float64Array, seed: int) -> Any:

    def rmse(weights: Float64Array) -> dict[str, Float64Array]:
        return {FIGURE: np.sqrt(weights @ (y - prediction) ** 2 / weights.sum(axis=1))}

    return bootstrap(rmse, np.zeros(len(y)), seed)[FIGURE]


def _draw(out: Path, y: Float64Array, predictions: dict[str, Float64Array]) -> None:
    fig, axis = figure(7, 3.4)
    for name, values in predictions.items():
        axis.plot(range(1, MONTHS + 1), values / KWH, marker=".", label=name)
    axis.plot(range(1, MONTHS + 1), y / KWH, color="grey", marker="o", label="measured")
    axis.set(
        xlabel="months ahead", ylabel="kWh a day", title="The next twelve months, from one eve"
    )
    axis.legend(fontsize=8)
    save(fig, out / "year.png")
