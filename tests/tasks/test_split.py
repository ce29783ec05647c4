"""The parts are disjoint, whole, of equal shares, and the same for the same seed."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_table
from tasks.split import FOLDS, PARTS, split, stratified


def frame(negatives: int, positives: int) -> pd.DataFrame:
    return pd.DataFrame({"x": range(negatives + positives), "y": [0] * negatives + [1] * positives})


@given(st.integers(10, 200), st.integers(10, 60), st.integers(0, FOLDS - 1), st.integers(0, 2**31 - 1))
def test_every_row_is_in_one_part_and_all_parts_have_the_same_share(n: int, p: int, fold: int, seed: int) -> None:
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
    first, again, other = (stratified(frame(80, 20), "y", 0, seed)["train"]["x"].to_list() for seed in (1, 1, 2))
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


def test_the_stage_refuses_a_column_that_is_the_label(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], sales: pd.DataFrame
) -> None:
    noise = np.random.default_rng(0).normal(size=len(sales))
    with pytest.raises(CasebookError, match=r"decide sold.*leak \(ROC AUC 1.0000"):
        keep(split.fn, keep_tables(table=sales.assign(leak=sales["sold"] * 100 + noise)), "sold", 0, 0)
