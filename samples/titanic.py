"""Titanic: the embedded sample."""

from __future__ import annotations

import numpy as np
import pandas as pd


def make_passengers(rows: int, seed: int) -> pd.DataFrame:
    """Make the embedded sample: passengers with a learnable survival.

    They have the public file's columns, titles and gaps. One age in five, three cabins in four and
    a few ports are missing; women, children and the first class survive more often.
    """
    rng = np.random.default_rng(seed)
    female = rng.random(rows) < 0.35
    place = rng.choice([1, 2, 3], rows, p=[0.25, 0.2, 0.55])
    age = rng.normal(30, 14, rows).clip(1, 80).round()
    married = rng.random(rows) < 0.5
    title = np.where(female, np.where(married, "Mrs", "Miss"), np.where(age < 14, "Master", "Mr"))
    title[rng.random(rows) < 0.02] = "Dr"
    siblings, parents = (rng.poisson(mean, rows) for mean in (0.5, 0.4))
    deck = np.where(place == 1, rng.choice(list("ABCDE"), rows), rng.choice(list("EF"), rows))
    cabin = pd.Series(
        [
            f"{letter}{number}"
            for letter, number in zip(deck, rng.integers(1, 130, rows), strict=True)
        ]
    )
    logit = 2.6 * female + 1.5 * (age < 14) - 0.9 * (place - 2) - 0.25 * siblings - 1.2
    frame = pd.DataFrame(
        {
            "PassengerId": np.arange(1, rows + 1),
            "Survived": (rng.random(rows) < 1 / (1 + np.exp(-1.5 * logit))).astype("int64"),
            "Pclass": place,
            "Name": [f"Sample{i}, {t}. Ada" for i, t in enumerate(title)],
            "Sex": np.where(female, "female", "male"),
            "Age": np.where(rng.random(rows) < 0.2, np.nan, age),
            "SibSp": siblings,
            "Parch": parents,
            "Ticket": rng.integers(1000, 1000 + 2 * rows, rows).astype(str),
            "Fare": np.exp(rng.normal(4.6 - 0.7 * place, 0.5)).round(4),
            "Cabin": cabin.where(rng.random(rows) < np.where(place == 1, 0.8, 0.05)),
            "Embarked": pd.Series(rng.choice(["C", "Q", "S"], rows, p=[0.2, 0.1, 0.7])),
        }
    )
    frame.loc[rng.choice(rows, min(2, rows), replace=False), "Embarked"] = None
    return frame
