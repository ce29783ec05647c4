"""Whatever row a case's suite lets pass, its encoder takes.

Such rows are at the limits, have missing values, or have a category never seen before.
"""

import json
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from casebook import paths
from casebook.catalog import data_set
from flows import boston, car_price, fraud, malware, mpg, titanic
from tasks.data.derive import derive
from tasks.tables.case import TableCase
from tasks.tables.encoder_graph import encoder_graph, taken
from tasks.tables.features import raw_columns
from tasks.tables.served_features import feeds

FAR = 1e6  # a number where the suite sets no limit
UNSEEN = "never seen before"


CASES: dict[str, TableCase[Any]] = {
    "boston": boston.CASE,
    "car_price": car_price.CASE,
    "fraud": fraud.CASE,
    **malware.CASES,
    "mpg": mpg.CASE,
    "titanic": titanic.CASE,
}


def expected(dataset: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the limits of one kind of expectation in a suite, by column, for every row."""
    suite = json.loads(
        (paths.project() / "expectations" / f"{dataset}.json").read_text(encoding="utf-8")
    )
    all_limits = [
        entry["kwargs"]
        for entry in suite["expectations"]
        if entry["type"] == f"expect_column_values_to_{kind}"
    ]
    return {limits["column"]: limits for limits in all_limits if limits.get("mostly", 1) == 1}


def extremes(case: TableCase[Any], column: str) -> list[Any]:
    """Return the extreme values of a column that the suite lets pass.

    None is among them where values may be missing.
    """
    gap = [] if column in expected(case.dataset, "not_be_null") else [None]
    if within := expected(case.dataset, "be_in_set").get(column):
        return [*within["value_set"], *gap]
    if data_set(case.dataset).columns[column].type == "string":
        return [UNSEEN, *gap]
    between = expected(case.dataset, "be_between").get(column, {})
    minimum, maximum = between.get("min_value"), between.get("max_value")
    return [-FAR if minimum is None else minimum, FAR if maximum is None else maximum, *gap]


def sound(case: TableCase[Any]) -> pd.DataFrame:
    """Return the sample as the encoder is given it."""
    frame = case.sample(1000, 0)
    frame = frame.dropna(
        subset=[name for name in expected(case.dataset, "not_be_null") if name in frame]
    )
    for step in case.cleaning:
        frame = step(frame)
    return with_texts(frame.drop(columns=case.problem.target))


def with_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with missing text as the empty text, as `read_raw` does."""
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    return frame.assign(
        **{name: frame[name].astype("string").fillna("").astype(object) for name in texts}
    )


def outermost(case: TableCase[Any], train: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return a row for each extreme of each column, and rows with all columns extreme at once."""
    usual = train.iloc[0].to_dict()
    extreme_values = {name: extremes(case, name) for name in columns}
    rows = [{**usual, name: value} for name, values in extreme_values.items() for value in values]
    rows += [
        {**usual, **{name: values[i] for name, values in extreme_values.items()}} for i in (0, -1)
    ]
    frame = pd.DataFrame(rows)
    numeric = [name for name in train if pd.api.types.is_numeric_dtype(train[name])]
    return with_texts(frame.astype(dict.fromkeys(numeric, "float64")))[train.columns.to_list()]


@pytest.mark.parametrize("name", CASES)
def test_what_the_suite_lets_pass_the_encoder_takes(name: str) -> None:
    case = CASES[name]
    train = sound(case)
    table = derive(train, case.derived_columns)
    unfitted = case.encoder(list(table.columns))
    fitted = unfitted.fit(table[taken(unfitted)])
    columns = raw_columns(train, fitted, case.derived_columns)
    rows = outermost(case, train, columns)
    assert len(rows) >= 2 * len(columns)
    derived = derive(rows, case.derived_columns)
    encoded = np.asarray(fitted.transform(derived[taken(fitted)]), "float64")
    graph = encoder_graph(fitted, train[columns], table, case.derived_columns)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    served = session.run(None, feeds(rows[columns]))[0]
    for form in (encoded, served):
        wrong = np.flatnonzero(~np.isfinite(form).all(axis=1))
        assert not len(wrong), rows.iloc[wrong].head().to_dict("records")


@pytest.mark.parametrize("dataset", ["counting", "dice"])
def test_of_numbers_and_labels_that_nothing_fills_none_may_be_missing(dataset: str) -> None:
    columns = data_set(dataset).columns
    texts = {name for name, column in columns.items() if column.type == "string"}
    assert columns.keys() - texts <= expected(dataset, "not_be_null").keys()
