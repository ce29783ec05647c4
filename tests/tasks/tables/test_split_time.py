"""A split by time never trains on what comes later; one by group never parts a group."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.errors import CasebookError
from tasks.problem.definition import Problem
from tasks.tables.split import repeated
from tasks.tables.split_time import by_time, times

PRICE = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


@given(at=st.lists(st.integers(0, 1000), min_size=60, max_size=200, unique=True))
def test_no_row_is_earlier_than_one_that_was_trained_on(at: list[int]) -> None:
    frame = pd.DataFrame({"x": at})
    parts = by_time(frame, frame["x"].to_numpy("float64"), 0)
    assert parts["train"]["x"].max() < parts["validation"]["x"].min()
    assert parts["validation"]["x"].max() < parts["test"]["x"].min()
    assert sum(map(len, parts.values())) == len(frame)
    assert abs(len(parts["test"]) - len(frame) / 5) <= 1


def test_a_row_without_a_time_is_refused() -> None:
    frame = pd.DataFrame({"day": ["2026-01-01", "soon"]})
    with pytest.raises(CasebookError, match="1 of 2 rows"):
        times(frame, "day", "%Y-%m-%d")


def test_a_time_that_most_rows_share_is_refused() -> None:
    with pytest.raises(CasebookError, match="same time"):
        by_time(pd.DataFrame({"x": range(10)}), np.zeros(10), 0)


def test_rows_of_one_group_are_in_one_part() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"shop": rng.integers(0, 60, 600), "x": rng.normal(size=600), "y": rng.normal(size=600)}
    )
    for parts in repeated(frame, PRICE, 12, 0, "shop"):
        shops = [set(part["shop"]) for part in parts.values()]
        assert not shops[0] & shops[1]
        assert not shops[0] & shops[2]
        assert not shops[1] & shops[2]
        assert len(parts["test"]) > 20
