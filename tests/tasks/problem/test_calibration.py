"""Calibration finds the true odds; the threshold is the best there is."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.problem.calibration import ThresholdPolicy, platt, probabilities, threshold

Labelled = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=2, max_size=30)


def split_up(rows: list[tuple[int, int]]) -> tuple[Any, Any]:
    y, p = np.array(rows, dtype="float64").T
    assume(y.sum() > 0)
    return y, p / 20


def cost(y: Any, alerts: Any, policy: ThresholdPolicy) -> float:
    return float(policy.cost_alert * alerts.sum() + policy.cost_missed * (y * ~alerts).sum())


def f_beta(y: Any, alerts: Any, beta: float) -> float:
    hits = float((y * alerts).sum())
    return (1 + beta**2) * hits / (beta**2 * y.sum() + float(alerts.sum()))


@given(Labelled, st.integers(1, 200), st.integers(1, 50))
def test_no_threshold_costs_less(rows: list[tuple[int, int]], missed: int, alert: int) -> None:
    y, p = split_up(rows)
    policy = ThresholdPolicy(by="cost", cost_missed=missed, cost_alert=alert)
    least = min(cost(y, p >= limit, policy) for limit in [*p, np.inf])
    assert cost(y, p >= threshold(y, p, policy), policy) == pytest.approx(least)


@given(Labelled, st.floats(0.2, 5))
def test_no_threshold_has_a_greater_f_beta(rows: list[tuple[int, int]], beta: float) -> None:
    y, p = split_up(rows)
    best = max(f_beta(y, p >= limit, beta) for limit in p)
    assert f_beta(
        y, p >= threshold(y, p, ThresholdPolicy(by="f_beta", beta=beta)), beta
    ) == pytest.approx(best)


def test_a_threshold_lies_halfway_between_two_probabilities() -> None:
    y, p = np.array([1.0, 1.0, 0.0]), np.array([0.9, 0.6, 0.2])
    assert threshold(y, p, ThresholdPolicy()) == pytest.approx(0.4)


def test_a_dearer_miss_never_raises_the_threshold() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(300) < 0.2).astype("float64")
    p = np.clip(rng.normal(0.2 + 0.3 * y, 0.2), 0, 1)
    limits = [threshold(y, p, ThresholdPolicy(cost_missed=missed)) for missed in (6, 20, 100, 1000)]
    assert limits == sorted(limits, reverse=True)


def test_platt_recovers_slope_and_shift_of_many_rows() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=40_000)
    y = (rng.random(40_000) < 1 / (1 + np.exp(-(2.0 * logits - 1.5)))).astype("float64")
    assert platt(logits, y) == pytest.approx((2.0, -1.5), abs=0.08)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-20, 20)), min_size=4, max_size=30))
def test_calibration_never_turns_the_ranking_over(rows: list[tuple[int, int]]) -> None:
    y, logits = np.array(rows, dtype="float64").T
    assume(0 < y.sum() < len(y))
    slope, shift = platt(logits, y)
    assert slope > 0
    p = probabilities(np.sort(logits), slope, shift)
    assert np.all(np.diff(p) >= 0)
    assert np.all((p >= 0) & (p <= 1))
