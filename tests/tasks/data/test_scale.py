"""Scaling by formula is scikit-learn's, for any numbers; columns without a width follow a rule."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.data.scale import WAYS, farthest, maximum, mean_range, min_max, robust, standard
from tasks.stories.scaling.findings_scales import by_scikit_learn

Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
FINITE = st.floats(-1e9, 1e9, allow_nan=False)
TABLES = arrays("float64", st.tuples(st.integers(2, 30), st.integers(1, 4)), elements=FINITE)
LAB_LIKE = np.array([1.0, 2, 3, 4, 100])


def same_to(x: Values, name: str) -> Values:
    """Return the allowed difference.

    It is 1e-12, and more where a column's numbers are large compared with their width: (1e9 + 1) -
    (1e9) has lost nine digits before any scaler sees it.
    """
    width = np.abs(WAYS[name](x).width)
    return np.asarray(1e-12 * np.maximum(1.0, np.abs(x).max(axis=0) / width))


@given(TABLES)
def test_every_way_is_scikit_learns(x: Values) -> None:
    theirs = by_scikit_learn()
    for name, way in WAYS.items():
        assert (np.abs(way(x)(x) - theirs[name](x)) <= same_to(x, name)).all(), name


@given(
    arrays(
        "float64",
        st.tuples(st.integers(2, 30), st.just(2)),
        elements=st.integers(-1000, 1000).map(float),
    )
)
def test_on_plain_numbers_the_difference_is_below_1e_12(x: Values) -> None:
    theirs = by_scikit_learn()
    for name, way in WAYS.items():
        assert np.abs(way(x)(x) - theirs[name](x)).max() < 1e-12, name


@given(FINITE, st.integers(2, 50))
def test_a_column_of_equal_values_becomes_0_or_its_sign(value: float, rows: int) -> None:
    x = np.full((rows, 1), value)
    for way in (min_max, mean_range, standard, robust):
        assert np.abs(way(x)(x)).max() <= 1e-12 * max(1.0, abs(value))
    if abs(value) > 1e-12:
        assert maximum(x)(x) == pytest.approx(np.sign(x))


@given(TABLES)
def test_ranges_are_what_the_docstrings_say(x: Values) -> None:
    assert (np.abs(maximum(x)(x)) <= 1).all()
    scaled = min_max(x)(x)
    assert (scaled >= 0).all() and (scaled <= 1).all()
    assert (np.ptp(mean_range(x)(x), axis=0) <= 1 + 1e-6).all()


def test_by_hand() -> None:
    assert maximum(LAB_LIKE)(LAB_LIKE).tolist() == [0.01, 0.02, 0.03, 0.04, 1]
    assert min_max(LAB_LIKE)(LAB_LIKE) == pytest.approx(np.array([0, 1, 2, 3, 99]) / 99)
    assert mean_range(LAB_LIKE)(LAB_LIKE) == pytest.approx((LAB_LIKE - 22) / 99)
    assert standard(LAB_LIKE)(LAB_LIKE) == pytest.approx((LAB_LIKE - 22) / 1522**0.5)
    assert robust(LAB_LIKE)(LAB_LIKE).tolist() == [-1, -0.5, 0, 0.5, 48.5]


def test_with_ddof_1_the_z_score_is_pandas() -> None:
    column = pd.Series(LAB_LIKE)
    by_pandas = ((column - column.mean()) / column.std()).to_numpy()
    assert standard(LAB_LIKE, ddof=1)(LAB_LIKE) == pytest.approx(by_pandas, abs=1e-12)
    assert standard(LAB_LIKE)(LAB_LIKE) * (4 / 5) ** 0.5 == pytest.approx(by_pandas, abs=1e-12)


def test_what_was_learnt_from_training_rows_is_used_on_others() -> None:
    learnt = min_max(np.array([[0.0, 10], [4, 30]]))
    assert learnt(np.array([[8.0, 0]])).tolist() == [[2, -0.5]]


def test_the_farthest_value_is_found_in_interquartile_ranges() -> None:
    outlier = farthest(np.column_stack([LAB_LIKE, [0, 1, 2, 3, 4]]))
    assert (outlier.row, outlier.column, outlier.ranges) == (4, 0, 48.5)
