"""Dice: exact distributions are exact, and simulated ones are near them.

Memory doesn't grow with the throws.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.stories.dice import roll as throw
from tasks.stories.dice.roll import (
    counted,
    distribution,
    goodness,
    moments,
    normal_errors,
    running_means,
    thrown,
    ways,
)

LAB = {
    7: 1600,
    8: 1403,
    6: 1341,
    9: 1111,
    5: 1101,
    4: 903,
    10: 858,
    11: 565,
    3: 564,
    2: 284,
    12: 270,
}


@given(st.integers(1, 10), st.integers(2, 100))
def test_moments_of_the_convolution_are_those_of_the_formulas(dice: int, sides: int) -> None:
    exact = distribution(dice, sides)
    mean, variance, _ = moments(exact)
    assert sum(exact.values()) == 1
    assert mean == Fraction(dice * (sides + 1), 2)
    assert variance == Fraction(dice * (sides**2 - 1), 12)
    assert list(exact.values()) == list(exact.values())[::-1]


@given(st.integers(1, 4), st.integers(2, 6))
def test_ways_are_those_of_numpys_convolution(dice: int, sides: int) -> None:
    expected = np.ones(1)
    for _ in range(dice):
        expected = np.convolve(expected, np.ones(sides))
    assert ways(dice, sides) == expected.astype(int).tolist()


def test_two_dice() -> None:
    exact = distribution(2, 6)
    assert exact[7] == Fraction(1, 6) and exact[2] == exact[12] == Fraction(1, 36)
    assert moments(exact)[:2] == (7, Fraction(35, 6))


def test_the_labs_printed_moments() -> None:
    """The lab's relative frequencies of 10,000 throws have the mean and variance that it prints."""
    mean, variance, _ = moments({total: Fraction(count, 10_000) for total, count in LAB.items()})
    assert float(mean) == 6.9881 and float(variance) == 5.93535839


@pytest.mark.parametrize(("dice", "sides"), [(1, 2), (2, 6), (10, 100)])
def test_simulated_means_are_within_four_standard_errors(dice: int, sides: int) -> None:
    counts = counted(dice, sides, [50, 100_000], np.random.default_rng(0))
    sums, true = np.arange(dice, dice * sides + 1), moments(distribution(dice, sides))
    assert counts.sum(axis=1).tolist() == [50, 100_000]
    assert (counts[1] >= counts[0]).all()
    off = float((sums * counts[1]).sum() / 100_000 - true.mean)
    assert abs(off) < 4 * (float(true.variance) / 100_000) ** 0.5


def test_throws_come_in_blocks_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def noted(dice: int, sides: int, throws: int, rng: np.random.Generator) -> np.ndarray:  # type: ignore[type-arg]
        sizes.append(throws)
        return thrown(dice, sides, throws, rng)

    monkeypatch.setattr(throw, "AT_ONCE", 1000)
    monkeypatch.setattr(throw, "thrown", noted)
    assert counted(2, 6, [50, 5000], np.random.default_rng(0))[1].sum() == 5000
    assert max(sizes) == 1000


def test_goodness_of_fit_is_scipys_and_tells_false_dice() -> None:
    exact = distribution(2, 6)
    counts = counted(2, 6, [10_000], np.random.default_rng(3))[0]
    expected = [float(p) * 10_000 for p in exact.values()]
    statistic, p = stats.chisquare(counts, expected)
    assert goodness(counts, exact) == pytest.approx((statistic, 10, p))
    false = counts.copy()
    false[[0, 5]] += [300, -300]
    assert goodness(false, exact).p < 1e-6


def test_rare_sums_are_put_together_before_the_test() -> None:
    exact = distribution(10, 6)  # the sum 10 has a probability of 1.7e-8
    fit = goodness(counted(10, 6, [1000], np.random.default_rng(0))[0], exact)
    assert 10 < fit.freedom < 51 and 0.001 < fit.p < 1


def test_goodness_of_fit_rejects_as_often_as_it_says() -> None:
    exact, rng = distribution(2, 6), np.random.default_rng(0)
    p = [goodness(counted(2, 6, [200], rng)[0], exact).p for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def test_running_means_come_closer_as_the_root_of_n() -> None:
    at, means = running_means(2, 6, 300, 2000, np.random.default_rng(0))
    assert at[0] == 1 and at[-1] == 2000 and means.shape == (300, len(at))
    assert means[:, -1].std() == pytest.approx((35 / 6 / 2000) ** 0.5, rel=0.15)


def test_continuity_correction_makes_the_normal_error_smaller() -> None:
    for dice in (1, 2, 5, 20):
        plain, corrected = normal_errors(dice, 6)
        assert corrected < plain / 2
    assert normal_errors(20, 6)[0] < normal_errors(5, 6)[0] < 0.06
