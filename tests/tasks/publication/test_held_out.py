"""A version notes which rows it was fitted to, and is compared on the others."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from casebook.array_types import Float64Array
from casebook.errors import CasebookError
from casebook.store import Ref
from serving.graph import Arrays
from tasks.data.row_hash import row_hashes
from tasks.problem.definition import Problem
from tasks.publication.held_out import FILE, HeldOut, answers_of, held_out, record
from tasks.tables.inputs import Rows

PROBLEM = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


class Hundreds(Rows):
    """Rows, to each of which every version answers with a hundred."""

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> Float64Array:
        return np.full(len(self.targets(parts, "test", problem)), 100.0)

    def inputs(self, folder: Path, parts: Ref) -> Arrays:
        raise NotImplementedError


def table(*numbers: int) -> pd.DataFrame:
    return pd.DataFrame({"x": numbers, "y": [10.0 * number for number in numbers]})


@pytest.fixture
def fold(keep_tables: Callable[..., Ref]) -> Callable[..., Ref]:
    """Return a function that keeps a fold with these numbers in its parts."""

    def kept(train: list[int], validation: list[int], test: list[int]) -> Ref:
        return keep_tables(train=table(*train), validation=table(*validation), test=table(*test))

    return kept


def kept_by(folder: Path, rows: HeldOut) -> Path:
    """Write what a version keeps of its rows."""
    np.savez(folder / FILE, **record(rows, PROBLEM, Hundreds()))
    return folder


def test_rows_that_a_version_was_fitted_to_are_left_out(
    fold: Callable[..., Ref], tmp_path: Path
) -> None:
    first = fold([1, 2], [3], [4, 5])
    kept_by(tmp_path, held_out(tmp_path, [first], first, PROBLEM, Hundreds()))
    later = fold([1, 6], [7], [4, 8, 3, 2])
    rows = held_out(tmp_path, [later], later, PROBLEM, Hundreds())
    answered = answers_of(tmp_path, rows, PROBLEM, Hundreds())
    assert answered is not None
    assert answered[1].tolist() == [0, 1]
    assert rows.y[answered[1]].tolist() == [40.0, 80.0]


def test_of_several_folds_each_row_has_the_answer_of_the_network_that_did_not_know_it(
    fold: Callable[..., Ref], keep_arrays: Callable[..., Ref], tmp_path: Path
) -> None:
    folds = [fold([3], [4], [1, 2]), fold([1], [2], [3, 4])]
    evaluation = keep_arrays({"champion": "ours"}, curves={"ours": np.array([1.0, 2.0, 3.0, 4.0])})
    rows = held_out(tmp_path, folds, evaluation, PROBLEM, Hundreds())
    assert rows.y.tolist() == [10.0, 20.0, 30.0, 40.0]
    assert rows.answers.tolist() == [1.0, 2.0, 3.0, 4.0]
    kept_by(tmp_path, rows)
    grown = fold([], [], [4, 9, 1])
    later = held_out(tmp_path, [grown], grown, PROBLEM, Hundreds())
    answered = answers_of(tmp_path, later, PROBLEM, Hundreds())
    assert answered is not None
    assert answered[0].tolist() == [4.0, 100.0, 1.0]  # the version itself answers to a new row
    assert answered[1].tolist() == [0, 1, 2]


def test_a_version_keeps_hashes_and_no_rows(fold: Callable[..., Ref], tmp_path: Path) -> None:
    first = fold([1, 2], [3, 3], [4])
    arrays = record(held_out(tmp_path, [first], first, PROBLEM, Hundreds()), PROBLEM, Hundreds())
    assert list(arrays) == ["fitted"]
    assert arrays["fitted"].tolist() == sorted(row_hashes(table(1, 2, 3)[["x"]]).tolist())


def test_a_version_that_noted_nothing_says_nothing(
    fold: Callable[..., Ref], tmp_path: Path
) -> None:
    first = fold([1], [2], [3])
    rows = held_out(tmp_path, [first], first, PROBLEM, Hundreds())
    assert answers_of(tmp_path, rows, PROBLEM, Hundreds()) is None


def test_notes_that_can_not_be_read_are_named(fold: Callable[..., Ref], tmp_path: Path) -> None:
    first = fold([1], [2], [3])
    rows = held_out(tmp_path, [first], first, PROBLEM, Hundreds())
    for content in (b"", b"PK\x03\x04", b"no npz"):
        (tmp_path / FILE).write_bytes(content)
        with pytest.raises(CasebookError, match=r"rows\.npz can't be read as npz"):
            answers_of(tmp_path, rows, PROBLEM, Hundreds())
