"""The data from which charts are drawn.

Tiles add up, sizes are normalized, and the same data gives the same bytes.
"""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.pages import charts as chart


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.integers(1, 500))
def test_tiles_add_up_and_are_each_ones_share_to_less_than_one(
    values: list[int], total: int
) -> None:
    given_out = chart.tiles([float(value) for value in values], total)
    assert sum(given_out) == total
    assert all(
        abs(tiles - value * total / sum(values)) < 1
        for tiles, value in zip(given_out, values, strict=True)
    )


def test_tiles_of_the_labs_three_countries() -> None:
    assert chart.tiles([3901, 2327, 5866], 400) == [129, 77, 194]


@given(st.lists(st.integers(-1000, 1000), min_size=1))
def test_normalised_values_go_from_zero_to_one(values: list[int]) -> None:
    sizes = chart.normalised(pd.Series(values))
    assert sizes.between(0, 1).all()
    assert sizes.min() == 0 and sizes.max() == (1 if len(set(values)) > 1 else 0)


@pytest.mark.parametrize("kind", ["trend", "joint", "strip", "cloud"])
def test_a_chart_with_random_parts_has_the_same_bytes_again(tmp_path: Path, kind: str) -> None:
    years = pd.RangeIndex(2000, 2012, name="year")
    frame = pd.DataFrame(
        {"x": range(12), "y": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], "by": list("abab" * 3)},
        index=years,
    )
    for name in ("one.png", "two.png"):
        match kind:
            case "trend":
                chart.trend(tmp_path / name, frame["y"], "title", "label")
            case "joint":
                chart.joint(tmp_path / name, frame, "x", "y", ("x", "y"))
            case "strip":
                chart.strip(tmp_path / name, frame, "y", "by", "title", "label", "greatest")
            case _:
                chart.cloud(tmp_path / name, {"one": 3.0, "two": 1.0}, "title")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
