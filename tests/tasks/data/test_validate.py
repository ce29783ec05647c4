"""Great Expectations itself judges small tables; rows are set aside or the failure is told."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from casebook.errors import CasebookError
from casebook.store import Ref
from casebook.tables import read_table
from tasks.data.validate import check, suite_text, validate


def expect(
    kind: str, column: str | None, meta: dict[str, Any] | None = None, **limits: Any
) -> dict[str, Any]:
    about = {"why": "it must", **(meta or {})}
    return {
        "type": kind,
        "kwargs": {**({"column": column} if column else {}), **limits},
        "severity": "critical",
        "meta": about,
    }


def suite(*expectations: dict[str, Any], limit: float = 0.5) -> dict[str, Any]:
    return {"name": "shop", "meta": {"quarantine_limit": limit}, "expectations": list(expectations)}


QUARANTINE = {"on_failure": "quarantine"}
PRICE = expect(
    "expect_column_values_to_be_between", "price", QUARANTINE, min_value=0, max_value=100
)
MAKER = expect("expect_column_values_to_not_be_null", "maker", QUARANTINE)
SOLD = expect("expect_column_values_to_be_in_set", "sold", value_set=[0, 1])
FRAME = pd.DataFrame(
    {"price": [1.0, -5.0, 3.0, 500.0], "maker": ["a", None, "c", "d"], "sold": [0, 1, 0, 1]}
)


def test_broken_rows_are_set_aside_with_every_reason(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    checked = keep(validate.fn, keep_tables(table=FRAME), json.dumps(suite(PRICE, MAKER, SOLD)))
    assert read_table(checked)["price"].to_list() == [1.0, 3.0]
    aside = read_table(checked, "quarantine")
    assert aside["price"].to_list() == [-5.0, 500.0]
    price, maker = (
        "price: expect_column_values_to_be_between",
        "maker: expect_column_values_to_not_be_null",
    )
    assert [set(reason.split("; ")) for reason in aside["reason"]] == [{price, maker}, {price}]
    assert checked.facts == {
        "rows": 2,
        "quarantined": 2,
        "expectations": 3,
        "broken": 2,
        "failure": None,
    }


def test_a_sound_table_passes_whole(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    checked = keep(
        validate.fn, keep_tables(table=FRAME.iloc[[0, 2]]), json.dumps(suite(PRICE, MAKER, SOLD))
    )
    assert checked.facts == {
        "rows": 2,
        "quarantined": 0,
        "expectations": 3,
        "broken": 0,
        "failure": None,
    }
    assert len(read_table(checked, "quarantine")) == 0


def test_too_many_rows_set_aside_stop_the_flow(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    checked = keep(validate.fn, keep_tables(table=FRAME), json.dumps(suite(PRICE, limit=0.1)))
    assert (
        checked.facts["failure"]
        == "50.00% of the rows would be set aside, over the suite's limit of 10.00%."
    )


def test_a_critical_failure_is_told_with_rows_values_and_the_reason(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    frame = FRAME.assign(sold=[0, 7, 0, 9])
    checked = keep(validate.fn, keep_tables(table=frame), json.dumps(suite(SOLD)))
    failure = str(checked.facts["failure"])
    for text in (
        "expect_column_values_to_be_in_set on sold",
        "row 2: 7",
        "row 4: 9",
        "2 rows",
        "it must",
    ):
        assert text in failure
    assert len(read_table(checked)) == 4


def test_a_missing_column_fails_also_where_rows_would_be_set_aside(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    checked = keep(
        validate.fn, keep_tables(table=FRAME.drop(columns="price")), json.dumps(suite(PRICE))
    )
    assert "expect_column_values_to_be_between on price" in str(checked.facts["failure"])
    assert len(read_table(checked)) == 4


def test_a_failure_of_the_whole_table_tells_what_was_observed() -> None:
    rows = expect("expect_table_row_count_to_be_between", None, min_value=100)
    (result,) = check(FRAME, suite(rows))
    assert not result["success"]
    assert (result["column"], result["observed"], result["limits"]["min_value"]) == (None, 4, 100)


def test_an_unknown_expectation_is_refused_by_name() -> None:
    with pytest.raises(CasebookError, match="expect_column_values_to_be_nice"):
        check(FRAME, suite(PRICE, expect("expect_column_values_to_be_nice", "price")))


def test_a_malformed_suite_is_refused() -> None:
    with pytest.raises(CasebookError, match="malformed"):
        check(FRAME, {"name": "shop", "meta": {}})


def test_a_suite_that_is_not_there_is_named() -> None:
    assert json.loads(suite_text("creditcard"))["name"] == "creditcard"
    with pytest.raises(CasebookError, match="no suite 'nothing'"):
        suite_text("nothing")
