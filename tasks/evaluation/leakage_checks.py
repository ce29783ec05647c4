"""Fail loudly where metrics would be too good to be true, and name the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy import typing as npt

from casebook.errors import CasebookError
from tasks.problem.definition import Problem


def repeats_across(parts: dict[str, pd.DataFrame]) -> None:
    """Refuse parts that share a row, value for value.

    Raises
    ------
    CasebookError
        Some rows of one part stand in another too; the first are named by their position in the
        table.

    Examples
    --------
    >>> train, test = pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [3, 2]}, index=[2, 3])
    >>> repeats_across({"train": train, "test": test})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    casebook.errors.CasebookError: 1 row of the train part stands in the test part too (rows 1)...
    """
    hashes = {name: pd.util.hash_pandas_object(part, index=False) for name, part in parts.items()}
    names = list(parts)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            shared = hashes[first][hashes[first].isin(hashes[second])]
            if len(shared):
                rows = ", ".join(map(str, shared.index[:5]))
                rows_stand = (
                    f"1 row of the {first} part stands"
                    if len(shared) == 1
                    else f"{len(shared):,} rows of the {first} part stand"
                )
                raise CasebookError(
                    f"{rows_stand} in the {second} part too "
                    f"(rows {rows}): the test would ask for what was learnt. Drop repeats before "
                    "the split, or group them."
                )


def fitted_on(seen: int, train_rows: int) -> None:
    """Refuse a feature transformer that saw another number of rows than the training part has.

    Raises
    ------
    CasebookError
        It saw rows of the validation or test part, or missed some of the training part.
    """
    if seen != train_rows:
        raise CasebookError(
            f"The features were fitted on {seen:,} rows, but the training part has {train_rows:,}: "
            "fit them on the training part only."
        )


def in_order_of_time(parts: Mapping[str, Mapping[str, npt.NDArray[Any]]]) -> None:
    """Refuse parts of a series that are shuffled, or of which one learns what a later one is asked.

    Parameters
    ----------
    parts
        In the order of time; each has `day`, the place of each row's first answered step, and `y`,
        the truth of that step and those after it, not a number where the part doesn't know it.

    Raises
    ------
    CasebookError
        A part's rows are not in the order of time, or its truth reaches into a later part; rows are
        named.
    """
    names = list(parts)
    for i, name in enumerate(names):
        days = parts[name]["day"]
        if (np.diff(days) <= 0).any():
            row = int(np.argmax(np.diff(days) <= 0)) + 1
            raise CasebookError(
                f"The time windows of the {name} part are shuffled: row {row} begins at "
                f"{days[row]}, after one that begins at {days[row - 1]}. Keep windows in the order "
                "of time until they are parted."
            )
        finite = np.isfinite(parts[name]["y"].reshape(len(days), -1))
        last = np.where(
            finite.any(axis=1),
            days + finite.shape[1] - 1 - finite[:, ::-1].argmax(axis=1),
            days - 1,
        )
        for later in names[i + 1 :]:
            over = np.flatnonzero(last >= parts[later]["day"].min())
            if len(over):
                raise CasebookError(
                    f"{len(over):,} time windows of the {name} part overlap the {later} part: the "
                    f"truth of row {over[0]} reaches {last[over[0]]}, and the {later} part begins "
                    f"at {parts[later]['day'].min()}. Cut the parts apart in time, and leave out "
                    "what a part can't know."
                )


def both_classes(y: Mapping[str, npt.NDArray[Any]], problem: Problem) -> None:
    """Refuse parts of which one lacks a class that is to be told apart in it.

    Of several classes the validation and the test part may lack one, but no training part: no model
    would know of it.

    Raises
    ------
    CasebookError
        There is such a part; it is named with its class.
    """
    absent = sorted(set(range(len(problem.labels))) - set(np.unique(y["train"]).astype(int)))
    if problem.problem_type == "multiclass" and absent:
        names = ", ".join(problem.labels[label] for label in absent)
        raise CasebookError(
            f"The training part has no row of {names}: no model could learn of it. Split the table "
            "in another way (--time and --group decide), join rare classes, or leave them out."
        )
    for name, truth in y.items():
        there = np.unique(truth)
        if problem.problem_type == "binary" and len(there) < 2:
            label = problem.labels[int(there[0])] if len(there) else "none"
            raise CasebookError(
                f"All {len(truth):,} rows of the {name} part are of one class ({label}): "
                f"{problem.title} has no value there. Part the table so that each part has rows of "
                "both classes."
            )
