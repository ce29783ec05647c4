"""The parts are disjoint, whole, of equal shares, and the same for the same seed."""

from collections.abc import Callable
from typing import Literal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_table
from tasks.problem.definition import Problem
from tasks.tables.split import FOLDS, PARTS, by_group, repeated, split, stratified


def frame(negatives: int, positives: int) -> pd.DataFrame:
    return pd.DataFrame({"x": range(negatives + positives), "y": [0] * negatives + [1] * positives})


@given(
    st.integers(10, 200), st.integers(10, 60), st.integers(0, FOLDS - 1), st.integers(0, 2**31 - 1)
)
def test_every_row_is_in_one_part_and_all_parts_have_the_same_share(
    n: int, p: int, fold: int, seed: int
) -> None:
    parts = stratified(frame(n, p), "y", fold, seed)
    assert list(parts) == list(PARTS)
    assert sorted(pd.concat(parts.values())["x"]) == list(range(n + p))
    for name, share in zip(PARTS, (0.64, 0.16, 0.20), strict=True):
        assert abs(len(parts[name]) - share * (n + p)) < 3
        assert abs((parts[name]["y"] == 1).sum() - share * p) < 2.5
        assert (parts[name]["y"] == 1).any()


@given(st.integers(0, 2**31 - 1))
def test_the_folds_together_test_every_row_once(seed: int) -> None:
    tested = [stratified(frame(37, 13), "y", fold, seed)["test"]["x"] for fold in range(FOLDS)]
    assert sorted(pd.concat(tested)) == list(range(50))


def test_a_seed_fixes_the_split_and_another_gives_another() -> None:
    first, again, other = (
        stratified(frame(80, 20), "y", 0, seed)["train"]["x"].to_list() for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_one_class_alone_is_refused() -> None:
    with pytest.raises(CasebookError, match="All 30 rows have y = 0"):
        stratified(frame(30, 0), "y", 0, 0)


def test_too_few_rows_of_a_class_are_refused_with_the_number_needed() -> None:
    with pytest.raises(CasebookError, match=r"Only 9 rows have y = 1.*at least 10"):
        stratified(frame(100, 9), "y", 0, 0)


def test_the_stage_writes_the_parts_and_counts_them(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], sales: pd.DataFrame
) -> None:
    parts = keep(split.fn, keep_tables(table=sales), "sold", 0, 0)
    assert parts.facts["test"] == {"rows": 40, "positives": 8}
    assert [len(read_table(parts, name)) for name in PARTS] == [128, 32, 40]


def test_the_stage_refuses_a_table_with_repeats(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], sales: pd.DataFrame
) -> None:
    twice = pd.concat([sales, sales], ignore_index=True)
    with pytest.raises(CasebookError, match="Drop repeats"):
        keep(split.fn, keep_tables(table=twice), "sold", 0, 0)


@given(st.integers(0, 2**31 - 1), st.integers(0, FOLDS - 1))
def test_repeated_feature_rows_stay_together(seed: int, fold: int) -> None:
    once = frame(80, 40)
    twice = pd.concat([once, once, once.assign(y=1 - once["y"]).head(3)], ignore_index=True)
    parts = by_group(twice, "y", fold, seed)
    assert sum(len(part) for part in parts.values()) == len(twice)
    seen = [set(part["x"]) for part in parts.values()]
    assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_ten_folds_test_and_validate_every_row_once_and_the_next_ten_otherwise(
    kind: Literal["binary", "regression"],
) -> None:
    problem = Problem(problem_type=kind, target="y", primary_metric="accuracy", metrics=())
    table = frame(70, 37).assign(x=lambda t: t.index)
    folds = list(repeated(table, problem, 20, seed=3))
    for name in ("test", "validation"):
        assert sorted(pd.concat([fold[name] for fold in folds[:10]])["x"]) == list(range(107))
    assert all(len(set(pd.concat(fold.values())["x"])) == 107 for fold in folds)
    assert sorted(folds[0]["test"]["x"]) != sorted(folds[10]["test"]["x"])
    if kind == "binary":
        assert {int(fold["test"]["y"].sum()) for fold in folds} <= {3, 4}


def test_too_few_rows_for_ten_folds_are_refused() -> None:
    problem = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=())
    with pytest.raises(CasebookError, match="Only 19 rows"):
        list(repeated(frame(10, 9), problem, 10, 0))
    with pytest.raises(CasebookError, match="Only 9 rows have y = 1"):
        list(repeated(frame(100, 9), problem.model_copy(update={"problem_type": "binary"}), 10, 0))


SPECIES = ("Adelie", "Chinstrap", "Gentoo")
THREE = Problem(
    problem_type="multiclass", target="y", labels=SPECIES, primary_metric="accuracy", metrics=()
)


def penguins(*counts: int) -> pd.DataFrame:
    names = [name for name, count in zip(SPECIES, counts, strict=True) for _ in range(count)]
    return pd.DataFrame({"x": range(len(names)), "y": pd.array(names, "string")})


def test_classes_that_are_text_have_the_same_share_in_every_part_of_every_fold() -> None:
    for parts in repeated(penguins(100, 40, 60), THREE, 3, 0):
        shares = {name: part["y"].value_counts().to_dict() for name, part in parts.items()}
        assert shares["test"] == shares["validation"] == {"Adelie": 10, "Chinstrap": 4, "Gentoo": 6}
    parts = stratified(penguins(100, 40, 60), "y", 0, 0)
    assert parts["test"]["y"].value_counts().to_dict() == {
        "Adelie": 20,
        "Chinstrap": 8,
        "Gentoo": 12,
    }


def test_a_class_of_fewer_rows_than_folds_need_is_named() -> None:
    with pytest.raises(CasebookError, match="Only 7 rows have y = Chinstrap, too few for 10 folds"):
        list(repeated(penguins(100, 7, 60), THREE, 1, 0))
    with pytest.raises(CasebookError, match="Only 7 rows have y = Chinstrap, too few for 5 folds"):
        stratified(penguins(100, 7, 60), "y", 0, 0)


def test_rows_without_a_target_are_refused_before_the_split() -> None:
    frame = penguins(100, 40, 60)
    frame.loc[5, "y"] = pd.NA
    with pytest.raises(
        CasebookError,
        match=r'y, which is to be predicted, is missing in 1 of 200.*DropWithout\("y"\)',
    ):
        list(repeated(frame, THREE, 1, 0))


def test_of_two_classes_the_second_one_s_rows_are_counted(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    ref = keep(split.fn, keep_tables(table=penguins(100, 50, 0).replace("Adelie", "no")), "y", 0, 0)
    assert ref.facts["test"] == {"rows": 30, "positives": 20}
