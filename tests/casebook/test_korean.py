"""Particles follow the word before them, as it is read."""

import pytest

from casebook.korean import with_particles


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("버전 1이(가)", "버전 1이"),
        ("버전 2이(가)", "버전 2가"),
        ("버전 10은(는)", "버전 10은"),
        ("0.5(으)로", "0.5로"),
        ("0.3(으)로", "0.3으로"),
        ("7(으)로", "7로"),
        ("AUPRC(으)로", "AUPRC로"),
        ("RMSE을(를)", "RMSE를"),
        ("ensemble과(와)", "ensemble과"),
        ("forest와(과)", "forest와"),
        ("boosting을(를)", "boosting을"),
        ("<b>값</b>(으)로", "<b>값</b>으로"),
        ("나무이(가)", "나무가"),
        ("길(으)로", "길로"),
        ("<code>x</code>을(를)", "<code>x</code>를"),
        ("“말”은(는)", "“말”은"),
    ],
)
def test_the_form_fits_what_stands_before(given: str, right: str) -> None:
    assert with_particles(given) == right


def test_all_else_stays() -> None:
    assert with_particles("f(x) 이(가) (으)로") == "f(x) 이(가) (으)로"
    assert with_particles("표 하나") == "표 하나"
