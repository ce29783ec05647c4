"""Split by time: the last rows are for the test, those before them for validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from casebook.array_types import Float64Array
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_table, write_table
from tasks.data.dates import DateFormat, DatePart
from tasks.evaluation.leakage_checks import repeats_across
from tasks.problem.definition import Problem
from tasks.problem.targets import has_target
from tasks.tables.split import PARTS, Parts

TEST, VALIDATION = 0.2, 0.16  # of the rows


@stage
def split_by_time(
    out: Path, table: Ref, problem: Problem, column: str, date_format: str, seed: int
) -> Facts:
    """Split a table into an earlier part to train on and later ones to validate and to test.

    The output has one fold. Rows of one time stay together.

    Parameters
    ----------
    table
        The rows, in any order.
    problem
        Names the target.
    column, date_format
        The column of times, and how `strftime` writes them; of numbers it is empty.
    seed
        Fixes the order of the training rows.

    Raises
    ------
    CasebookError
        A time is missing, or too many rows have the same one.
    """
    frame = read_table(table)
    has_target(frame, problem.target)
    parts = by_time(frame, times(frame, column, date_format), seed)
    repeats_across(parts)
    folder = out / fold_name(0)
    folder.mkdir()
    for name, part in parts.items():
        write_table(folder, part, name)
    return {"folds": 1, "repeats": 1, "rows": {name: len(part) for name, part in parts.items()}}


def times(frame: pd.DataFrame, column: str, date_format: str) -> Float64Array:
    """Return each row's time: a number as it is, or the days since 1970.

    Raises
    ------
    CasebookError
        A row has none.

    Examples
    --------
    >>> times(pd.DataFrame({"day": ["01.01.1970", "03.01.1970"]}), "day", "%d.%m.%Y").tolist()
    [0.0, 2.0]
    """
    if date_format:
        form = DateFormat.of(date_format)
        days = DatePart(column, "days", "days", form).compute(frame).to_numpy("float64")
        hours = DatePart(column, "hour", "hour", form).compute(frame).to_numpy("float64")
        values = days + hours / 24
    else:
        values = frame[column].to_numpy("float64")
    if np.isnan(values).any():
        raise CasebookError(
            f"{column} has no time in {int(np.isnan(values).sum()):,} of {len(frame):,} rows, and "
            "the table is split by it. Remove these rows, or name another column with --time."
        )
    return values


def by_time(frame: pd.DataFrame, at: Float64Array, seed: int) -> Parts:
    """Return the parts: rows up to a time, after it, and the last.

    Raises
    ------
    CasebookError
        So many rows have the same time that a part would be empty.

    Examples
    --------
    >>> parts = by_time(pd.DataFrame({"x": range(10)}), np.arange(10.0), 0)
    >>> {name: sorted(part["x"]) for name, part in parts.items()}
    {'train': [0, 1, 2, 3, 4, 5], 'validation': [6, 7], 'test': [8, 9]}
    """
    first_tested = np.quantile(at, 1 - TEST, method="higher")
    first_validated = np.quantile(at, 1 - TEST - VALIDATION, method="higher")
    rows = (
        np.flatnonzero(at < first_validated),
        np.flatnonzero((at >= first_validated) & (at < first_tested)),
        np.flatnonzero(at >= first_tested),
    )
    if not all(map(len, rows)):
        raise CasebookError(
            "Too many rows have the same time to split by it: a part would be empty. Name a finer "
            "column with --time, or leave it out."
        )
    order = np.random.default_rng(seed).permutation(rows[0])
    return {
        name: frame.iloc[places] for name, places in zip(PARTS, (order, *rows[1:]), strict=True)
    }
