"""What a column is guessed to be, on the columns that people have."""

import numpy as np
import pandas as pd
import pytest

from tasks.drafting.roles import guess_role, guess_roles

ROWS = 400
RNG = np.random.default_rng(0)


def texts(values: list[str], name: str = "column") -> pd.Series:
    return pd.Series(values, dtype="string", name=name)


DATES = pd.date_range("2026-01-01", periods=ROWS, freq="7h")
COLUMNS = {
    "number": pd.Series(RNG.normal(size=ROWS)),
    "category": texts(list(RNG.choice(["red", "green", "blue"], ROWS))),
    "date": texts(list(DATES.strftime("%d.%m.%Y"))),
    "text": texts([f"the {w} of number {n}" for n, w in enumerate(["sale", "gift"] * 200)]),
    "identifier": texts([f"K-{n:05}" for n in RNG.permutation(ROWS)]),
    "constant": texts(["same"] * ROWS),
    "left out": texts(list(RNG.choice(["Kim", "Lee"], ROWS)), "last_name"),
}


@pytest.mark.parametrize("role", COLUMNS)
def test_a_column_is_taken_for_what_it_is(role: str) -> None:
    assert guess_role(COLUMNS[role]).role == role


@pytest.mark.parametrize("role", COLUMNS)
def test_gaps_change_nothing(role: str) -> None:
    if role == "constant":  # whether it is there says something then
        return
    gaps = COLUMNS[role].where(RNG.random(ROWS) > 0.2)
    assert guess_role(gaps).role == role


def test_a_number_that_counts_rows_is_an_identifier() -> None:
    assert guess_role(pd.Series(range(100, 200))).role == "identifier"


def test_whole_numbers_that_differ_by_chance_are_numbers() -> None:
    assert guess_role(pd.Series(RNG.permutation(10_000)[:ROWS], name="price")).role == "number"


def test_a_time_zone_or_a_time_is_part_of_a_date() -> None:
    guess = guess_role(texts(list(DATES.strftime("%Y-%m-%dT%H:%M:%S"))))
    assert (guess.role, guess.date_format) == ("date", "%Y-%m-%dT%H:%M")


def test_a_day_over_twelve_tells_day_from_month() -> None:
    assert guess_role(texts(list(DATES.strftime("%m/%d/%Y")))).date_format == "%m/%d/%Y"
    assert guess_role(texts(list(DATES.strftime("%d/%m/%Y")))).date_format == "%d/%m/%Y"


def test_phone_numbers_and_versions_are_no_dates() -> None:
    assert guess_role(texts(["1.2.3456", "99.99.9999"] * 50)).role == "category"


def test_a_number_of_what_several_rows_are_of_hints_at_groups() -> None:
    guess = guess_role(pd.Series(RNG.integers(0, 200, ROWS), name="subject_id"))
    assert guess.role == "identifier"
    assert "--group subject_id" in str(guess.warning)


def test_a_code_of_a_missing_value_is_warned_of() -> None:
    ages = pd.Series([*RNG.integers(18, 80, ROWS), 999, 999])
    assert "999" in str(guess_role(ages).warning)
    assert not guess_role(pd.Series(RNG.integers(0, 1000, ROWS))).warning


def test_only_the_frequent_values_of_many_get_a_feature() -> None:
    values = [*["Seoul"] * 100, *["Busan"] * 50, *[f"village {n % 90}" for n in range(250)]]
    guess = guess_role(texts(values))
    assert guess.role == "category"
    assert {"Seoul", "Busan"} <= set(guess.categories)
    assert len(guess.categories) < 92


def test_a_factor_of_another_column_is_a_repeat() -> None:
    metres = RNG.normal(size=ROWS)
    frame = pd.DataFrame({"m": metres, "y": 1, "cm": metres * 100, "other": RNG.normal(size=ROWS)})
    guesses = guess_roles(frame, "y")
    assert {name: guess.role for name, guess in guesses.items()} == {
        "m": "number",
        "cm": "repeat",
        "other": "number",
    }
    assert "m" in str(guesses["cm"].reason)


def test_numbers_in_another_order_are_no_repeat() -> None:
    frame = pd.DataFrame({"x": np.arange(9.0) % 5, "y": 1})
    frame["folded"] = np.abs(frame["x"] - 2.2)
    assert guess_roles(frame, "y")["folded"].role == "number"
