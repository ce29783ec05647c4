"""A subsample: so many rows, the same ones whatever their order, of every fold."""

import pandas as pd

from tasks.data.row_hash import positions, row_hashes
from tasks.data.subsample import SALT, Subsample

FRAME = pd.DataFrame({"x": range(1_000), "y": list("ab") * 500})


def test_so_many_rows_are_kept_in_their_order() -> None:
    kept = Subsample(100)(FRAME)
    assert len(kept) == 100
    assert kept["x"].is_monotonic_increasing
    assert kept.index.tolist() == list(range(100))


def test_a_table_of_fewer_rows_stays_whole() -> None:
    pd.testing.assert_frame_equal(Subsample(1_000)(FRAME), FRAME)


def test_the_same_rows_are_kept_whatever_their_order_and_nearly_the_same_of_a_grown_table() -> None:
    kept = set(Subsample(500)(FRAME)["x"])
    assert set(Subsample(500)(FRAME[::-1])["x"]) == kept
    grown = pd.concat([FRAME, pd.DataFrame({"x": range(1_000, 1_050), "y": "a"})])
    assert len(set(Subsample(500)(grown)["x"]) & kept) > 450


def test_the_rows_of_every_fold_are_thinned_alike() -> None:
    kept = Subsample(500)(FRAME)
    assert abs(positions(row_hashes(kept), SALT).mean() - 0.25) < 0.05  # the first half of all
    for salt in range(3):  # by which folds are divided
        assert abs(positions(row_hashes(kept), salt).mean() - 0.5) < 0.05
