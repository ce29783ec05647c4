"""Bins hold about as many values each, or one each where there are few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.publication.training_distribution import chosen, histogram


def test_many_numbers_are_parted_evenly() -> None:
    content = histogram(np.arange(1000, dtype=np.float32))
    assert content["counts"] == pytest.approx([100] * 10 + [0], abs=1)
    assert len(content["edges"]) == 9


def test_few_numbers_have_a_bin_each_and_gaps_one() -> None:
    content = histogram(np.array([1, 2, 2, 3, np.nan, 3, 3], dtype=np.float32))
    assert content == {"edges": [1.0, 2.0], "counts": [1, 2, 3, 1]}


def test_texts_have_a_bin_each_the_most_frequent_first() -> None:
    content = histogram(np.array(["b", "a", "a", "", "a", "b", "c"], dtype=object))
    assert content == {"texts": ["a", "b", "c"], "counts": [3, 2, 1, 0, 1]}


@pytest.mark.parametrize(
    "values", [np.full(9, np.nan, np.float32), np.full(9, 5.0, np.float32), np.ones(1)]
)
def test_what_has_nothing_to_part_is_in_one_bin(values: np.ndarray) -> None:
    content = histogram(values)
    assert content["edges"] == [] and sum(content["counts"]) == len(values)


@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1))
def test_every_value_is_in_a_bin(values: list[float]) -> None:
    array = np.array(values, dtype=np.float32)
    assert sum(histogram(array)["counts"]) == len(values)
    assert list(chosen(array).edges) == sorted(set(chosen(array).edges))
