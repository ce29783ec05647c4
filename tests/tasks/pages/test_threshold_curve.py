"""Counts at each threshold are those of the rows, and resamples vary around them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.pages.threshold_curve import RESAMPLES, aligned, threshold_curve


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1, width=32)), min_size=2, max_size=60),
    st.floats(0, 1, width=32),
)
def test_counts_are_those_of_the_rows(rows: list[tuple[bool, float]], chosen: float) -> None:
    y = np.array([float(positive) for positive, _ in rows])
    probability = np.array([share for _, share in rows])
    curve = threshold_curve(y, probability, chosen)
    assert curve.thresholds[curve.start] == chosen
    for place, threshold in enumerate(curve.thresholds):
        row = curve.row(place)
        alert = probability >= threshold
        assert row["alerts"] == alert.sum()
        assert row["detected"] == (alert & (y == 1)).sum()
        assert row["detected"] + row["missed"] == (y == 1).sum()
        assert all(detected[place] <= curve.positives for detected in curve.detected_resampled)


def test_resampled_counts_vary_as_binomial_ones_do() -> None:
    y = np.repeat([1.0, 0.0], [100, 900])
    probability = np.concatenate([np.linspace(0.2, 0.9, 100), np.linspace(0.0, 0.6, 900)])
    curve = threshold_curve(y, probability, 0.5)
    detected = np.array(curve.detected_resampled)[:, curve.start]
    share = curve.detected[curve.start] / 100
    assert len(detected) == RESAMPLES
    assert detected.mean() == pytest.approx(100 * share, abs=1.5)
    assert detected.std() == pytest.approx(np.sqrt(100 * share * (1 - share)), rel=0.2)


def test_the_threshold_that_serves_stands_in_the_short_table() -> None:
    rng = np.random.default_rng(0)
    curve = threshold_curve(rng.integers(0, 2, 500).astype(float), rng.random(500), 0.4321)
    rows = curve.rows(9)
    assert 0.4321 in [row["threshold"] for row in rows]
    assert 9 <= len(rows) <= 10


def test_folds_with_thresholds_of_their_own_start_at_the_alerts_of_each() -> None:
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.001, 0.999, 300)
    thresholds = np.repeat([0.3, 0.6, 0.05], 100)
    curve = threshold_curve(np.ones(300), aligned(probability, thresholds), 0.3)
    assert curve.detected[curve.start] == (probability >= thresholds).sum()
    assert aligned(probability, np.full(300, 0.3)) is probability
