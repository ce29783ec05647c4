"""A power law is found again, and says what twice as many rows bring."""

import numpy as np
import pytest

from tasks.problem.definition import Problem
from tasks.tables.power_law import PowerLaw, doubled, errors_of, floor_share

ROWS = [100, 200, 400, 700, 1000]
SCORE = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=("auprc",))
ERROR = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_law_that_made_the_points_is_found_again(share: float) -> None:
    above = 3.0 * np.array(ROWS) ** -0.4
    floor = above[-1] * share / (1 - share)
    errors = floor + above
    assert floor_share(ROWS, errors) == share
    assert PowerLaw.of(ROWS, errors, share) == pytest.approx((floor, 3.0, 0.4))


@pytest.mark.parametrize(("problem", "sign"), [(SCORE, 1), (ERROR, -1)])
def test_twice_the_rows_change_a_figure_for_the_better(problem: Problem, sign: int) -> None:
    errors = 3.0 * np.array(ROWS) ** -0.5
    figures = (1 - errors if sign > 0 else errors)[None]
    expected = errors[-1] * (1 - 2**-0.5)
    assert doubled(ROWS, figures, problem, 100) == pytest.approx([sign * expected])


def test_a_figure_that_falls_with_more_rows_is_not_called_a_gain() -> None:
    figures = np.array([[0.9, 0.8, 0.7, 0.6, 0.5]])
    assert doubled(ROWS, figures, SCORE, 100)[0] < 0


def test_a_model_without_a_mistake_has_half_of_one() -> None:
    assert errors_of(np.array([1.0, 0.9]), SCORE, 10) == pytest.approx([0.05, 0.1])
    assert doubled(ROWS, np.ones((1, 5)), SCORE, 10) == pytest.approx([0.0], abs=1e-12)
