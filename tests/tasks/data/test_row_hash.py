"""A row's hash is up to its own content, and tells rows apart."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.row_hash import array_hashes, positions, row_hashes


@given(st.lists(st.tuples(st.integers(-9, 9), st.text(max_size=3)), min_size=1, max_size=9))
def test_a_rows_hash_is_the_same_whatever_stands_beside_it(rows: list[tuple[int, str]]) -> None:
    frame = pd.DataFrame(rows, columns=["n", "s"])
    alone = [row_hashes(frame.iloc[[i]])[0] for i in range(len(frame))]
    assert row_hashes(frame).tolist() == alone
    assert row_hashes(frame[["s", "n"]]).tolist() == alone
    assert row_hashes(frame[::-1]).tolist() == alone[::-1]


def test_a_column_that_gets_its_first_gap_keeps_the_hashes_of_its_other_rows() -> None:
    whole = pd.DataFrame({"n": [1, 0, 3], "b": [True, False, True], "s": ["1", "", "None"]})
    gaps = pd.concat([whole, pd.DataFrame({"n": [None], "b": [None], "s": [None]})])
    for kind in ("float64", "Int64"):
        frame = gaps.assign(n=gaps["n"].astype(kind), b=gaps["b"].astype("boolean"))
        assert row_hashes(frame)[:3].tolist() == row_hashes(whole).tolist()
    assert row_hashes(whole.assign(n=[1.0, -0.0, 3.0])).tolist() == row_hashes(whole).tolist()


def test_gaps_texts_and_names_are_told_apart() -> None:
    frame = pd.DataFrame({"s": [None, "", "None", "nan", "a", "A"]})
    assert len(set(row_hashes(frame))) == 6
    assert row_hashes(frame)[0] != row_hashes(frame.rename(columns={"s": "t"}))[0]
    swapped = pd.DataFrame({"a": [1, 2], "b": [2, 1]})
    assert len(set(row_hashes(swapped))) == 2


def test_a_hash_is_the_one_that_versions_noted_before() -> None:
    frame = pd.DataFrame(
        {
            "n": [1.5, None],
            "s": ["가", None],
            "day": pd.to_datetime(["2026-11-30", None]),
            "kind": pd.Categorical(["x", "y"]),
        }
    )
    assert row_hashes(frame).tolist() == [9242609689689441563, 7112672081576096954]
    pictures = np.arange(4, dtype="uint8").reshape(2, 2)
    assert array_hashes(pictures).tolist() == [16496933604616910075, 10177760825118435895]


def test_places_are_spread_evenly_and_another_salt_gives_others() -> None:
    hashes = row_hashes(pd.DataFrame({"n": range(20_000)}))
    first, second = positions(hashes), positions(hashes, salt=1)
    for places in (first, second):
        assert np.abs(np.histogram(places, 10, (0, 1))[0] - 2000).max() < 200
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
