"""Metrics by horizon count the days and weeks they name; the bootstrap draws whole weeks."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.evaluation.figures import figures_of, once
from tasks.evaluation.horizon_metrics import by_horizon, forecast_rows
from tasks.evaluation.intervals import bootstrap, resamples
from tasks.problem.definition import Problem

PROBLEM = Problem(
    problem_type="forecast",
    input_kind="series",
    target="y",
    primary_metric="rmse_next_week",
    metrics=("rmse_next_week",),
)


def truth(days: int = 41, ahead: int = 30) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    y = np.zeros((days, ahead))
    for row in range(days):
        y[row, max(0, days - row) :] = np.nan
    return y


def test_days_are_asked_daily_and_weeks_weekly_where_all_is_known() -> None:
    y = truth()
    assert len(forecast_rows(y, 1)) == 41
    assert forecast_rows(y, 7).tolist() == [0, 7, 14, 21, 28]
    assert forecast_rows(y, 30).tolist() == [0, 7]
    assert not len(forecast_rows(y[:, :5], 7))


def test_errors_are_root_mean_squares_over_the_days_asked_for() -> None:
    y, forecast = truth(), np.full((41, 30), 2.0)
    forecast[0, :7] = 4.0
    errors = once(PROBLEM, y, forecast)
    assert errors["rmse_next_day"] == pytest.approx(np.sqrt((16 + 40 * 4) / 41))
    assert errors["rmse_next_week"] == pytest.approx(np.sqrt((16 + 4 * 4) / 5))
    assert errors["rmse_next_month"] == pytest.approx(np.sqrt(((7 * 16 + 23 * 4) / 30 + 4) / 2))


def test_a_week_is_drawn_as_a_whole() -> None:
    weights = np.concatenate(list(resamples(np.zeros(41), 0, together=7)))
    assert weights.shape == (500, 41)
    assert (weights[:, :7] == weights[:, :1]).all() and (weights[:, 35:] == weights[:, 35:36]).all()
    figure = bootstrap(
        lambda w: figures_of(PROBLEM, truth(), np.ones((41, 30)), w), np.zeros(41), 0, 7
    )["rmse_next_week"]
    assert figure == {"value": 1.0, "low": 1.0, "high": 1.0}


def test_a_horizon_beyond_the_answers_is_left_out() -> None:
    assert set(by_horizon(np.zeros((7, 7)), np.ones((7, 7)), np.ones((1, 7)))) == {
        "rmse_next_day",
        "rmse_next_week",
    }
