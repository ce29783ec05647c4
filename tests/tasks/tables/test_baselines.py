"""Baselines are scored on validation and test rows, each by what was fitted without them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.problem.definition import Problem
from tasks.tables.baselines import (
    Baseline,
    NormalEquation,
    NumberBaseline,
    baseline,
    fit_baselines,
    fit_baselines_to_folds,
)
from tasks.tables.split import PARTS

CLASS = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=("auprc",))
NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


def part(rows: int, seed: int, problem: Problem) -> dict[str, Any]:
    x = np.random.default_rng(seed).normal(size=(rows, 3)).astype("float32")
    y = 2 * x[:, 0] - x[:, 1]
    return {"x": x, "y": (y > 0).astype("float32") if problem.problem_type == "binary" else y}


@pytest.mark.parametrize(
    ("problem", "names"), [(CLASS, get_args(Baseline)), (NUMBER, get_args(NumberBaseline))]
)
def test_every_peer_scores_validation_and_test_rows(
    keep: Callable[..., Ref],
    keep_arrays: Callable[..., Ref],
    problem: Problem,
    names: tuple[Any, ...],
) -> None:
    parts = {
        "train": part(80, 0, problem),
        "validation": part(20, 1, problem),
        "test": part(30, 2, problem),
    }
    ref = keep(fit_baselines.fn, keep_arrays(**parts), names, 20, problem, 0)
    assert ref.facts["rows"] == 100
    for part_name, rows in (("validation", 20), ("test", 30)):
        scores = read_arrays(ref, part_name)
        assert set(scores) == set(names)
        for name, values in scores.items():
            assert values.shape == (rows,)
            assert name == "dummy" or np.corrcoef(values, parts[part_name]["y"])[0, 1] > 0.5


def test_validation_rows_are_scored_by_what_was_fitted_without_them(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> None:
    parts = {name: part(40, seed, NUMBER) for seed, name in enumerate(PARTS)}
    ref = keep(fit_baselines.fn, keep_arrays(**parts), ("dummy",), 20, NUMBER, 0)
    train, validation = parts["train"]["y"], parts["validation"]["y"]
    assert read_arrays(ref, "validation")["dummy"] == pytest.approx(train.mean())
    both = np.concatenate([train, validation]).mean()
    assert read_arrays(ref, "test")["dummy"] == pytest.approx(both)


def test_a_peer_learns_the_logarithm_where_that_is_better(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> None:
    parts = {name: part(60, seed, NUMBER) for seed, name in enumerate(PARTS)}
    for rows in parts.values():
        rows["y"] = np.exp(rows["y"])
    encoded = keep_arrays(**parts)
    ref = keep(fit_baselines.fn, encoded, ("least_squares",), 20, NUMBER, 0, log_target=True)
    assert ref.facts["settings"] == {"least_squares": {"log_target": True}}
    assert read_arrays(ref, "test")["least_squares"] == pytest.approx(parts["test"]["y"], rel=1e-3)
    plain = keep(fit_baselines.fn, encoded, ("least_squares",), 20, NUMBER, 0)
    assert plain.facts["settings"] == {"least_squares": {"log_target": False}}


def test_folds_share_the_settings_and_have_scores_of_their_own(keep: Callable[..., Ref]) -> None:
    def write(out: Path) -> Facts:
        for number in range(2):
            (out / fold_name(number)).mkdir()
            for seed, name in enumerate(PARTS):
                rows = part(40, 10 * number + seed, CLASS)
                write_arrays(out / fold_name(number), name, **rows)
        return {}

    encoded = keep(write)
    ref = keep(fit_baselines_to_folds.fn, encoded, 2, ("logistic_regression",), 20, CLASS, 0)
    first, second = (
        read_arrays(ref.fold(number), "test")["logistic_regression"] for number in range(2)
    )
    assert first.shape == second.shape == (40,)
    assert not np.allclose(first, second)


def test_a_peer_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="ridge is no baseline of a binary model"):
        baseline("ridge", 10, CLASS, 0)


@given(st.integers(0, 1000), st.integers(1, 5))
def test_the_normal_equation_is_least_squares(seed: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(30, columns)), rng.normal(size=30)
    expected = LinearRegression().fit(x, y).predict(x)
    assert NormalEquation().fit(x, y).predict(x) == pytest.approx(expected, abs=1e-6)


def test_columns_that_depend_on_each_other_do_no_harm() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    wide, y = np.column_stack([x, x.sum(axis=1)]), x @ [1.0, 2.0] + 3
    assert NormalEquation().fit(wide, y).predict(wide) == pytest.approx(y, abs=1e-6)
