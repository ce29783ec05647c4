"""Targets become class numbers by their labels or by their numbers; what fits neither is named."""

import pandas as pd
import pytest

from casebook.errors import CasebookError
from tasks.problem.definition import Problem, check
from tasks.problem.targets import truth

KINDS = ("setosa", "versicolor", "virginica")


def problem(*labels: str, kind: str = "multiclass") -> Problem:
    return Problem.model_validate(
        {
            "problem_type": kind,
            "target": "y",
            "labels": labels,
            "primary_metric": "accuracy",
            "metrics": (),
        }
    )


@pytest.mark.parametrize(
    ("values", "labels", "numbers"),
    [
        (["virginica", "setosa"], KINDS, [2, 0]),
        ([2, 0, 1], KINDS, [2, 0, 1]),
        ([2.0, 0.0], KINDS, [2, 0]),
        ([3, 1], ("1", "2", "3"), [2, 0]),
        ([-1, 1], ("-1", "1"), [0, 1]),
        (["3", "1"], ("1", "2", "3"), [2, 0]),
        (["yes", "no"], ("no", "yes"), [1, 0]),
        ([True, False], ("no", "yes"), [1, 0]),
    ],
    ids=["text", "places", "floats", "from one", "minus one", "text of numbers", "yes", "booleans"],
)
def test_a_class_is_its_label_or_its_number(
    values: list[object], labels: tuple[str, ...], numbers: list[int]
) -> None:
    assert truth(pd.DataFrame({"y": values}), problem(*labels)).tolist() == numbers


@pytest.mark.parametrize(
    ("values", "labels"),
    [(["setosa", "rosa"], KINDS), ([0, 3], KINDS), ([0, 1], ("1", "2", "3")), ([0.5, 1], KINDS)],
    ids=["text", "beyond", "zero", "half"],
)
def test_a_value_that_is_no_class_is_named_with_the_labels(
    values: list[object], labels: tuple[str, ...]
) -> None:
    with pytest.raises(
        CasebookError,
        match=r"y has values that are none of its labels in 1 rows: .*lists the labels",
    ):
        truth(pd.DataFrame({"y": values}), problem(*labels))


@pytest.mark.parametrize(
    "values", [[1.0, None, 2.0], pd.array(["a", None], "string")], ids=["number", "text"]
)
def test_rows_without_a_target_are_counted_and_the_step_that_drops_them_named(
    values: list[object],
) -> None:
    with pytest.raises(
        CasebookError, match=r'missing in 1 of \d rows \(first in row 1\).*DropWithout\("y"\)'
    ):
        truth(pd.DataFrame({"y": values}), problem(*KINDS))


@pytest.mark.parametrize(
    ("kind", "shown", "words"),
    [
        (
            "regression",
            ("rmse", "mape"),
            "asks for mape, .*regression problem. Known are: rmse, mae, r2",
        ),
        ("binary", ("accuracy", "kappa"), "asks for kappa, .*Known are: auprc, roc_auc"),
        (
            "multiclass",
            ("roc_auc",),
            "asks for roc_auc, .*Known are: accuracy, balanced_accuracy, f1, log_loss",
        ),
        ("forecast", ("rmse",), "asks for rmse, .*Known are: rmse_next_day"),
        ("regression", ("scaled_mae",), "asks for scaled_mae"),
    ],
)
def test_a_metric_that_is_not_measured_is_refused_with_those_that_are(
    kind: str, shown: tuple[str, ...], words: str
) -> None:
    fields = {
        "problem_type": kind,
        "target": "y",
        "labels": ("a", "b"),
        "primary_metric": shown[0],
        "metrics": shown,
    }
    with pytest.raises(CasebookError, match=words):
        check(Problem.model_validate(fields))


@pytest.mark.parametrize(
    "labels", [("a",), ("a", "b", "c"), ("a", "a")], ids=["one", "three", "twice"]
)
def test_a_binary_problem_has_two_labels(labels: tuple[str, ...]) -> None:
    with pytest.raises(CasebookError, match="exactly two different ones"):
        check(problem(*labels, kind="binary"))
