"""What a person says of a column counts, if its values allow it."""

import pandas as pd
import pytest

from casebook.catalog import Column, Role
from casebook.errors import CasebookError
from tasks.drafting.corrections import with_roles
from tasks.drafting.roles import Guess, guess_roles

ROWS = 100
FRAME = pd.DataFrame(
    {
        "x": [n / 2 for n in range(ROWS)],
        "code": pd.Series([f"shop {n % 40}" for n in range(ROWS)], dtype="string"),
        "day": pd.Series([f"2026-01-{n % 28 + 1:02}" for n in range(ROWS)], dtype="string"),
        "y": 1,
    }
)
GUESSES = guess_roles(FRAME, "y")


def corrected(name: str, role: Role, **said: object) -> Guess:
    column = Column.model_validate({"type": "string", "role": role, **said})
    return with_roles(GUESSES, {name: column}, FRAME)[name]


def test_a_role_is_taken_over() -> None:
    assert corrected("x", "left out").role == "left out"
    assert with_roles(GUESSES, {"x": Column(type="float")}, FRAME) == GUESSES


def test_a_category_that_was_none_gets_its_frequent_values() -> None:
    guesses = {**GUESSES, "code": Guess("identifier", GUESSES["x"].reason)}
    column = Column(type="string", role="category")
    guess = with_roles(guesses, {"code": column}, FRAME)["code"]
    assert (len(guess.categories), guess.rarer) == (30, True)


def test_values_of_a_category_are_not_taken_for_the_words_of_a_text() -> None:
    listed = GUESSES["code"].categories  # as the catalog has them, in which a person edits the role
    assert corrected("code", "text", categories=list(listed)).categories == ()  # all have "shop"
    assert corrected("code", "text", categories=["shop", "mall"]).categories == ("shop", "mall")


def test_whether_there_are_rarer_values_is_taken_over() -> None:
    assert GUESSES["code"].rarer
    assert not corrected("code", "category", categories=["shop 1", "shop 2"]).rarer
    assert corrected("code", "category", categories=["shop 1"], rarer=True).rarer


def test_dates_are_categories_and_texts_if_somebody_says_so() -> None:
    assert GUESSES["day"].role == "date"
    assert len(corrected("day", "category").categories) == 28
    assert corrected("day", "date", date_format="%Y-%m-%d").date_format == "%Y-%m-%d"


@pytest.mark.parametrize(
    ("name", "role", "why"),
    [
        ("code", "number", "it holds texts"),
        ("x", "category", "set its type to .string."),
        ("code", "date", "no dates"),
    ],
)
def test_values_that_do_not_fit_are_told(name: str, role: Role, why: str) -> None:
    with pytest.raises(CasebookError, match=f"{name} is a {role}, but .*{why}"):
        corrected(name, role)
