"""Two models are compared on the same rows, and a difference is only one if it is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from tasks.evaluation.paired import Answers, Difference, across_folds, on_one_split, spreads
from tasks.problem.definition import Problem

CLASS = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=("auprc",))
NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))
RNG = np.random.default_rng(0)
Y = (RNG.random(400) < 0.3).astype("float64")
GOOD = Answers(1 / (1 + np.exp(-(2 * Y - 1 + RNG.normal(size=400)))))


def noisy(answers: Answers, noise: float) -> Answers:
    return Answers(answers.answers + np.random.default_rng(1).normal(0, noise, len(Y)))


def test_the_difference_is_that_of_the_two_figures_by_scikit_learn() -> None:
    other = noisy(GOOD, 0.2)
    difference = on_one_split(CLASS, Y, GOOD, {"other": other})["other"]
    expected = [metrics.average_precision_score(Y, model.answers) for model in (GOOD, other)]
    assert difference.value == pytest.approx(expected[0] - expected[1])
    assert difference.low < difference.value < difference.high


def test_what_is_clear_on_the_same_rows_is_shown_where_single_intervals_overlap() -> None:
    y = RNG.normal(size=300)
    hard = RNG.normal(size=300) * np.linspace(0, 3, 300)
    first, second = Answers(y + hard), Answers(y + 1.05 * hard)
    difference = on_one_split(NUMBER, y, first, {"second": second})["second"]
    assert difference.outcome(NUMBER.sign) == "better"
    assert difference.high - difference.low < 0.05


def test_a_model_does_not_differ_from_itself() -> None:
    assert on_one_split(CLASS, Y, GOOD, {"same": GOOD})["same"] == (0.0, 0.0, 0.0)
    assert across_folds([0.0, 0.0], 0.2, [0.0, 0.0]).outcome(1) == "no difference shown"


def test_a_wider_interval_is_that_of_a_higher_level() -> None:
    wide, narrow = (
        on_one_split(CLASS, Y, GOOD, {"other": noisy(GOOD, 0.1)}, level=level)["other"]
        for level in (0.95, 0.9)
    )
    assert wide.low < narrow.low < narrow.high < wide.high


def test_two_folds_that_agree_prove_nothing_by_that() -> None:
    deviations = spreads(CLASS, Y, GOOD, {"other": noisy(GOOD, 0.1)})
    difference = across_folds([0.001, 0.001], 0.2, [deviations["other"]] * 2)
    assert difference.outcome(1) == "no difference shown"


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30), st.floats(0.05, 0.5))
def test_the_interval_of_folds_is_that_of_the_corrected_t_test(
    gaps: list[float], share: float
) -> None:
    difference = across_folds(gaps, share, [0.0] * len(gaps))
    variance = np.var(gaps, ddof=1) * (1 / len(gaps) + share / (1 - share))
    low, high = stats.t.interval(0.95, len(gaps) - 1, np.mean(gaps), max(np.sqrt(variance), 1e-12))
    assert (difference.low, difference.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(
    ("difference", "outcomes"),
    [
        (Difference(0.1, 0.05, 0.2), ("better", "worse")),
        (Difference(-0.1, -0.2, -0.05), ("worse", "better")),
        (Difference(0.1, -0.01, 0.2), ("no difference shown",) * 2),
    ],
)
def test_what_is_better_depends_on_the_figure(
    difference: Difference, outcomes: tuple[str, str]
) -> None:
    assert (difference.outcome(1), difference.outcome(-1)) == outcomes
