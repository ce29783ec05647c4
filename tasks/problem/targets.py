"""Truth: the target of each row as a number, for a class its place among the labels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from casebook.array_types import AnyArray, Float64Array
from casebook.errors import CasebookError
from tasks.problem.definition import Problem

LISTED = 5  # values that a message names


def truth(frame: pd.DataFrame, problem: Problem) -> Float64Array:
    """Return the target of each row: the number itself, or the number of its class.

    A class is written as its label, or as its number from 0 on where the labels are names and the
    column has numbers.

    Raises
    ------
    CasebookError
        A row has no target, or one that is none of the labels.

    Examples
    --------
    >>> problem = Problem(
    ...     problem_type="binary", target="y", labels=("no", "yes"), primary_metric="f1", metrics=()
    ... )
    >>> truth(pd.DataFrame({"y": ["yes", "no"]}), problem).tolist()
    [1.0, 0.0]
    >>> truth(pd.DataFrame({"y": [1, 0]}), problem).tolist()
    [1.0, 0.0]
    """
    has_target(frame, problem.target)
    values = frame[problem.target]
    if problem.classes:
        return class_numbers(values, problem)
    numbers = values.to_numpy("float64")
    if not np.isfinite(numbers).all():
        raise CasebookError(
            f"{problem.target} is infinite in {int(np.isinf(numbers).sum()):,} rows: drop or mend "
            "them."
        )
    return numbers


def logarithm(y: AnyArray, problem: Problem) -> AnyArray:
    """Return the logarithm of the target.

    Raises
    ------
    CasebookError
        It has values that have none.
    """
    if y.min() <= 0:
        raise CasebookError(
            f"{problem.target} has values of {y.min():g}, but only positive numbers have a "
            "logarithm."
        )
    logarithms: AnyArray = np.log(y)
    return logarithms


def class_numbers(values: pd.Series, problem: Problem) -> Float64Array:
    """Return each label's place among the labels.

    Raises
    ------
    CasebookError
        A value is none of the labels.
    """
    places = places_of(problem, text=not _numeric(values))
    numbers = (values.astype("float64") if _numeric(values) else values).map(places)
    if numbers.isna().any():
        strange = values[numbers.isna()]
        shown = ", ".join(map(repr, strange.drop_duplicates().head(LISTED).tolist()))
        raise CasebookError(
            f"{problem.target} has values that are none of its labels in {len(strange):,} rows: "
            f"{shown}. The case's Problem lists the labels {', '.join(map(repr, problem.labels))}; "
            "a column of numbers may have "
            f"{', '.join(f'{place:g}' for place in places_of(problem, text=False))}. Correct the "
            "labels or the data."
        )
    classes: Float64Array = np.asarray(numbers, "float64")
    return classes


def places_of(problem: Problem, *, text: bool) -> dict[object, int]:
    """Return the number of each class by how a column writes it.

    Examples
    --------
    Labels that are numbers are what a column of numbers holds, not places.

    >>> problem = Problem(
    ...     problem_type="binary", target="y", labels=("2", "1"), primary_metric="f1", metrics=()
    ... )
    >>> places_of(problem, text=False)
    {2: 0, 1: 1}
    """
    if text:
        return {label: place for place, label in enumerate(problem.labels)}
    if all(label.removeprefix("-").isdecimal() for label in problem.labels):
        return {int(label): place for place, label in enumerate(problem.labels)}
    return {place: place for place in range(len(problem.labels))}


def has_target(frame: pd.DataFrame, target: str) -> None:
    """Refuse a table in which rows have no target.

    Raises
    ------
    CasebookError
        The target is missing in some rows.
    """
    gaps = frame[target].isna()
    if gaps.any():
        raise CasebookError(
            f"{target}, which is to be predicted, is missing in {int(gaps.sum()):,} of "
            f"{len(frame):,} rows (first in row {int(gaps.to_numpy().argmax())}). Drop them before "
            "the split, with the cleaning step "
            f'DropWithout("{target}").'
        )


def _numeric(values: pd.Series) -> bool:

    return pd.api.types.is_numeric_dtype(values)
