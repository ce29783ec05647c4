"""Corrections: what a person says of columns, in the place of what was guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from casebook.catalog import Column
from casebook.errors import CasebookError
from casebook.language import msg
from tasks.drafting.roles import Guess, as_category, date_format, frequent_words


def with_roles(
    guesses: Mapping[str, Guess], given: Mapping[str, Column], frame: pd.DataFrame
) -> dict[str, Guess]:
    """Return the guesses with what a person has set in their place.

    Raises
    ------
    CasebookError
        A column's values don't fit the role that it was given.
    """
    changed = dict(guesses)
    for name, guess in guesses.items():
        column = given.get(name)
        if column is not None and column.role is not None and _differs(column, guess):
            changed[name] = _corrected(guess, column, frame[name])
    return changed


def _differs(column: Column, guess: Guess) -> bool:
    """Say whether a column's entry is another one than the guess would give."""
    if column.role != guess.role:
        return True
    said = (column.categories, column.rarer, column.date_format)
    return any(said) and said != (guess.categories, guess.rarer, guess.date_format)


def _corrected(guess: Guess, column: Column, values: pd.Series) -> Guess:
    assert column.role is not None
    categories = column.categories or guess.categories
    if column.role != guess.role and categories == guess.categories:
        categories = ()  # the words of a text are no values of a category, nor these its words
    corrected = replace(
        guess,
        role=column.role,
        reason=msg("you said so"),
        categories=categories,
        rarer=column.rarer,
        date_format=column.date_format or guess.date_format,
    )
    present = values.dropna()
    numeric = pd.api.types.is_numeric_dtype(values)
    if column.role == "number" and not numeric:
        raise _unfit(values, "number", "it holds texts")
    if column.role in ("category", "text", "date") and numeric:
        raise _unfit(values, column.role, 'it holds numbers; set its type to "string" as well')
    if column.role == "category" and not corrected.categories:
        listed = as_category(present)
        return replace(corrected, categories=listed.categories, rarer=listed.rarer)
    if column.role == "text" and not corrected.categories:
        return replace(corrected, categories=frequent_words(present))
    if column.role == "date" and not corrected.date_format:
        form = date_format(present)
        if form is None:
            raise _unfit(values, "date", "most of its texts are no dates that can be read")
        return replace(corrected, date_format=form.pattern)
    return corrected


def _unfit(values: pd.Series, role: str, why: str) -> CasebookError:
    return CasebookError(
        f"--columns says that {values.name} is a {role}, but {why}. Correct its role there."
    )
