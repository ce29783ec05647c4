"""What kind of problem a target poses."""

import pandas as pd
import pytest

from casebook.errors import CasebookError
from tasks.drafting.target import guess_problem


@pytest.mark.parametrize(
    ("values", "kind", "labels"),
    [
        (["yes", "no"] * 40, "binary", ("no", "yes")),
        (["good"] * 60 + ["bad"] * 30, "binary", ("good", "bad")),
        (["left"] * 60 + ["right"] * 30, "binary", ("left", "right")),
        (["right"] * 60 + ["left"] * 30, "binary", ("right", "left")),
        ([0, 1] * 40, "binary", ("0", "1")),
        (["a", "b", "c"] * 40, "multiclass", ("a", "b", "c")),
        ([1, 2, 3] * 40, "multiclass", ("1", "2", "3")),
        ([1.5, 2.5, 3.5] * 40, "regression", ("0", "1")),
        (list(range(90)), "regression", ("0", "1")),
    ],
)
def test_a_target_is_taken_for_what_it_is(
    values: list[object], kind: str, labels: tuple[str, ...]
) -> None:
    problem, reason = guess_problem(pd.DataFrame({"y": values}), "y")
    assert (problem.problem_type, problem.labels) == (kind, labels)
    assert "y" in str(reason)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["same"] * 90, "nothing to predict"),
        (["a"] * 60 + ["b"] * 60 + ["rare"] * 7, r"rare \(7 rows\)"),
        ([f"name {n}" for n in range(300)], "at most 100 classes"),
    ],
)
def test_a_target_of_which_nothing_can_be_learned_is_refused(values: list[str], words: str) -> None:
    with pytest.raises(CasebookError, match=words):
        guess_problem(pd.DataFrame({"y": values}), "y")


def test_an_answer_is_not_called_as_the_target() -> None:
    problem, _ = guess_problem(pd.DataFrame({"prediction": [0.5, 1.5, 2.5]}), "prediction")
    assert problem.output != "prediction"
