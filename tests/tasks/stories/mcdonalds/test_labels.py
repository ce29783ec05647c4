"""Serving sizes are parsed as written, and calories are counted within rounding."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebook.errors import CasebookError
from tasks.stories.mcdonalds.labels import ounces_disagree, serving, with_counted_calories


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("4.8 oz (136 g)", 136, "g"),
        ("1 cookie (33 g)", 33, "g"),
        ("1 carton (236 ml)", 236, "ml"),
        ("6 fl oz (177 ml)", 177, "ml"),
        ("16 fl oz cup", 473.176, "ml"),
        ("16.9 fl oz", 499.79215, "ml"),
    ],
)
def test_servings_are_read_as_the_menu_writes_them(text: str, amount: float, unit: str) -> None:
    assert serving(text) == (pytest.approx(amount), unit)


@pytest.mark.parametrize("text", ["", "a handful", "16 oz", "(g)", "fl oz", "4.8 oz (136 kg)"])
def test_other_servings_are_refused_with_the_ways_that_are_read(text: str) -> None:
    with pytest.raises(CasebookError, match=r"can't be read\. Write it as '4\.8 oz \(136 g\)'"):
        serving(text)


@given(st.floats(0.5, 40, allow_nan=False))
def test_ounces_and_grams_that_are_rounded_do_not_disagree(ounces: float) -> None:
    grams = round(ounces * 28.3495)
    assert not ounces_disagree(f"{ounces:.1f} oz ({grams} g)")
    assert ounces_disagree(f"{ounces:.1f} oz ({grams + 4} g)")


def test_only_ounces_beside_grams_can_disagree() -> None:
    assert not ounces_disagree("16 fl oz cup")
    assert not ounces_disagree("1 cookie (33 g)")
    assert ounces_disagree("9.6 oz (251 g)")


@given(st.floats(0, 100), st.floats(0, 200), st.floats(0, 100), st.floats(0, 10))
def test_a_label_that_is_only_rounded_is_never_off(
    fat: float, carbohydrates: float, protein: float, fibre: float
) -> None:
    kcal = 9 * fat + 4 * carbohydrates + 4 * protein
    stated = 0 if kcal < 5 else 5 * round(kcal / 5) if kcal <= 50 else 10 * round(kcal / 10)
    stated_fat = 0 if fat < 0.5 else round(2 * fat) / 2 if fat < 5 else round(fat)
    label = pd.DataFrame(
        {"Calories": [stated], "Total Fat": [stated_fat], "Carbohydrates": [round(carbohydrates)]}
    )
    label = label.assign(Protein=[round(protein)], **{"Dietary Fiber": [fibre]})
    row = with_counted_calories(label).iloc[0]
    assert row["least"] - 1e-9 <= row["Calories"] <= row["most"] + 1e-9


def test_calories_without_fat_carbohydrates_or_protein_are_off() -> None:
    label = pd.DataFrame(
        {
            "Calories": [100],
            "Total Fat": [0.0],
            "Carbohydrates": [0],
            "Protein": [0],
            "Dietary Fiber": [0],
        }
    )
    row = with_counted_calories(label).iloc[0]
    assert row["counted"] == 0 and row["Calories"] > row["most"]
