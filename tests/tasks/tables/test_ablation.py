"""An ablation encodes the folds with all steps and without each, and tells what a step is worth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import StandardScaler

from casebook.language import msg
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.data.derive import Equals, Log
from tasks.pages.notes import Notes
from tasks.problem.definition import Problem
from tasks.tables.ablation import ablate, paired, worth
from tasks.tables.split import split_repeatedly

PROBLEM = Problem(
    problem_type="binary", target="sold", primary_metric="accuracy", metrics=("accuracy",)
)
STEPS = {"logarithm": (Log("b", "log_b"), Log("b", "log_b_too")), "flag": (Equals("c", "one", 1),)}


def whatever_there_is(columns: list[str]) -> ColumnTransformer:
    taken = [name for name in columns if name not in ("b", "c")]
    return ColumnTransformer([("scale", StandardScaler(), taken)], verbose_feature_names_out=False)


@pytest.fixture
def parts(keep: Callable[..., Ref], keep_tables: Callable[..., Ref], sales: pd.DataFrame) -> Ref:
    frame = sales.assign(c=np.arange(len(sales)) % 3)
    return keep(split_repeatedly.fn, keep_tables(table=frame), PROBLEM, 2, 0)


def test_every_fold_is_encoded_whole_and_without_each_step(
    keep: Callable[..., Ref], parts: Ref
) -> None:
    ref = keep(ablate.fn, parts, 2, PROBLEM, STEPS, whatever_there_is)
    assert ref.facts == {"folds": 6, "features": 4}
    for name in ("train", "validation", "test"):
        used = [np.any(read_arrays(ref.fold(i), name)["x"] != 0, axis=0).sum() for i in range(6)]
        assert used == [4, 4, 2, 2, 3, 3]
        assert {read_arrays(ref.fold(i), name)["x"].shape[1] for i in range(6)} == {4}
        for i in range(4):
            labels = (read_arrays(ref.fold(number), name)["y"] for number in (i, i + 2))
            assert np.array_equal(*labels)


def write_folds(out: Path, arrays: dict[str, list[dict[str, list[float]]]]) -> Facts:
    for name, folds in arrays.items():
        for i, fold in enumerate(folds):
            (out / fold_name(i)).mkdir(exist_ok=True)
            write_arrays(
                out / fold_name(i), name, **{key: np.array(values) for key, values in fold.items()}
            )
    return {}


def test_the_table_tells_what_each_step_changes(keep: Callable[..., Ref]) -> None:
    y = keep(write_folds, {"validation": [{"y": [0.0, 1.0]}] * 6})
    right, half = {"validation": [-2.0, 2.0]}, {"validation": [2.0, 2.0]}
    scores = keep(write_folds, {"scores": [right, right, half, right, right, right]})
    (table,) = worth.fn(y, scores, 2, STEPS, PROBLEM, Notes(paragraphs=(msg("why"),))).tables
    rows = [
        (row["left out"], row["accuracy on validation"], row["change"], row["± standard error"])
        for row in table
    ]
    assert rows == [
        ("nothing", "1.0000", "", ""),
        ("logarithm", "0.7500", "-0.2500", "0.2500"),
        ("flag", "1.0000", "+0.0000", "0.0000"),
    ]


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30), st.floats(-1, 1))
def test_a_change_for_all_folds_alike_moves_the_mean_and_not_the_error(
    changes: list[float], by: float
) -> None:
    values = np.array(changes)
    (mean, error), (moved, same) = paired(values), paired(values + by)
    assert moved == pytest.approx(mean + by, abs=1e-9)
    assert same == pytest.approx(error, abs=1e-9)
