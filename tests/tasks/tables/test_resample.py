"""Resampling changes the training part alone, to the shares it says, and a seed fixes it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.tables.resample import Way, resample, resampled


def rows(negatives: int, positives: int) -> dict[str, Any]:
    x = np.random.default_rng(0).normal(size=(negatives + positives, 3)).astype("float32")
    return {"x": x, "y": np.repeat([0.0, 1.0], [negatives, positives]).astype("float32")}


@pytest.mark.parametrize(
    ("way", "negatives", "positives"), [("over_under", 80, 40), ("smote", 400, 40)]
)
def test_only_the_training_part_is_written_with_the_shares_that_are_promised(
    keep: Callable[..., Ref],
    keep_arrays: Callable[..., Ref],
    way: Way,
    negatives: int,
    positives: int,
) -> None:
    ref = keep(resample.fn, keep_arrays(train=rows(400, 8), validation=rows(4, 4)), way, 0)
    data = read_arrays(ref, "train")
    assert (int((data["y"] == 0).sum()), int(data["y"].sum())) == (negatives, positives)
    assert ref.facts == {"rows": negatives + positives, "positives": positives, "rows_before": 408}
    assert data["x"].dtype == data["y"].dtype == np.float32
    assert sorted(path.name for path in ref.folder.glob("*.npz")) == ["train.npz"]


@pytest.mark.parametrize("way", ["over_under", "smote"])
def test_rows_are_shuffled_and_a_seed_fixes_them(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref], way: Way
) -> None:
    features = keep_arrays(train=rows(400, 8))
    first, again, other = (
        read_arrays(keep(resample.fn, features, way, seed), "train") for seed in (3, 3, 4)
    )
    # ordered by class, there would be one change
    assert len(np.flatnonzero(np.diff(first["y"]))) > 10
    assert np.array_equal(first["x"], again["x"])
    assert np.array_equal(first["y"], again["y"])
    assert not np.array_equal(first["x"], other["x"])


def test_over_and_under_sampling_makes_no_new_rows() -> None:
    data = rows(300, 6)
    x, _ = resampled(data["x"], data["y"], "over_under", 0)
    assert {tuple(row) for row in x} <= {tuple(row) for row in data["x"]}


def test_smote_keeps_every_row_and_puts_new_positives_between_neighbours() -> None:
    data = rows(300, 6)
    x, y = resampled(data["x"], data["y"], "smote", 0)
    assert {tuple(row) for row in data["x"]} <= {tuple(row) for row in x}
    old, new = data["x"][data["y"] == 1], x[y == 1]
    assert np.all(new >= old.min(axis=0) - 1e-6)
    assert np.all(new <= old.max(axis=0) + 1e-6)


@given(st.integers(20, 200), st.integers(2, 60), st.sampled_from(["over_under", "smote"]))
def test_the_share_of_positives_never_falls(negatives: int, positives: int, way: Way) -> None:
    data = rows(negatives, positives)
    _, y = resampled(data["x"], data["y"], way, 0)
    assert y.mean() >= data["y"].mean() - 1e-9


@pytest.mark.parametrize(
    ("way", "counts"), [("over_under", [80, 40, 80]), ("smote", [400, 40, 90])]
)
def test_of_several_classes_rare_ones_become_more_and_frequent_ones_fewer(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref], way: Way, counts: list[int]
) -> None:
    x = np.random.default_rng(0).normal(size=(498, 3)).astype("float32")
    train = {"x": x, "y": np.repeat([0.0, 1.0, 2.0], [400, 8, 90]).astype("float32")}
    ref = keep(resample.fn, keep_arrays(train=train), way, 0)
    assert np.bincount(read_arrays(ref, "train")["y"].astype("int64")).tolist() == counts
    assert ref.facts == {"rows": sum(counts), "classes": counts, "rows_before": 498}
