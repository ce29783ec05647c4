"""Each tripwire names what it found, and lets sound data pass."""

import numpy as np
import pandas as pd
import pytest

from casebook.errors import CasebookError
from tasks.evaluation.leakage_checks import both_classes, fitted_on, repeats_across
from tasks.problem.definition import Problem


def test_a_row_in_two_parts_is_named_by_its_place_in_the_table() -> None:
    parts = {
        "train": pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}, index=[7, 9]),
        "validation": pd.DataFrame({"x": [3.0], "y": [0]}, index=[1]),
        "test": pd.DataFrame({"x": [2.0, 5.0], "y": [1, 0]}, index=[3, 4]),
    }
    with pytest.raises(
        CasebookError, match=r"^1 row of the train part stands in the test part too \(rows 9\)"
    ):
        repeats_across(parts)


def test_repeats_within_one_part_and_rows_of_another_label_pass() -> None:
    repeats_across(
        {
            "train": pd.DataFrame({"x": [1, 1], "y": [0, 0]}),
            "test": pd.DataFrame({"x": [1], "y": [1]}),
        },
    )


def test_features_fitted_on_other_rows_are_refused() -> None:
    fitted_on(100, 100)
    with pytest.raises(CasebookError, match="fitted on 125 rows, but the training part has 100"):
        fitted_on(125, 100)


def test_a_part_with_rows_of_one_class_is_refused_before_training() -> None:
    problem = Problem(
        problem_type="binary",
        target="y",
        labels=("sound", "broken"),
        primary_metric="roc_auc",
        metrics=("roc_auc",),
    )
    both, one = np.array([0.0, 1.0]), np.array([1.0, 1.0])
    both_classes({"train": both, "validation": both, "test": both}, problem)
    both_classes(
        {"train": both, "test": one}, problem.model_copy(update={"problem_type": "regression"})
    )
    with pytest.raises(
        CasebookError,
        match=r"All 2 rows of the test part are of one class \(broken\): ROC AUC has no",
    ):
        both_classes({"train": both, "validation": both, "test": one}, problem)
