"""Drift is told where there is some, and where there is none hardly ever."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.drift import ALARMS, ks, p_value, psi, shifts

COUNTS = (
    st.lists(st.integers(0, 1000), min_size=3, max_size=3)
    .filter(any)
    .map(lambda counts: np.array(counts, dtype=float))
)
FEATURES = 30
REFERENCE = {
    "features": {
        f"V{number}": {"edges": list(range(9)), "counts": [100] * 10 + [0]}
        for number in range(FEATURES)
    },
    "score": {"edges": [0.5], "counts": [900, 100, 0]},
}


def drawn(rng: np.random.Generator, rows: int) -> tuple[dict[str, list[int]], list[int]]:
    """Return the counts of so many rows from training's own distribution."""
    counts = {
        name: rng.multinomial(rows, [0.1] * 10 + [0]).tolist() for name in REFERENCE["features"]
    }
    return counts, rng.multinomial(rows, [0.9, 0.1, 0]).tolist()


def test_by_hand() -> None:
    before, after = np.array([50.0, 50.0, 0.0]), np.array([80.0, 20.0, 0.0])
    p, q = np.array([50.5, 50.5, 0.5]) / 101.5, np.array([80.5, 20.5, 0.5]) / 101.5
    assert psi(before, after) == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert ks(before[:-1], after[:-1]) == pytest.approx(0.3)
    # chi-square 19.78 with 1 degree of freedom
    assert p_value(before, after) == pytest.approx(8.6e-6, rel=0.02)


@given(COUNTS, COUNTS)
def test_measures_are_no_less_than_nothing_and_nothing_for_equals(
    before: np.ndarray, after: np.ndarray
) -> None:
    assert psi(before, after) >= 0 and psi(before, before) == 0
    assert 0 <= ks(before, after) <= 1 + 1e-12 and ks(before, before) == 0
    assert 0 <= p_value(before, after) <= 1


@pytest.mark.parametrize("rows", [50, 500, 5000])
def test_false_alarms_are_as_rare_as_stated(rows: int) -> None:
    rng = np.random.default_rng(0)
    runs = 200
    alarms = sum(
        any(shift.drifted for shift in shifts(REFERENCE, *drawn(rng, rows))) for _ in range(runs)
    )
    assert alarms <= 2 * ALARMS * runs + 2


def test_a_planted_drift_is_named_and_no_other() -> None:
    counts, score = drawn(np.random.default_rng(1), 500)
    counts["V3"] = [0, 0, 0, 0, 50, 50, 100, 100, 100, 100, 0]
    counts["V7"] = [30] * 10 + [200]
    by_name = {shift.name: shift for shift in shifts(REFERENCE, counts, score)}
    assert [name for name, shift in by_name.items() if shift.drifted] == ["V3", "V7"]
    assert (by_name["V7"].missing_before, by_name["V7"].missing_now) == (0, pytest.approx(0.4))
    assert by_name["V3"].ks == pytest.approx(0.4) and by_name["V3"].psi > 0.2


def test_texts_have_no_order() -> None:
    reference = {
        "features": {"Sex": {"texts": ["male"], "counts": [6, 4, 0]}},
        "score": REFERENCE["score"],
    }
    sex, score = shifts(reference, {"Sex": [60, 40, 0]}, [900, 100, 0])
    assert sex.ks is None and not sex.drifted and score.ks == 0
