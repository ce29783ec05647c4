"""Explore days: plot a load by year, month, week and hour, beside the profile of its columns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table
from tasks.pages.plot_style import axes_grid, figure, save
from tasks.problem.definition import Problem
from tasks.tables.explore import explore

KWH = 60  # kilowatt minutes
SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@stage(process="worker")
def explore_days(out: Path, table: Ref, raw: Ref, dataset: str, problem: Problem) -> Facts:
    """Describe a table of days, and plot its target by year, month, week and, if known, hour.

    The table is described as `explore` describes any table.
    """
    facts = explore.fn(out, table, dataset, problem)
    frame = read_table(table)
    kwh = frame.assign(kwh=frame[problem.target] / KWH, date=pd.to_datetime(frame["date"]))[
        ["date", "kwh"]
    ]
    _years(out, kwh)
    _months(out, kwh)
    _weeks(out, kwh)
    if raw.facts["step"] == "h":
        _hours(out, read_table(raw, "hours", ["hour", problem.target]), problem.target)
    return facts


def _years(out: Path, kwh: pd.DataFrame) -> None:
    """Draw every day of each year, and the mean of its week."""
    years = [(year, days) for year, days in kwh.groupby(kwh["date"].dt.year) if len(days) > 30]
    fig, panels = axes_grid(len(years), columns=1)
    fig.set_size_inches(9, 1.9 * len(years))
    for axis, (year, days) in zip(panels, years, strict=True):
        place, smooth = days["date"].dt.day_of_year, days["kwh"].rolling(7, center=True).mean()
        axis.plot(place, days["kwh"], linewidth=0.6, alpha=0.7)
        axis.plot(place, smooth, linewidth=1.6)
        axis.set(xlim=(1, 366), ylabel=f"{year}, kWh a day")
    panels[-1].set_xlabel("day of the year (thick: mean of seven days)")
    save(fig, out / "years.png")


def _months(out: Path, kwh: pd.DataFrame) -> None:
    """Draw what a day took in each month of each year."""
    fig, axis = figure(8, 3.2)
    for year, days in kwh.groupby(kwh["date"].dt.year):
        axis.plot(days["kwh"].groupby(days["date"].dt.month).mean(), marker=".", label=year)
    axis.set(
        xlabel="month", ylabel="kWh a day", title="Mean of each month, by year", xticks=range(1, 13)
    )
    axis.legend(fontsize=8, ncols=5)
    save(fig, out / "months.png")


def _weeks(out: Path, kwh: pd.DataFrame) -> None:
    """Draw the days of the week, and the sums of the weeks."""
    fig, panels = axes_grid(2, columns=2)
    fig.set_size_inches(9, 3.2)
    weekday = kwh["date"].dt.day_of_week
    panels[0].boxplot(
        [kwh.loc[weekday == day, "kwh"] for day in range(len(WEEKDAYS))], showfliers=False
    )
    panels[0].set_xticks(range(1, 8), WEEKDAYS)
    panels[0].set(ylabel="kWh a day", title="Days of the week")
    weekly = kwh.resample("W-SAT", on="date")["kwh"].sum()[1:-1]
    panels[1].plot(weekly.index, weekly, linewidth=1)
    panels[1].set(ylabel="kWh a week", title="Sums of the weeks, Sunday to Saturday")
    panels[1].tick_params(axis="x", rotation=30)
    save(fig, out / "weeks.png")


def _hours(out: Path, frame: pd.DataFrame, target: str) -> None:
    """Draw the mean day of each season."""
    fig, axis = figure(8, 3.2)
    for name, months in SEASONS.items():
        hours = frame[frame["hour"].dt.month.isin(months)]
        axis.plot(hours[target].groupby(hours["hour"].dt.hour).mean() / KWH, marker=".", label=name)
    axis.set(
        xlabel="hour of the day",
        ylabel="kWh an hour",
        title="The mean day of each season",
        xticks=range(0, 24, 3),
    )
    axis.legend(fontsize=8)
    save(fig, out / "days.png")
