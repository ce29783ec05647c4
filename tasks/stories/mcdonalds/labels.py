"""Check whether calories and serving sizes of nutrition labels agree with the rest of the label."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from casebook.errors import CasebookError
from casebook.language import msg
from tasks.pages.findings import Section, make_finding

# per g, after W. O. Atwater; nothing here has alcohol (7)
KCAL = {"Total Fat": 9, "Carbohydrates": 4, "Protein": 4}
ML_PER_FL_OZ, G_PER_OZ = 29.5735, 28.3495
OZ_DIGIT, G_DIGIT = 0.05, 0.5  # what rounding to a tenth of an ounce, and to a gram, can hide
LISTED = 10


class Serving(NamedTuple):
    """How much a serving is: of food in grams, of a drink in millilitres."""

    amount: float
    unit: Literal["g", "ml"]


def serving(text: str) -> Serving:
    """Read a serving size as menus write it.

    Examples are "4.8 oz (136 g)", "1 cookie (33 g)", "1 carton (236 ml)" and "16 fl oz cup". What
    stands in brackets is metric and takes precedence; fluid ounces are US ones of 29.5735 ml.

    Raises
    ------
    CasebookError
        It is written in none of these ways.
    """
    metric = re.search(r"\((\d+(?:\.\d+)?) (g|ml)\)", text)
    if metric:
        return Serving(float(metric[1]), "g" if metric[2] == "g" else "ml")
    fluid = re.match(r"(\d+(?:\.\d+)?) fl oz\b", text)
    if fluid:
        return Serving(float(fluid[1]) * ML_PER_FL_OZ, "ml")
    raise CasebookError(
        f"The serving size {text!r} can't be read. Write it as '4.8 oz (136 g)', '1 carton (236 "
        "ml)' or '16 fl oz cup'."
    )


def ounces_disagree(text: str) -> bool:
    """Say whether a serving's ounces are other than its grams by more than the rounding of both."""
    both = re.match(r"(\d+(?:\.\d+)?) oz \((\d+(?:\.\d+)?) g\)", text)
    limit = OZ_DIGIT * G_PER_OZ + G_DIGIT
    return both is not None and abs(float(both[1]) * G_PER_OZ - float(both[2])) > limit


def with_servings(frame: pd.DataFrame) -> pd.DataFrame:
    """Add how much a serving is, `amount` in its `unit`, and the sodium in 100 of it."""
    sizes = [serving(text) for text in frame["Serving Size"]]
    amounts = [size.amount for size in sizes]
    frame = frame.assign(amount=amounts, unit=[size.unit for size in sizes])
    return frame.assign(salt_per_100=frame["Sodium"] / frame["amount"] * 100)


def with_counted_calories(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the calories of fat, carbohydrates and protein, and the range that rounding allows.

    The range is from the least to the most that rounding lets a label say. Labels round calories to
    5 up to 50 and to 10 above, and may say 0 below 5. They round fat to half a gram up to 5 g and
    to a gram above, and the others to a gram. Fibre's 4 kcal per g may be left out (21 CFR
    101.9(c)).
    """
    stated, fat = frame["Calories"], frame["Total Fat"]
    counted = sum(frame[name] * kcal for name, kcal in KCAL.items())
    fat_digit = np.select([fat >= 5, fat > 0], [0.5, 0.25], 0.5)
    digit = np.select([stated > 50, stated > 0], [5, 2.5], 5) + 9 * fat_digit + 4 * 0.5 + 4 * 0.5
    return frame.assign(
        counted=counted, least=counted - digit - 4 * frame["Dietary Fiber"], most=counted + digit
    )


def calories(menu: pd.DataFrame) -> Section:
    """Tell which labels say other calories than their fat, carbohydrates and protein have."""
    gap = (menu["counted"] - menu["Calories"]).abs().set_axis(menu["Item"])
    off = menu[(menu["Calories"] < menu["least"]) | (menu["Calories"] > menu["most"])]
    table = tuple(
        {
            "item": row.Item,
            "category": row.Category,
            "on the label (kcal)": f"{row.Calories:,}",
            "counted (kcal)": f"{row.counted:,.0f}",
        }
        for row in off.head(LISTED).itertuples()
    )
    return Section(
        title=msg("Do the calories add up?"),
        findings=(
            make_finding(
                "calories_off",
                gap[list(off["Item"])].to_dict(),
                msg(
                    "9 kcal per g of fat, 4 per g of carbohydrates and 4 per g of protein "
                    "(nothing has alcohol) are other calories than the label's in {count} of "
                    "{items} items, by more than rounding and fibre explain.",
                    count=len(off),
                    items=len(menu),
                ),
            ),
            make_finding(
                "calories_gap",
                {"median": float(gap.median()), "greatest": float(gap.max())},
                msg(
                    "The median gap is {median:.1f} kcal, the greatest {greatest:.0f} kcal.",
                    median=float(gap.median()),
                    greatest=float(gap.max()),
                ),
            ),
        ),
        tables=(table,),
    )


def servings(menu: pd.DataFrame) -> Section:
    """Tell how large servings are, which contradict themselves, and what is saltiest by weight."""
    medians, counts = menu.groupby("unit")["amount"].median(), menu["unit"].value_counts()
    wrong = menu[menu["Serving Size"].map(ounces_disagree)]
    salt = menu[menu["unit"] == "g"].set_index("Item")["salt_per_100"].nlargest(LISTED)
    return Section(
        title=msg("Serving sizes"),
        findings=(
            make_finding(
                "servings",
                medians.to_dict(),
                msg(
                    "{food} servings are in grams, the median {g:.0f} g, {drinks} in millilitres, "
                    "the median {ml:.0f} ml.",
                    food=int(counts["g"]),
                    g=float(medians["g"]),
                    drinks=int(counts["ml"]),
                    ml=float(medians["ml"]),
                ),
            ),
            make_finding(
                "ounces_off",
                wrong.set_index("Item")["Serving Size"].to_dict(),
                msg(
                    "{count} sizes contradict themselves: their ounces are not their grams "
                    "({sizes}).",
                    count=len(wrong),
                    sizes=", ".join(sorted(set(wrong["Serving Size"]))) or "–",
                ),
            ),
            make_finding(
                "saltiest_by_weight",
                salt.to_dict(),
                msg(
                    "By weight {item} is saltiest: {mg:,.0f} mg of sodium in 100 g.",
                    item=str(salt.index[0]),
                    mg=float(salt.iloc[0]),
                ),
            ),
        ),
        tables=(
            tuple(
                {"item": str(item), "sodium in 100 g (mg)": f"{mg:,.0f}"}
                for item, mg in salt.items()
            ),
        ),
    )
