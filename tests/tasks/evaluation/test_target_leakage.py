"""A column that decides the target alone is found, whatever it contains.

A good column and chance are not mistaken for it.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from casebook.errors import CasebookError
from tasks.evaluation.target_leakage import check_leaks, check_names, leaks

ROWS = 1000
RNG = np.random.default_rng(0)
Y = np.repeat([0, 1], ROWS // 2)
MINUS = np.where(Y, -1, 1)
ANY = RNG.integers(0, 10_000, ROWS)
DECIDING = {
    "rising": 10.0 * Y + RNG.normal(size=ROWS),
    "falling": -10.0 * Y + RNG.normal(size=ROWS),
    "whole numbers": Y * 7 + 1,
    "truths": Y.astype(bool),
    "a range in the middle": np.where(
        Y, RNG.uniform(-1, 1, ROWS), MINUS * RNG.uniform(1.2, 3, ROWS)
    ),
    "only whether it is there": np.where(Y, np.nan, RNG.normal(size=ROWS)),
    "a constant, or nothing": np.where(Y, np.nan, 1.0),
    "infinite": np.where(Y, np.inf, RNG.normal(size=ROWS)),
    "dates": pd.Timestamp("2024-01-01")
    + pd.to_timedelta(Y * 400 + RNG.integers(0, 300, ROWS), unit="D"),
    "two categories": np.where(Y, "yes", "no"),
    "many categories": [
        f"{'abc'[i % 3]}{i % 40}{'p' if y else 'n'}" for i, y in zip(ANY, Y, strict=True)
    ],
    "text that is there or not": [None if y else f"w{i % 9}" for i, y in zip(ANY, Y, strict=True)],
    "one word of a text": [
        f"order {i} is {'bad' if y else 'good'}, they say" for i, y in zip(ANY, Y, strict=True)
    ],
    "the letter of a code": [f"{'S' if y else 'D'}{i}" for i, y in zip(ANY, Y, strict=True)],
    "numbers in order": [f"T{i:05d}" for i in range(ROWS)],
    "numbers as text": [f"{10 * y + i / 10_000:.4f} EUR" for i, y in zip(ANY, Y, strict=True)],
}
HARMLESS = {
    "good": 2.5 * Y + RNG.normal(size=ROWS),
    "noise": RNG.normal(size=ROWS),
    "constant": np.ones(ROWS),
    "nothing": np.full(ROWS, np.nan),
    "categories": RNG.choice(list("abcdef"), ROWS),
    "good categories": np.where(RNG.random(ROWS) < 0.95, Y, 1 - Y).astype(str),
    "many categories": [f"c{i % 400}" for i in ANY],
    "texts": [" ".join(words) for words in RNG.choice(["red", "blue", "old", "new"], (ROWS, 3))],
}


def frame(values: Any, y: Any = Y) -> pd.DataFrame:
    return pd.DataFrame({"x": values, "y": y})


@pytest.mark.parametrize("kind", DECIDING)
def test_a_column_that_decides_is_found_whatever_it_holds(kind: str) -> None:
    (leak,) = leaks(frame(DECIDING[kind]), "y", classes=True)
    assert leak.column == "x"
    assert leak.figure.startswith(("ROC AUC 1.0000 alone", "ROC AUC 0.99"))
    assert leak.certain


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_good_column_and_one_that_tells_nothing_pass(kind: str) -> None:
    assert not leaks(frame(HARMLESS[kind]), "y", classes=True)


@pytest.mark.parametrize("kind", ["number", "noisy number", "category", "word"])
def test_of_several_classes_a_column_must_decide_each(kind: str) -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 4, ROWS)
    every = {
        "number": y * 10,
        "noisy number": y + rng.uniform(-0.3, 0.3, ROWS),
        "category": np.array(list("abcd"))[y],
        "word": [f"kind {'abcd'[k]} of {i}" for i, k in zip(ANY, y, strict=True)],
    }
    assert [leak.column for leak in leaks(frame(every[kind], y), "y", classes=True)] == ["x"]
    assert [
        leak.column
        for leak in leaks(frame(every[kind], np.array(list("stuv"))[y]), "y", classes=True)
    ] == ["x"]
    # it tells the first class from the others
    assert not leaks(frame(np.minimum(y, 1), y), "y", classes=True)


def test_a_number_is_decided_by_order_by_category_and_by_the_number_in_a_text() -> None:
    rng = np.random.default_rng(3)
    y, kinds = rng.normal(size=ROWS), rng.integers(0, 100, ROWS)
    prices = rng.normal(size=100)[kinds]
    for values, truth in (
        (-(y**3), y),
        ([f"{v:.3f} m" for v in y], y),
        ([f"p{k}" for k in kinds], prices),
    ):
        (leak,) = leaks(frame(values, truth), "y", classes=False)
        assert leak.figure.startswith("rank correlation 1.0000 alone")
    assert not leaks(frame(y + rng.normal(size=ROWS), y), "y", classes=False)


@pytest.mark.parametrize(
    ("rows", "positives", "sure"),
    [(64, 32, False), (400, 3, False), (100, 50, True), (128, 26, True)],
)
def test_few_rows_of_a_class_leave_doubt(rows: int, positives: int, sure: bool) -> None:
    y = np.arange(rows) < positives
    (leak,) = leaks(frame(y * 3.0, y), "y", classes=True)
    assert leak.certain is sure


def test_among_many_columns_of_few_rows_chance_refuses_none() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(64, 200))).rename(columns=str).assign(y=np.arange(64) < 3)
    assert check_leaks(table, "y", (), classes=True) is not None
    assert all(not leak.certain for leak in leaks(table, "y", classes=True))


def test_a_text_that_differs_in_every_row_identifies_it_unless_that_is_chance() -> None:
    tickets = pd.DataFrame({"ticket": [f"T{i * 7919 % 50}x" for i in range(50)], "y": [0, 1] * 25})
    (leak,) = leaks(tickets, "y", classes=True)
    assert leak.figure == "different in 50 of 50 rows, so an identifier"
    places = np.random.default_rng(4).permutation(
        [f"c{i}" for i in range(60)] + ["c1", "c2", "c3", "c4"]
    )
    assert not leaks(pd.DataFrame({"place": places, "y": [0, 1] * 32}), "y", classes=True)
    assert not leaks(tickets, "y", classes=True, identifiers=False)


def test_what_is_refused_is_named_with_its_figure_and_the_flag_that_goes_on() -> None:
    table = pd.DataFrame(
        {"a b": Y * 2.0, "c": HARMLESS["noise"], "d": np.where(Y, "p", "n"), "y": Y}
    )
    with pytest.raises(CasebookError) as refused:
        check_leaks(table, "y", (), classes=True)
    message = str(refused.value)
    assert "a b (ROC AUC 1.0000 alone), d (ROC AUC 1.0000 alone, by its values)" in message
    assert "`--trust-columns 'a b' d`" in message
    with pytest.raises(CasebookError, match=r"themselves: d \(ROC"):
        check_leaks(table, "y", ("a b",), classes=True)
    reported = check_leaks(table, "y", ("a b", "d"), classes=True)
    assert [leak["column"] for leak in reported] == ["a b", "d"]


def test_a_column_that_there_is_not_can_not_be_trusted() -> None:
    check_names(("a",), ["a", "b"])
    with pytest.raises(
        CasebookError, match=r"--trust-columns aa: there is no such column\. The columns are: a, b"
    ):
        check_names(("a", "aa"), ["a", "b"])
