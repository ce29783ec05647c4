"""A profile reports a table's shape, gaps, duplicates, spread and associations.

The table may have a target or none.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from casebook.store import Ref
from tasks.problem.definition import Problem
from tasks.tables.explore import (
    categories,
    correlations,
    counts,
    describe,
    explore,
    most_telling,
    shape,
    shares_of,
    strongest_pairs,
)

BINARY = Problem(problem_type="binary", target="sold", primary_metric="auprc", metrics=("auprc",))
KIND = Problem(
    problem_type="multiclass",
    target="kind",
    labels=("flat", "house", "a castle with a long name $"),
    primary_metric="accuracy",
    metrics=(),
)
PRICE = Problem(problem_type="regression", target="price", primary_metric="rmse", metrics=("rmse",))


def table(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size = rng.normal(50, 10, rows)
    return pd.DataFrame(
        {
            "size": size,
            "age": rng.integers(0, 99, rows).astype("float64"),
            "constant": 1.0,
            "kind": pd.Series(
                rng.choice(["flat", "house", "a castle with a long name $"], rows), dtype="string"
            ),
            "name": pd.Series([f"nr {i}" for i in range(rows)], dtype="string"),
            "price": 3 * size + rng.normal(0, 1, rows),
            "sold": (size > 50).astype("int64"),
        }
    )


def test_a_shape_counts_gaps_and_repeats() -> None:
    frame = pd.DataFrame({"a": [1.0, 1.0, None], "b": [2.0, 2.0, 3.0]})
    sizes = shape(frame)
    assert (sizes["rows"], sizes["values"], sizes["missing"], sizes["repeats"]) == (3, 6, 1, 1)


def test_columns_are_described_as_pandas_does() -> None:
    summary = describe(table())["price"]
    values = table()["price"]
    assert summary["mean"] == pytest.approx(values.mean())
    assert summary["kurtosis"] == pytest.approx(values.kurt())
    assert summary["q25"] == pytest.approx(values.quantile(0.25))
    assert "mean" not in describe(table())["kind"]


def test_kinds_are_texts_of_few_values() -> None:
    assert categories(table()) == ["kind"]
    assert categories(table(), "kind") == []
    assert counts(pd.Series(["b", "a", "b"])) == {"b": 2, "a": 1}


def test_correlations_are_pearsons_with_gaps_or_without() -> None:
    frame = table()
    expected = frame[["size", "age", "price", "sold"]].corr()
    pd.testing.assert_frame_equal(correlations(frame), expected)
    frame.loc[3, "age"] = np.nan
    pd.testing.assert_frame_equal(
        correlations(frame), frame[["size", "age", "price", "sold"]].corr()
    )
    best = strongest_pairs(correlations(frame), 1)[0]
    assert {best["first"], best["second"]} == {"size", "price"}


def test_the_most_telling_columns_come_first() -> None:
    assert most_telling(table(), "price")[0] == "size"
    assert most_telling(table(), None) == ["size", "age", "price", "sold"]


def test_of_several_classes_the_columns_that_part_them_come_first() -> None:
    frame = table()
    frame["age"] = frame["kind"].map({"flat": 30.0, "house": 20.0}).fillna(10.0)
    assert most_telling(frame, "kind", classes=True)[0] == "age"


def test_what_is_drawn_of_classes_are_their_shares() -> None:
    shares = shares_of(table(), KIND)
    assert list(shares) == list(KIND.labels)
    assert sum(shares.values()).eq(100.0).all()
    assert (
        shares_of(table(), BINARY)["share of sold = 1 (%)"].tolist()
        == (100.0 * table()["sold"]).tolist()
    )


@pytest.mark.parametrize("problem", [BINARY, PRICE, KIND, None])
def test_a_profile_has_its_pictures(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref], problem: Problem | None
) -> None:
    ref = keep(
        explore.fn, keep_tables(table=table().rename(columns={"size": "RM"})), "boston", problem
    )
    drawn = {path.stem for path in Path(ref.folder).glob("*.png")}
    # the target is no column beside itself
    kinds = {"categories"} if problem is not KIND else set()
    assert drawn == {"histograms", "boxes", "correlation"} | kinds | (
        {"target"} if problem else set()
    )
    content = json.loads(ref.path("profile.json").read_text(encoding="utf-8"))
    assert (content["columns"][0]["name"], content["columns"][0]["unit"]) == ("RM", None)
    assert (content["target"] is not None) == (problem in (BINARY, KIND))
    assert content["categories"]["kind"].keys() == {"flat", "house", "a castle with a long name $"}
