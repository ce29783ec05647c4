"""Cleaning applies its steps in order and counts what each drops."""

from collections.abc import Callable

import pandas as pd

from casebook.store import Ref
from casebook.tables import read_table
from tasks.clean import clean, drop_pictures_of_two_labels, drop_repeats


def only_dear(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["price"] > 1]


def test_the_first_of_repeats_stays() -> None:
    frame = pd.DataFrame({"a": [2, 1, 2, 2], "b": ["x", "x", "x", "y"]})
    kept = drop_repeats(frame)
    assert kept.to_dict("list") == {"a": [2, 1, 2], "b": ["x", "x", "y"]}
    assert list(kept.index) == [0, 1, 2]


def test_missing_values_are_equal_to_each_other() -> None:
    assert len(drop_repeats(pd.DataFrame({"a": [1.0, None, None]}))) == 2


def test_each_step_counts_the_rows_it_drops(keep: Callable[..., Ref], keep_tables: Callable[..., Ref]) -> None:
    table = keep_tables(table=pd.DataFrame({"price": [1, 1, 2, 3, 3, 3]}))
    cleaned = keep(clean.fn, table, (only_dear, drop_repeats))
    assert cleaned.facts == {"rows": 2, "dropped": {"only_dear": 2, "drop_repeats": 2}}
    assert read_table(cleaned)["price"].to_list() == [2, 3]


def test_without_steps_the_table_stays_as_it_is(keep: Callable[..., Ref], keep_tables: Callable[..., Ref]) -> None:
    frame = pd.DataFrame({"price": [1.5, 1.5], "maker": ["a", None]})
    cleaned = keep(clean.fn, keep_tables(table=frame), ())
    assert read_table(cleaned)["price"].to_list() == [1.5, 1.5]
    assert cleaned.facts["dropped"] == {}


def test_a_picture_under_two_labels_is_dropped_under_both() -> None:
    frame = pd.DataFrame({"sha256": ["a", "b", "a", "c", "c"], "label": [0, 1, 2, 1, 1]})
    assert drop_pictures_of_two_labels(frame)["sha256"].to_list() == ["b", "c", "c"]
