"""Suite: a draft of expectations that the next file is held to, from what a table holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from tasks.drafting.roles import Guess
from tasks.problem.definition import Problem

SLACK = 0.5  # of a column's range: so far beyond it may a later value lie
MISSING_SLACK = 0.1  # of the rows: so many more may lack a value
QUARANTINE = 0.05  # of the rows may be set aside
LEFT_OUT = ("identifier", "constant", "repeat", "left out")


def draft_suite(
    name: str, frame: pd.DataFrame, guesses: Mapping[str, Guess], problem: Problem
) -> str:
    """Return a suite in the JSON of Great Expectations, to be read and edited.

    Parameters
    ----------
    name
        Of the case.
    frame
        The table that was looked at.
    guesses
        What its columns seem to be.
    problem
        What is predicted.
    """
    expectations = [
        _rule(
            "expect_table_row_count_to_be_between",
            "a file of so few rows was cut short",
            min_value=max(1, len(frame) // 10),
        )
    ]
    if problem.classes:
        expectations.append(_target_in_set(frame, problem))
    for column, guess in guesses.items():
        if guess.role not in LEFT_OUT:
            expectations += _of_column(frame[column], guess)
    suite = {
        "name": name,
        "meta": {"quarantine_limit": QUARANTINE, "drafted": "from the table; read and edit it"},
        "expectations": expectations,
    }
    return json.dumps(suite, indent=1, ensure_ascii=False) + "\n"


def _of_column(values: pd.Series, guess: Guess) -> Iterator[dict[str, Any]]:
    name = str(values.name)
    missing = float(values.isna().mean())
    yield _rule(
        "expect_column_values_to_not_be_null",
        f"{missing:.1%} were missing when this was drafted",
        column=name,
        mostly=round(max(0.0, 1 - missing - MISSING_SLACK), 4),
    )
    if guess.role == "number":
        low, high = float(values.min()), float(values.max())
        slack = SLACK * (high - low)
        yield _rule(
            "expect_column_values_to_be_between",
            f"it was {low:g} to {high:g}; half of that range is left on either side",
            column=name,
            min_value=low if low == 0 else low - slack,
            max_value=high + slack,
            quarantine=True,
        )
    if guess.role == "category" and len(guess.categories) == values.nunique():
        yield _rule(
            "expect_column_values_to_be_in_set",
            "a new category is nothing that the model knows",
            column=name,
            value_set=list(guess.categories),
            mostly=1 - MISSING_SLACK,
        )


def _target_in_set(frame: pd.DataFrame, problem: Problem) -> dict[str, Any]:
    """Return that the target is one of the classes, or missing: such rows are dropped."""
    numeric = pd.api.types.is_numeric_dtype(frame[problem.target])
    labels = [float(label) if numeric else label for label in problem.labels]
    return _rule(
        "expect_column_values_to_be_in_set",
        "a class that the model can't answer",
        column=problem.target,
        value_set=labels,
        quarantine=True,
    )


def _rule(kind: str, why: str, *, quarantine: bool = False, **limits: Any) -> dict[str, Any]:
    meta = {"why": why, **({"on_failure": "quarantine"} if quarantine else {})}
    return {"type": kind, "kwargs": limits, "severity": "critical", "meta": meta}
