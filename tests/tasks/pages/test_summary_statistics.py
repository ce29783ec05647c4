"""Descriptions, fences and lines agree with what NumPy and pandas say, for all inputs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.errors import CasebookError
from tasks.pages.summary_statistics import (
    described,
    description_rows,
    fences,
    line_through,
    standing_out,
)

NUMBERS = st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=40)


def test_a_description_has_pandas_names_and_the_sample_standard_deviation() -> None:
    summary = described(pd.Series([1, 2, 3, 4]))
    assert list(summary) == ["count", "mean", "std", "min", "25%", "50%", "75%", "max"]
    assert summary["std"] == pytest.approx(np.std([1, 2, 3, 4], ddof=1)) and summary["25%"] == 1.75
    assert description_rows(pd.DataFrame({"a": [1, 2, 3, 4]}))[0] == {
        "of": "a",
        "count": "4",
        "mean": "2.5",
        "std": "1.3",
        "min": "1.0",
        "25%": "1.8",
        "50%": "2.5",
        "75%": "3.2",
        "max": "4.0",
    }


@given(NUMBERS)
def test_what_stands_out_is_beyond_the_fences_and_half_of_all_is_not(numbers: list[int]) -> None:
    values = pd.Series(numbers)
    low, high = fences(values)
    out = standing_out(values)
    assert all(value < low or value > high for value in out)
    assert len(out) <= len(values) / 2
    assert out.is_monotonic_decreasing


@given(NUMBERS.filter(lambda values: len(set(values)) > 1), st.floats(-5, 5), st.floats(-100, 100))
def test_a_line_through_points_of_a_line_is_that_line(
    numbers: list[int], slope: float, intercept: float
) -> None:
    x = pd.Series(numbers, dtype="float64", name="x")
    y = (slope * x + intercept).rename("y")
    if y.min() == y.max():
        return
    line = line_through(x, y)
    scale = 1 + abs(slope)
    assert line.slope == pytest.approx(slope, abs=1e-6 * scale)
    assert line.low <= line.slope <= line.high
    assert abs(line.r) <= 1 and line.rows == len(numbers)


def test_a_lines_interval_is_that_of_the_textbook() -> None:
    x, y = pd.Series([1.0, 2, 3, 4, 5], name="x"), pd.Series([2.0, 1, 4, 3, 5], name="y")
    line = line_through(x, y)
    residual = y - (line.intercept + line.slope * x)
    error = np.sqrt((residual**2).sum() / 3 / ((x - x.mean()) ** 2).sum())
    assert line.slope == pytest.approx(0.8) and line.r == pytest.approx(x.corr(y))
    # Student's t, 3 degrees of freedom
    assert (line.high - line.low) / 2 == pytest.approx(3.182446 * error)


@pytest.mark.parametrize(
    ("x", "y", "named"),
    [([1, 1, 1], [1, 2, 3], "x"), ([1, 2, 3], [4, 4, 4], "y"), ([1, 2], [1, 2], "x")],
)
def test_a_line_needs_points_that_differ(x: list[int], y: list[int], named: str) -> None:
    with pytest.raises(CasebookError, match=f"values of {named} are too few or all the same"):
        line_through(pd.Series(x, name="x"), pd.Series(y, name="y"))
