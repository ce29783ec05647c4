"""How a table is divided is described as it was."""

import pytest

from tasks.problem.definition import Problem
from tasks.tables.holdout import Holdout
from tasks.tables.parameters import RepeatedFoldsParams, TableParams
from tasks.tables.splitters import RepeatedKFold

CLASS = Problem(problem_type="binary", target="y", primary_metric="auprc", metrics=("auprc",))
NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


@pytest.mark.parametrize("folds", [1, 5])
@pytest.mark.parametrize("grouped", [True, False])
def test_a_holdout_says_that_repeats_were_dropped_only_where_they_were(
    grouped: bool, folds: int
) -> None:
    splits = Holdout(grouped=grouped)
    kept = str(splits.describe(CLASS, folds, deduplicated=False))
    dropped = str(splits.describe(CLASS, folds, deduplicated=True))
    assert "repeats dropped" not in kept
    assert ("repeats dropped" in dropped) is not grouped
    assert ("equal rows all in one" in kept) is grouped
    assert ("5 outer folds" in kept) is (folds == 5)


def test_folds_of_classes_are_stratified() -> None:
    splits = RepeatedKFold()
    assert "stratified" in str(splits.describe(CLASS, 10, deduplicated=True))
    assert "stratified" not in str(splits.describe(NUMBER, 10, deduplicated=True))


@pytest.mark.parametrize(
    ("profile", "repeated", "held_out"), [("smoke", 2, 1), ("standard", 10, 1), ("full", 40, 5)]
)
def test_the_profile_decides_how_many_folds_there_are(
    profile: str, repeated: int, held_out: int
) -> None:
    params = RepeatedFoldsParams.model_validate({"profile": profile, "repeats": 4})
    assert RepeatedKFold().folds(params) == repeated
    assert Holdout().folds(TableParams.model_validate({"profile": profile})) == held_out
