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
    correlations = pearson(frame, "price")
    assert list(correlations) == ["economy", "size"]
    assert correlations["economy"].r == pytest.approx(-1.0)
    assert correlations["size"].r == pytest.approx(np.corrcoef(frame["price"], frame["size"])[0, 1])
    # so it is with 2 degrees of freedom
    assert correlations["size"].p == pytest.approx(1 - correlations["size"].r)


def test_columns_of_one_value_or_few_rows_have_no_correlation() -> None:
    frame = pd.DataFrame(
        {"price": [1.0, 2, 3], "same": [5.0, 5, 5], "gaps": [1.0, None, 2], "size": [1.0, 3, 2]}
    )
    assert {name: correlation.rows for name, correlation in pearson(frame, "price").items()} == {
        "size": 3
    }


def test_f_and_the_share_of_variance_by_hand() -> None:
    variance = anova(GROUPS, "wheels", "price")
    # between: 3 · ((2 - 13/3)² + (3 - 13/3)² + (8 - 13/3)²) = 62, within: 3 · 2 = 6
    assert variance is not None
    assert (variance.groups, variance.rows) == (3, 9)
    assert variance.f == pytest.approx((62 / 2) / (6 / 6))
    assert variance.share == pytest.approx(62 / 68)
    assert variance.p == pytest.approx(0.00069, abs=2e-5)


def test_nothing_to_compare_is_no_analysis() -> None:
    assert anova(GROUPS.assign(wheels="a"), "wheels", "price") is None
    assert anova(GROUPS.assign(price=1.0), "wheels", "price") is None
    assert anova(GROUPS.assign(wheels=range(9)), "wheels", "price") is None


def test_groups_two_by_two() -> None:
    variances = by_pairs(GROUPS, "wheels", "price")
    assert list(variances) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert variances["a", "b"].f == pytest.approx(1.5)
    assert variances["a", "c"].rows == 6


def test_categories_are_ranked_by_their_share() -> None:
    frame = GROUPS.assign(doors=list("ababababa"))
    assert list(anovas(frame, ("doors", "wheels"), "price")) == ["wheels", "doors"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), min_size=4, max_size=40))
def test_the_share_is_between_none_and_all_and_tells_f(rows: list[tuple[str, int]]) -> None:
    variance = anova(pd.DataFrame(rows, columns=["wheels", "price"]), "wheels", "price")
    if variance is not None:
        assert -1e-9 <= variance.share < 1
        degrees = (variance.groups - 1, variance.rows - variance.groups)
        assert variance.f == pytest.approx(
            variance.share / degrees[0] / ((1 - variance.share) / degrees[1]), abs=1e-6, rel=1e-6
        )
