"""Permuting an informative column costs the model what the column contributes.

Permuting an uninformative one costs nothing.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer

from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.data.derive import Log
from tasks.problem.definition import Problem
from tasks.tables.features import numbers
from tasks.tables.permutation_importance import TIMES, permute_features, shuffled, worth
from tasks.tables.split import split_repeatedly

PROBLEM = Problem(
    problem_type="regression", target="price", primary_metric="rmse", metrics=("rmse",)
)


def both(columns: list[str]) -> ColumnTransformer:
    return ColumnTransformer([("number", numbers(), ["size", "noise", "log-size"])])


@pytest.fixture
def parts(keep: Callable[..., Ref], keep_tables: Callable[..., Ref]) -> Ref:
    rng = np.random.default_rng(0)
    size = rng.uniform(1, 9, 80)
    frame = pd.DataFrame(
        {"size": size, "noise": rng.normal(size=80), "price": 1000 * size + rng.normal(0, 300, 80)}
    )
    return keep(split_repeatedly.fn, keep_tables(table=frame), PROBLEM, 2, 0)


def test_the_first_test_rows_are_those_of_the_split(keep: Callable[..., Ref], parts: Ref) -> None:
    ref = keep(permute_features.fn, parts, 2, PROBLEM, (Log("size", "log-size"),), both, 0)
    assert ref.facts == {"folds": 2, "columns": 2}
    test = read_arrays(ref.fold(1), "test")
    assert test["x"].shape == (8 * (1 + 2 * TIMES), 3)
    first, by_size, by_noise = (
        test["x"][:8],
        test["x"][8 : 8 * (1 + TIMES)],
        test["x"][8 * (1 + TIMES) :],
    )
    assert np.array_equal(np.tile(first[:, 1], TIMES), by_size[:, 1])
    assert np.array_equal(np.tile(first[:, [0, 2]], (TIMES, 1)), by_noise[:, [0, 2]])
    # derived anew from the shuffled size
    assert not np.array_equal(np.tile(first[:, 2], TIMES), by_size[:, 2])
    assert np.array_equal(np.tile(test["y"][:8], 1 + 2 * TIMES), test["y"])


def test_what_a_column_is_worth(keep: Callable[..., Ref], parts: Ref) -> None:
    ref = keep(permute_features.fn, parts, 2, PROBLEM, (Log("size", "log-size"),), both, 0)

    def linear(out: Path, encoded: Ref) -> Facts:
        for i in range(2):
            train, test = (
                read_arrays(encoded.fold(i), "train"),
                read_arrays(encoded.fold(i), "test"),
            )
            slope, start = np.polyfit(train["x"][:, 0], train["y"], 1)
            (out / fold_name(i)).mkdir()
            write_arrays(out / fold_name(i), "scores", test=slope * test["x"][:, 0] + start)
        return {}

    importances = worth(ref, keep(linear, ref), 2, PROBLEM)
    assert list(importances) == ["size", "noise"]
    assert importances["size"].change > 1000
    assert importances["noise"] == (0.0, 0.0)


def test_shuffled_rows_keep_every_value_of_every_column() -> None:
    rows = pd.DataFrame({"a": [1, 2, 3, 4], "b": list("wxyz")})
    longer = shuffled(rows, ["a", "b"], 0)
    assert len(longer) == 4 * (1 + 2 * TIMES)
    for start in range(0, len(longer), 4):
        block = longer.iloc[start : start + 4]
        assert sorted(block["a"]) == [1, 2, 3, 4] and sorted(block["b"]) == list("wxyz")
