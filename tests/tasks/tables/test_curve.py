"""The learning curve judges nested shares of the training rows on the validation part alone."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.problem.definition import Problem
from tasks.tables.curve import SHARES, measured, subset
from tasks.tables.learners import EstimatorLearner
from tasks.tables.sklearn_models import logistic_regression
from tasks.tables.split import PARTS

CLASS = Problem(problem_type="binary", target="y", primary_metric="roc_auc", metrics=("roc_auc",))
NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))
LEARNER = EstimatorLearner(logistic_regression, log_target=False)


def rows(count: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 8)).astype("float32")
    return {"x": x, "y": (x[:, 0] + rng.normal(size=count) > 0.8).astype("float32")}


@pytest.fixture
def folds(keep_arrays: Callable[..., Ref]) -> list[Ref]:
    """Keep the parts of two folds."""
    sizes = dict(zip(PARTS, (150, 60, 60), strict=True))
    return [
        keep_arrays(**{name: rows(size, 10 * number + size) for name, size in sizes.items()})
        for number in range(2)
    ]


@pytest.mark.parametrize("problem", [CLASS, NUMBER])
def test_shares_are_nested_and_stratified(problem: Problem) -> None:
    part = {"x": np.arange(200), "y": np.repeat([0.0, 1.0], [180, 20])}
    if problem is NUMBER:
        part["y"] = np.random.default_rng(0).normal(size=200)
    picked = [subset(part, share, problem, 0)["x"].tolist() for share in SHARES]
    assert [len(some) for some in picked] == [20, 40, 80, 140, 200]
    for few, more in itertools.pairwise(picked):
        assert set(few) < set(more)
        assert few == sorted(few)
    if problem is CLASS:
        assert subset(part, 0.1, CLASS, 0)["y"].sum() == 2
    else:
        tenths = np.digitize(subset(part, 0.1, NUMBER, 0)["y"], np.quantile(part["y"], SHARES[:4]))
        assert np.bincount(tenths).tolist() == [2, 2, 4, 6, 6]


def test_a_class_of_one_row_is_in_every_share() -> None:
    part = {"y": np.array([0.0] * 30 + [1.0])}
    assert subset(part, 0.1, CLASS, 0)["y"].sum() == 1


def test_the_curve_does_not_depend_on_test_rows(
    folds: list[Ref], keep_arrays: Callable[..., Ref]
) -> None:
    curve = measured("ours", LEARNER, [], folds, CLASS, 0)
    assert curve.figures.shape == (2, 5)
    assert curve.rows[-1] == 150
    assert curve.figures[:, -1].mean() > curve.figures[:, 0].mean()
    others = [
        keep_arrays(**{name: read_arrays(ref, name) for name in PARTS[:2]}, test=rows(60, 99))
        for ref in folds
    ]
    again = measured("ours", LEARNER, [], others, CLASS, 0)
    assert again.figures.tolist() == curve.figures.tolist()


def test_an_interval_needs_no_second_fold(folds: list[Ref]) -> None:
    curve = measured("ours", LEARNER, [], folds[:1], CLASS, 0)
    for value, low, high in [*curve.means(), curve.doubling(CLASS)]:
        assert low < value < high


def test_the_interval_of_folds_that_agree_is_as_wide_as_their_rows_make_it(
    folds: list[Ref],
) -> None:
    one = measured("ours", LEARNER, [], folds[:1], CLASS, 0).means()[-1]
    twice = measured("ours", LEARNER, [], [folds[0], folds[0]], CLASS, 0).means()[-1]
    assert twice.value == one.value
    assert twice.high - twice.low == pytest.approx((one.high - one.low) / 2**0.5)


def test_the_candidate_s_own_scores_stand_for_all_rows(
    folds: list[Ref], keep_arrays: Callable[..., Ref]
) -> None:
    perfect = [
        keep_arrays(scores={"validation": read_arrays(ref, "validation")["y"]}) for ref in folds
    ]
    curve = measured("ours", LEARNER, perfect, folds, CLASS, 0)
    assert curve.figures[:, -1].tolist() == [1.0, 1.0]
    fitted = measured("ours", LEARNER, [], folds, CLASS, 0)
    assert curve.figures[:, :-1].tolist() == fitted.figures[:, :-1].tolist()
