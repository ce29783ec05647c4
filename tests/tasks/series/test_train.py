"""Windows, the networks that are asked with them, their graphs, and their plain baselines."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest

from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.evaluation.figures import once
from tasks.evaluation.leakage_checks import in_order_of_time
from tasks.problem.definition import Problem
from tasks.series.baselines import answered, columns
from tasks.series.forecaster import calendar, described, forecaster, parts_of_day
from tasks.series.train import SeriesSettings, member_loss, train_series
from tasks.series.windowing import walk, windows
from tasks.stories.counting import networks as counting
from tasks.stories.household_power.days import cuts
from tasks.stories.household_power.networks import SHAPE, our_network

Arrays = dict[str, Any]


def days(first: int, end: int, length: int = 28, ahead: int = 30) -> Arrays:
    values = 1000 + 100 * np.sin(np.arange(400) * 2 * np.pi / 7)
    arrays = windows(values, first, end, length, ahead)
    hours = np.repeat(arrays["window"][:, -1:] / 24, 24, axis=1)
    return {**arrays, "hours": hours, "date": (arrays["day"][:, None] + 13_000).astype("float32")}


def parts_of(keep_arrays: Callable[..., Ref]) -> Ref:
    """Train, two periods of validation, and test."""
    periods = [
        {**days(first, first + 63), "period": np.full(63, i)} for i, first in enumerate((120, 183))
    ]
    validation = {name: np.concatenate([period[name] for period in periods]) for name in periods[0]}
    return keep_arrays(train=days(28, 120), validation=validation, test=days(246, 316))


def test_a_window_ends_where_its_truth_begins_and_a_part_knows_nothing_of_the_next() -> None:
    arrays = windows(np.arange(20.0), 5, 8, 3, 4)
    assert arrays["window"].tolist() == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]
    assert (
        arrays["y"][0].tolist()[:3] == [5, 6, 7]
        and np.isnan(arrays["y"][0, 3])
        and np.isnan(arrays["y"][2, 1:]).all()
    )
    assert arrays["day"].tolist() == [5, 6, 7]


def test_windows_that_overlap_or_are_shuffled_are_refused() -> None:
    parts = {"train": days(28, 100), "validation": days(100, 150), "test": days(150, 200)}
    in_order_of_time(parts)
    reaching = {**parts, "train": {**parts["train"], "y": np.nan_to_num(parts["train"]["y"])}}
    with pytest.raises(
        CasebookError, match=r"29 time windows of the train part overlap the validation part"
    ):
        in_order_of_time(reaching)
    order = np.random.default_rng(0).permutation(72)
    shuffled = {**parts, "train": {name: values[order] for name, values in parts["train"].items()}}
    with pytest.raises(CasebookError, match="time windows of the train part are shuffled"):
        in_order_of_time(shuffled)
    with pytest.raises(CasebookError, match="train part overlap the test part"):
        in_order_of_time({"train": days(28, 160), "test": parts["test"]})


def test_the_test_part_begins_on_a_sunday_and_is_the_last_328_days_of_the_public_file() -> None:
    first = (date(2006, 12, 16) - date(1970, 1, 1)).days
    earlier, later, test = cuts(1442, first)
    assert test == 1442 - 328 and test - later == later - earlier == 47 * 7
    for place in cuts(800, first):
        assert date.fromordinal(date(1970, 1, 1).toordinal() + first + place).weekday() == 6
    with pytest.raises(CasebookError, match="too few to forecast"):
        cuts(600, first)


def test_the_calendar_knows_sundays_and_seasons() -> None:
    sunday = (date(2010, 1, 3) - date(1970, 1, 1)).days
    features = np.asarray(calendar(np.array([[sunday, sunday + 1, sunday + 6]], "float64")))
    assert features[0, :, 4:].argmax(axis=1).tolist() == [0, 1, 6]
    assert (features[0, :, 4:].sum(axis=1) == 1).all()
    angle = 2 * np.pi * sunday / 365.2425
    waves = [np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)]
    assert features[0, 0, :4] == pytest.approx(waves, abs=1e-3)


def test_a_day_is_told_by_its_parts() -> None:
    hours = np.arange(24.0)[None]
    assert np.asarray(parts_of_day(hours)).tolist() == [[3.0, 7.5, 13.5, 20.5, 22.5, 1.0, 23.0]]


def test_each_period_is_asked_with_all_that_was_known_before_it(
    keep_arrays: Callable[..., Ref],
) -> None:
    seen = [
        (len(past["day"]), period["day"][0], len(period["day"]))
        for past, period in walk(parts_of(keep_arrays))
    ]
    assert seen == [(92, 120, 63), (155, 183, 63), (218, 246, 70)]


def test_a_forecaster_answers_for_each_member_and_day_and_never_below_zero() -> None:
    rows = days(28, 60)
    for given in (rows, {name: values for name, values in rows.items() if name != "hours"}):
        model = forecaster(given, 30, **SHAPE)
        predictions = np.asarray(
            model.predict_on_batch([given[tensor.name] for tensor in model.inputs])
        )
        assert predictions.shape == (32, SHAPE["members"], 30)
        assert (predictions >= 0).all() and 500 < predictions.mean() < 1500


def test_what_is_not_known_is_not_learnt() -> None:
    loss = member_loss(2.0, 0.0)
    y = np.array([[4.0, np.nan], [np.nan, np.nan]], "float32")
    given = np.array([[[8.0, 99.0]], [[1.0, 1.0]]], "float32")
    assert np.asarray(loss(y, given)).tolist() == [2.0, 0.0]
    assert np.asarray(member_loss(2.0, 1.0)(y, given)).tolist() == [1.5, 0.0]


def test_training_keeps_a_network_that_goes_on_alone(
    keep: Any, keep_arrays: Callable[..., Ref]
) -> None:
    settings = SeriesSettings(epochs=3, batch_size=32, learning_rate=1e-2, device="cpu")
    ref = keep(train_series.fn, parts_of(keep_arrays), our_network, settings, 0)
    scores = read_arrays(ref, "scores")
    assert scores["validation"].shape == (126, 30) and scores["test"].shape == (70, 30)
    history = json.loads(ref.path("history.json").read_text())
    assert len(history["loss"]) == 3 and history["val_epoch"] == [1, 2, 3]


@pytest.fixture(autouse=True)
def catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the project's own catalog."""
    monkeypatch.delenv("CASEBOOK_CASES", raising=False)


def test_numbers_ten_times_as_large_get_an_answer_ten_times_as_large() -> None:
    rows = {
        "window": np.array([[1, 2, 3, 4, 5], [10, 20, 30, 40, 50], [-9, -8, -7, -6, -5]], "float32")
    }
    model = counting.our_network({**rows, "y": np.array([12.0, 120.0, -8.0])})
    one, ten, _ = np.asarray(model.predict_on_batch(rows["window"])).reshape(-1)
    assert ten == pytest.approx(10 * one, rel=1e-5)


def test_plain_peers_repeat_what_they_say_they_repeat() -> None:
    test = {**days(60, 90), "year_before": np.arange(900.0).reshape(30, 30)}
    assert (answered("yesterday", {}, test, 0, 0) == test["window"][:, -1:]).all()
    assert (
        answered("last_week", {}, test, 0, 0)[:, [0, 6, 7]].tolist()
        == test["window"][:, [-7, -1, -7]].tolist()
    )
    assert answered("seasonal_naive", {}, test, 0, 0) is not test["year_before"]
    assert answered("last_value", {}, {"window": np.array([[1.0, 2.0]])}, 0, 0).tolist() == [4.0]


def test_fitted_peers_learn_a_week(sales: object) -> None:
    train, test = days(28, 200), days(200, 235)
    there = np.isfinite(test["y"][:, :5])
    for name in ("ridge", "extra_trees"):
        predictions = answered(name, train, {**test, "y": test["y"][:, :5]}, 10, 0)  # type: ignore[arg-type]
        assert np.abs(predictions - test["y"][:, :5])[there].max() < 20
    assert columns(test, 3).shape == (35, 6 + 4 + 4 + 7)


def test_described_days_have_as_many_rows_as_are_ahead() -> None:
    rows = days(28, 30)
    inputs = {name: rows[name] for name in ("window", "hours", "date")}
    assert described(inputs, 30).shape == (2, 30, 10 + 7 + 4 + 4 + 7)


def test_a_regression_of_a_series_has_a_scaled_error() -> None:

    problem = Problem(
        problem_type="regression",
        input_kind="series",
        target="y",
        primary_metric="scaled_mae",
        metrics=("scaled_mae",),
        span=10.0,
    )
    assert once(problem, np.array([1.0, 3.0]), np.array([2.0, 3.0]))["scaled_mae"] == pytest.approx(
        0.05
    )
