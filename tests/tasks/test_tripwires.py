"""Each tripwire names what it found, and lets sound data pass."""

import numpy as np
import pandas as pd
import pytest

from casebook.errors import CasebookError
from tasks.aim import Aim
from tasks.tripwires import fitted_on, one_feature_decides, repeats_across

AIM = Aim(kind="binary", target="y", primary="auprc", shown=())


def test_a_row_in_two_parts_is_named_by_its_place_in_the_table() -> None:
    parts = {
        "train": pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]}, index=[7, 9]),
        "validation": pd.DataFrame({"x": [3.0], "y": [0]}, index=[1]),
        "test": pd.DataFrame({"x": [2.0, 5.0], "y": [1, 0]}, index=[3, 4]),
    }
    with pytest.raises(CasebookError, match=r"^1 rows of the train part stand in the test part too \(rows 9\)"):
        repeats_across(parts)


def test_repeats_within_one_part_and_rows_of_another_label_pass() -> None:
    repeats_across(
        {"train": pd.DataFrame({"x": [1, 1], "y": [0, 0]}), "test": pd.DataFrame({"x": [1], "y": [1]})},
    )


def test_text_that_differs_in_every_row_is_an_identifier() -> None:
    frame = pd.DataFrame({"ticket": [f"T{i}" for i in range(50)], "y": [0, 1] * 25})
    with pytest.raises(CasebookError, match=r"ticket \(different in 50 of 50 rows"):
        one_feature_decides(frame, AIM)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_number_that_decides_either_way_is_refused_also_where_some_are_missing(sign: float) -> None:
    y = np.repeat([0, 1], 500)
    leak = pd.Series(sign * (10.0 * y + np.random.default_rng(0).normal(size=1000)))
    with pytest.raises(CasebookError, match=r"leak \(ROC AUC 1.0000 alone\)"):
        one_feature_decides(pd.DataFrame({"leak": leak, "y": y}), AIM)
    leak[3] = np.nan
    with pytest.raises(CasebookError, match=r"leak \(ROC AUC 1.0000 alone"):
        one_feature_decides(pd.DataFrame({"leak": leak, "y": y}), AIM)


def test_a_column_that_orders_a_number_by_itself_is_refused() -> None:
    y = np.random.default_rng(0).normal(size=200)
    frame = pd.DataFrame({"copy": -(y**3), "weak": y + np.random.default_rng(1).normal(size=200), "y": y})
    with pytest.raises(CasebookError, match=r"copy \(rank correlation 1.0000 alone\)\."):
        one_feature_decides(frame, AIM.model_copy(update={"kind": "regression"}))


def test_strong_but_honest_columns_pass() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 300)
    good = 2.5 * y + rng.normal(size=600)
    one_feature_decides(pd.DataFrame({"good": good, "kind": ["a", "b", "c"] * 200, "y": y}), AIM)


def test_features_fitted_on_other_rows_are_refused() -> None:
    fitted_on(100, 100)
    with pytest.raises(CasebookError, match="fitted on 125 rows, but the training part has 100"):
        fitted_on(125, 100)
