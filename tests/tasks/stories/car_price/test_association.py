"""Correlations and analyses of variance match their formulas, also with little to compare."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.stories.car_price.association import anova, anovas, by_pairs, pearson

GROUPS = pd.DataFrame(
    {"wheels": list("aaabbbccc"), "price": [1.0, 2.0, 3.0, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0]}
)


def test_the_strongest_correlation_comes_first_whatever_its_sign() -> None:
    frame = pd.DataFrame(
        {"price": [1.0, 2, 3, 4], "size": [1.0, 2, 3, 5], "economy": [4.0, 3, 2, 1]}
    )
    frame["name"] = list("abcd")
    found = pearson(frame, "price")
    assert list(found) == ["economy", "size"]
    assert found["economy"].r == pytest.approx(-1.0)
    assert found["size"].r == pytest.approx(np.corrcoef(frame["price"], frame["size"])[0, 1])
    # so it is with 2 degrees of freedom
    assert found["size"].p == pytest.approx(1 - found["size"].r)


def test_columns_of_one_value_or_few_rows_have_no_correlation() -> None:
    frame = pd.DataFrame(
        {"price": [1.0, 2, 3], "same": [5.0, 5, 5], "gaps": [1.0, None, 2], "size": [1.0, 3, 2]}
    )
    assert {name: told.rows for name, told in pearson(frame, "price").items()} == {"size": 3}


def test_f_and_the_share_of_variance_by_hand() -> None:
    told = anova(GROUPS, "wheels", "price")
    # between: 3 · ((2 - 13/3)² + (3 - 13/3)² + (8 - 13/3)²) = 62, within: 3 · 2 = 6
    assert told is not None
    assert (told.groups, told.rows) == (3, 9)
    assert told.f == pytest.approx((62 / 2) / (6 / 6))
    assert told.share == pytest.approx(62 / 68)
    assert told.p == pytest.approx(0.00069, abs=2e-5)


def test_nothing_to_compare_is_no_analysis() -> None:
    assert anova(GROUPS.assign(wheels="a"), "wheels", "price") is None
    assert anova(GROUPS.assign(price=1.0), "wheels", "price") is None
    assert anova(GROUPS.assign(wheels=range(9)), "wheels", "price") is None


def test_groups_two_by_two() -> None:
    found = by_pairs(GROUPS, "wheels", "price")
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found["a", "b"].f == pytest.approx(1.5)
    assert found["a", "c"].rows == 6


def test_categories_are_ranked_by_their_share() -> None:
    frame = GROUPS.assign(doors=list("ababababa"))
    assert list(anovas(frame, ("doors", "wheels"), "price")) == ["wheels", "doors"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), min_size=4, max_size=40))
def test_the_share_is_between_none_and_all_and_tells_f(rows: list[tuple[str, int]]) -> None:
    told = anova(pd.DataFrame(rows, columns=["wheels", "price"]), "wheels", "price")
    if told is not None:
        assert -1e-9 <= told.share < 1
        degrees = (told.groups - 1, told.rows - told.groups)
        assert told.f == pytest.approx(
            told.share / degrees[0] / ((1 - told.share) / degrees[1]), abs=1e-6, rel=1e-6
        )
