"""Intervals of a mean are those of the books, and hold the truth as often as theory says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tasks.evaluation.intervals import wilson
from tasks.stories.dice.estimate import (
    METHODS,
    coverage,
    drawn,
    intervals,
    quantile,
    z_coverage,
)

Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@given(
    arrays("float64", st.integers(3, 40), elements=st.integers(-100, 100).map(float)),
    st.floats(0.5, 0.99),
)
def test_z_and_t_are_scipys(x: Values, confidence: float) -> None:
    x[0] += 1000  # no sample of equal values
    bounds = intervals(x[None], confidence, 10, np.random.default_rng(0))
    error = stats.sem(x)
    for name, book in {
        "z": stats.norm.interval(confidence, x.mean(), error),
        "t": stats.t.interval(confidence, len(x) - 1, x.mean(), error),
    }.items():
        assert [float(end[0]) for end in bounds[name]] == pytest.approx(book)


@pytest.mark.parametrize(("ours", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_bootstrap_intervals_are_scipys_but_for_chance(ours: str, theirs: str) -> None:
    x = np.exp(np.random.default_rng(1).standard_normal(40))
    low, high = intervals(x[None], 0.9, 20_000, np.random.default_rng(2))[ours]
    book = stats.bootstrap(
        (x,), np.mean, n_resamples=20_000, confidence_level=0.9, method=theirs, rng=3
    )
    # of a width of 0.94
    assert [low[0], high[0]] == pytest.approx(list(book.confidence_interval), abs=0.04)


def test_quantiles_are_numpys() -> None:
    ordered = np.sort(np.random.default_rng(0).standard_normal((5, 101)), axis=1)
    for level in (0.0, 0.025, 0.5, 0.977, 1.0):
        assert quantile(ordered, np.full(5, level)) == pytest.approx(
            np.quantile(ordered, level, axis=1)
        )


@pytest.mark.parametrize("shape", ["normal", "lognormal", "student"])
def test_what_is_drawn_has_mean_0_and_deviation_1(shape: str) -> None:
    values = drawn(shape, (1_000_000,), np.random.default_rng(0))  # type: ignore[arg-type]
    assert abs(values.mean()) < 0.005
    assert values.std() == pytest.approx(1, abs=0.05)  # with such tails it wavers


def test_t_holds_on_normal_values_and_z_fails_on_few_as_theory_says() -> None:
    few = coverage("normal", 5, 4000, 0.95, 10, np.random.default_rng(0)).set_index("method")
    assert few.loc["t", "low"] < 0.95 < few.loc["t", "high"]
    assert z_coverage(5, 0.95) == pytest.approx(0.8784, abs=1e-4)
    assert few.loc["z", "low"] < z_coverage(5, 0.95) < few.loc["z", "high"] < 0.9
    assert (few["held"] + few["above"] + few["below"] == 4000).all()


def test_on_skewed_values_intervals_miss_below() -> None:
    shares = coverage("lognormal", 10, 500, 0.95, 200, np.random.default_rng(0)).set_index("method")
    assert list(shares.index) == list(METHODS)
    assert (shares["coverage"] < 0.9).all()
    assert (shares["below"] > 2 * shares["above"]).all()


def test_wilson_stays_between_0_and_1_and_holds_the_share() -> None:
    assert wilson(0, 100)[0] == 0.0 and wilson(100, 100)[1] == 1.0
    assert wilson(950, 1000) == pytest.approx((0.9347, 0.9619), abs=1e-4)
