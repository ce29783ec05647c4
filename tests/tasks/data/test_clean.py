"""Cleaning applies its steps in order and counts what each drops."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.errors import CasebookError
from casebook.fingerprint import fingerprint
from casebook.store import Ref
from casebook.tables import read_table
from tasks.data.clean import (
    Bin,
    DivideByMaximum,
    DropWithout,
    Dummies,
    FillWithMean,
    FillWithMostFrequent,
    OneSpelling,
    WithColumns,
    clean,
    drop_pictures_of_two_labels,
    drop_repeats,
)
from tasks.data.derive import Log


def only_dear(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["price"] > 1]


def test_the_first_of_repeats_stays() -> None:
    frame = pd.DataFrame({"a": [2, 1, 2, 2], "b": ["x", "x", "x", "y"]})
    kept = drop_repeats(frame)
    assert kept.to_dict("list") == {"a": [2, 1, 2], "b": ["x", "x", "y"]}
    assert list(kept.index) == [0, 1, 2]


def test_missing_values_are_equal_to_each_other() -> None:
    assert len(drop_repeats(pd.DataFrame({"a": [1.0, None, None]}))) == 2


def test_each_step_counts_the_rows_it_drops(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    table = keep_tables(table=pd.DataFrame({"price": [1, 1, 2, 3, 3, 3]}))
    cleaned = keep(clean.fn, table, (only_dear, drop_repeats))
    assert cleaned.facts == {"rows": 2, "dropped": {"only_dear": 2, "drop_repeats": 2}}
    assert read_table(cleaned)["price"].to_list() == [2, 3]


def test_without_steps_the_table_stays_as_it_is(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    frame = pd.DataFrame({"price": [1.5, 1.5], "maker": ["a", None]})
    cleaned = keep(clean.fn, keep_tables(table=frame), ())
    assert read_table(cleaned)["price"].to_list() == [1.5, 1.5]
    assert cleaned.facts["dropped"] == {}


def test_a_picture_under_two_labels_is_dropped_under_both() -> None:
    frame = pd.DataFrame({"sha256": ["a", "b", "a", "c", "c"], "label": [0, 1, 2, 1, 1]})
    assert drop_pictures_of_two_labels(frame)["sha256"].to_list() == ["b", "c", "c"]


def test_rows_without_the_target_are_dropped() -> None:
    frame = pd.DataFrame({"price": [1.0, None, 3.0], "doors": [None, "two", "four"]})
    left = DropWithout("price")(frame)
    assert left["price"].to_list() == [1.0, 3.0]
    assert left["doors"].isna().to_list() == [True, False]


def test_a_step_with_values_is_named_in_the_facts(
    keep: Callable[..., Ref], keep_tables: Callable[..., Ref]
) -> None:
    table = keep_tables(table=pd.DataFrame({"price": [1.0, None, 3.0]}))
    cleaned = keep(clean.fn, table, (DropWithout("price"), drop_repeats))
    assert cleaned.facts["dropped"] == {"drop_without(price)": 1, "drop_repeats": 0}


def test_a_step_with_other_values_is_another_step() -> None:
    assert fingerprint(DropWithout("price")) == fingerprint(DropWithout("price"))
    assert fingerprint(DropWithout("price")) != fingerprint(DropWithout("doors"))
    also = (("New York", ("NY",)),)
    assert fingerprint(OneSpelling("city", also)) != fingerprint(OneSpelling("city"))


def test_missing_numbers_become_the_mean_and_missing_categories_the_most_frequent() -> None:
    frame = pd.DataFrame(
        {"bore": [1.0, None, 3.0], "doors": pd.Series(["four", None, "four"], dtype="string")}
    )
    assert FillWithMean(("bore",))(frame)["bore"].to_list() == [1.0, 2.0, 3.0]
    assert FillWithMostFrequent(("doors",))(frame)["doors"].to_list() == ["four"] * 3
    assert frame["bore"].isna().sum() == 1


@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.none()), min_size=1).filter(
        lambda v: any(x is not None for x in v)
    )
)
def test_filling_with_the_mean_leaves_the_mean_and_no_gap(values: list[float | None]) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype="float64")})
    filled = FillWithMean(("x",))(frame)["x"]
    assert filled.notna().all()
    assert filled.mean() == pytest.approx(frame["x"].mean(), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("step", [FillWithMean(("x", "y")), FillWithMostFrequent(("x", "y"))])
def test_a_column_without_any_value_cannot_be_filled(step: FillWithMean) -> None:
    with pytest.raises(CasebookError, match="y: no row has a value"):
        step(pd.DataFrame({"x": [1.0, None], "y": [None, None]}))


def test_new_york_is_written_in_one_way() -> None:
    cities = pd.Series(
        ["NY", "N.Y", "New York", "new york", "n.y.", "Seoul", None, "-"], dtype="string"
    )
    step = OneSpelling("city", also=(("New York", ("NY",)),))
    written = step(pd.DataFrame({"city": cities}))["city"]
    assert written.to_list() == ["New York"] * 5 + ["Seoul", pd.NA, "-"]
    assert written.dtype == cities.dtype


def test_a_listed_word_of_signs_alone_changes_no_other_sign() -> None:
    frame = pd.DataFrame({"city": pd.Series(["-", "Oslo"], dtype="string")})
    assert OneSpelling("city", also=(("Oslo", ("--",)),))(frame)["city"].to_list() == ["-", "Oslo"]


def test_the_usual_spelling_wins() -> None:
    frame = pd.DataFrame({"style": ["Sedan", "sedan", "SEDAN ", "sedan", "wagon"]})
    assert OneSpelling("style")(frame)["style"].to_list() == ["sedan"] * 4 + ["wagon"]


@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=1))
def test_spelling_twice_changes_nothing_more(names: list[str | None]) -> None:
    step = OneSpelling("name", also=(("New York", ("NY", "N Y C")),))
    frame = pd.DataFrame({"name": pd.Series(names, dtype="string")})
    once = step(frame)
    pd.testing.assert_frame_equal(step(once), once)
    assert once["name"].isna().tolist() == frame["name"].isna().tolist()
    assert once["name"].nunique() <= frame["name"].nunique()


@given(st.lists(st.floats(0.01, 1e6), min_size=1))
def test_scaled_by_the_largest_none_is_over_one_and_their_order_stays(values: list[float]) -> None:
    frame = pd.DataFrame({"length": values})
    scaled = DivideByMaximum(("length",))(frame)["length"]
    assert scaled.max() == 1.0 and (scaled > 0).all()
    assert (scaled * max(values)).to_numpy() == pytest.approx(np.array(values))


def test_nothing_above_zero_cannot_be_scaled() -> None:
    with pytest.raises(CasebookError, match="length: no number is above zero"):
        DivideByMaximum(("length",))(pd.DataFrame({"length": [0.0, -1.0]}))


def test_bins_have_equal_width_and_their_upper_edge() -> None:
    frame = pd.DataFrame({"hp": [0.0, 10.0, 10.1, 20.0, 30.0, None]})
    step = Bin("hp", "power", ("Low", "Medium", "High"))
    assert step.edges(frame).tolist() == [0.0, 10.0, 20.0, 30.0]
    assert step(frame)["power"].to_list() == ["Low", "Low", "Medium", "Medium", "High", pd.NA]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2).filter(lambda v: max(v) - min(v) > 1e-3))
def test_every_number_has_a_bin_that_holds_it(values: list[float]) -> None:
    frame = pd.DataFrame({"x": values})
    step = Bin("x", "bin", ("a", "b", "c"))
    edges, labels = step.edges(frame), step(frame)["bin"]
    for value, label in zip(values, labels, strict=True):
        place = ("a", "b", "c").index(label)
        assert edges[place] <= value <= edges[place + 1]


def test_one_number_throughout_has_no_bins() -> None:
    with pytest.raises(CasebookError, match="hp has no two different numbers"):
        Bin("hp", "power", ("Low", "High"))(pd.DataFrame({"hp": [5.0, 5.0, None]}))


@given(st.lists(st.sampled_from(["gas", "diesel", "steam"]), min_size=1))
def test_each_row_has_a_one_for_its_category_alone(fuels: list[str]) -> None:
    frame = Dummies(("fuel",))(pd.DataFrame({"fuel": fuels}))
    flags = frame.drop(columns="fuel")
    assert (flags.sum(axis=1) == 1).all()
    assert [flags[f"fuel-{fuel}"].iloc[row] for row, fuel in enumerate(fuels)] == [1] * len(fuels)


def test_derived_columns_can_be_explored_too() -> None:
    frame = WithColumns((Log("price", "log-price", 1.0),))(pd.DataFrame({"price": [0.0]}))
    assert frame.to_dict("list") == {"price": [0.0], "log-price": [0.0]}
