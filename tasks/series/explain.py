"""Explain forecasts: their error in kWh, skill against the seasonal naive forecast, and spread."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy import typing as npt

from casebook.array_types import BoolArray, Float64Array
from casebook.language import Message, msg
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays
from tasks.evaluation.evaluate import results
from tasks.evaluation.horizon_metrics import HORIZONS, WEEK, forecast_rows
from tasks.pages.notes import Notes
from tasks.pages.plot_style import figure, save
from tasks.problem.definition import TITLES, Problem
from tasks.series.band import LEVEL, ends, floor, offsets

NAIVE = "seasonal_naive"
KWH = 60  # kilowatt minutes


@stage(process="worker")
def explain_forecasts(
    out: Path,
    evaluation: Ref,
    trained: Mapping[str, Ref],
    parts: Ref,
    problem: Problem,
    year: Ref,
    bands: Ref,
) -> Facts:
    """Write the notes and plots of a forecast.

    They show kWh, skill, coverage of the band, and the error by day ahead and by gap. `year` is
    what `judge_year` found for the next twelve months, `bands` what `judge_band` did.
    """
    result, answers = results(evaluation), read_arrays(evaluation, "curves")
    y, champion = answers.pop("y"), str(result["champion"])
    test = read_arrays(parts, "test")
    low, high = ends(answers[champion], *offsets(parts, trained[champion]), floor(parts))
    figures = {**result["candidates"], **result["peers"]}
    sound = test["lacking"] == 0
    _draw_days(out, y[:, 0], answers[champion][:, 0], low[:, 0], high[:, 0])
    _draw_horizon(out, y, {name: answers[name] for name in figures})
    shutil.copy2(year.path("year.png"), out / "year.png")
    Notes(
        title=msg("What the forecasts are worth"),
        paragraphs=_paragraphs(sound, year),
        tables=(
            tuple(
                _row(name, metrics, figures, y, answers[name], sound)
                for name, metrics in figures.items()
            ),
            _year_rows(year),
            _band_rows(bands),
        ),
        pictures=(
            ("next_days", msg("Each next day of the test part")),
            ("horizon", msg("Error by how far ahead is forecast")),
            ("year", msg("The next twelve months")),
        ),
    ).keep(out)
    return {"champion": champion}


def _paragraphs(sound: BoolArray, year: Ref) -> tuple[Message, ...]:
    """Explain the band, the days with gaps, and the year ahead."""
    return (
        msg(
            "The band is to hold {level:.0%} of the days: it is made of the quantiles of a "
            "model's errors in the last period of validation, for each day ahead its own "
            "(split conformal prediction). The last table has what it holds of the test part, "
            "with 95 % intervals from resampled weeks.",
            level=LEVEL,
        ),
        msg(
            "{lacking} of the {days} test days lack measured minutes, filled from the day "
            "before: that makes them easier for whoever repeats it and harder for all others. "
            "The last column leaves these days out.",
            lacking=int((~sound).sum()),
            days=len(sound),
        ),
        msg(
            "The next twelve months are forecast once, from the twelve months before the test "
            "part, as the mean day of each; {months} of them are known, so little can be told "
            "from one such figure.",
            months=year.facts["months"],
        ),
    )


def skill(figure: Mapping[str, float], naive: Mapping[str, float]) -> float:
    """Return by which share an error is less than the naive forecast's."""
    return 1 - figure["value"] / naive["value"]


def _row(
    name: str,
    of: Mapping[str, Any],
    figures: Mapping[str, Any],
    y: Float64Array,
    predictions: Float64Array,
    sound: npt.NDArray[np.bool_],
) -> dict[str, str]:

    row = {"model": name}
    for key in (key for key in HORIZONS if key in of):
        title = TITLES[key].removeprefix("RMSE of ")
        row[f"{title}, kWh"] = f"{of[key]['value'] / KWH:.2f}"
        if NAIVE in figures:
            row[f"{title}, skill"] = f"{skill(of[key], figures[NAIVE][key]):+.1%}"
    week = (y - predictions)[np.isfinite(y[:, :WEEK]).all(axis=1), :WEEK]
    row["the next 7 days, asked on every day, kWh"] = f"{np.sqrt(np.mean(week**2)) / KWH:.2f}"
    error = (y - predictions)[sound, 0]
    row["the next day without days of gaps, kWh"] = f"{np.sqrt(np.mean(error**2)) / KWH:.2f}"
    return row


def _year_rows(year: Ref) -> tuple[dict[str, str], ...]:
    kinds = json.loads(year.path("figures.json").read_text(encoding="utf-8"))
    rows = (
        (name, figures["rmse_next_year"])
        for kind in kinds.values()
        for name, figures in kind.items()
    )
    return tuple(
        {
            "model": name,
            "RMSE of the next twelve months, kWh a day": f"{figure['value'] / KWH:.2f} "
            f"({figure['low'] / KWH:.2f} to {figure['high'] / KWH:.2f})",
        }
        for name, figure in rows
    )


def _band_rows(bands: Ref) -> tuple[dict[str, str], ...]:
    """Return the share of the test part's days that each candidate's band holds."""
    content = json.loads(bands.path("figures.json").read_text(encoding="utf-8"))
    rows = []
    for name, figures in content["candidates"].items():
        row = {"model": name}
        for key, share in figures.items():
            row[TITLES[key]] = f"{share['value']:.1%} ({share['low']:.1%} to {share['high']:.1%})"
        rows.append(row)
    return tuple(rows)


def _draw_days(
    out: Path, y: Float64Array, predictions: Float64Array, low: Float64Array, high: Float64Array
) -> None:
    """Draw each test day as it was, and as it was forecast on its eve."""
    fig, axis = figure(9, 3.4)
    days = range(len(y))
    axis.fill_between(
        days, low / KWH, high / KWH, alpha=0.25, linewidth=0, label=f"band ({LEVEL:.0%})"
    )
    axis.plot(days, y / KWH, color="grey", linewidth=0.9, label="measured")
    axis.plot(days, predictions / KWH, linewidth=1.2, label="forecast on the eve")
    axis.set(xlabel="day of the test part", ylabel="kWh a day", title="The next day")
    axis.legend(fontsize=8, ncols=3)
    save(fig, out / "next_days.png")


def _draw_horizon(out: Path, y: Float64Array, answers: Mapping[str, Float64Array]) -> None:
    """Draw everyone's error by how many days ahead was forecast."""
    fig, axis = figure(7, 3.6)
    rows = forecast_rows(y, WEEK)
    for name, predictions in answers.items():
        square = np.square(y - predictions)[rows]
        axis.plot(
            range(1, y.shape[1] + 1),
            np.sqrt(np.nanmean(square, axis=0)) / KWH,
            label=name,
            linewidth=1.3,
        )
    axis.set(
        xlabel="days ahead, from the eve of each standard week",
        ylabel="RMSE, kWh",
        title="Error by days ahead",
    )
    axis.legend(fontsize=8, ncols=2)
    save(fig, out / "horizon.png")
