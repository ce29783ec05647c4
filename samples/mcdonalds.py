"""What is in a fast-food menu: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd

DRINKS = ("Beverages", "Coffee & Tea", "Smoothies & Shakes")
DAY = {  # what a day of 2,000 kcal had on labels of the time
    "Total Fat": 65,
    "Saturated Fat": 20,
    "Cholesterol": 300,
    "Sodium": 2400,
    "Carbohydrates": 300,
    "Dietary Fiber": 25,
}


def make_menu(rows: int, seed: int) -> pd.DataFrame:
    """Make the embedded sample: items with the menu's columns.

    Servings are written in the menu's ways, and numbers are rounded as on labels.
    """
    rng = np.random.default_rng(seed)
    drink = rng.random(rows) < 0.5
    category = np.where(
        drink, rng.choice(DRINKS, rows), rng.choice(["Breakfast", "Salads", "Beef & Pork"], rows)
    )
    grams, ounces = rng.integers(30, 500, rows), rng.choice([12, 16, 22, 32], rows)
    protein = np.where(drink, rng.integers(0, 12, rows), rng.gamma(3, 7, rows)).round()
    fat = np.where(drink, rng.gamma(1, 3, rows), protein * rng.uniform(0.4, 1.4, rows)).round()
    sugar = np.where(drink, rng.gamma(2, 20, rows), rng.gamma(2, 4, rows)).round()
    starch = np.where(drink, 2, rng.integers(5, 60, rows))
    salt = np.where(drink, rng.gamma(2, 60, rows), protein * rng.uniform(15, 70, rows))
    salt[np.flatnonzero(~drink)[0]] = 3000
    size = [
        f"{o} fl oz cup" if d else f"{g / 28.3495:.1f} oz ({g} g)"
        for d, o, g in zip(drink, ounces, grams, strict=True)
    ]
    kcal = 9 * fat + 4 * (starch + sugar) + 4 * protein
    amounts = {
        "Calories": kcal.round(-1),
        "Calories from Fat": (9 * fat).round(-1),
        "Total Fat": fat,
        "Saturated Fat": (fat * 0.4).round(),
        "Trans Fat": np.where(drink, 0, rng.choice([0, 0, 0.5, 1.5], rows)),
        "Cholesterol": (protein * 4 / 5).round() * 5,
        "Sodium": salt.round(-1),
        "Carbohydrates": starch + sugar,
        "Dietary Fiber": np.where(drink, 0, rng.integers(0, 5, rows)),
        "Sugars": sugar,
        "Protein": protein,
    }
    names = [f"Item {number}" for number in range(1, rows + 1)]
    menu = pd.DataFrame({"Category": category, "Item": names, "Serving Size": size, **amounts})
    shares = {name: menu[name].to_numpy() / day * 100 for name, day in DAY.items()}
    shares |= {
        name: rng.gamma(1, 12, rows) for name in ("Vitamin A", "Vitamin C", "Calcium", "Iron")
    }
    return menu.assign(
        **{f"{name} (% Daily Value)": share.round() for name, share in shares.items()}
    )
