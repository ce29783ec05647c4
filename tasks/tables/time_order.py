"""Time order: a table that is judged by its last rows."""

from __future__ import annotations

from dataclasses import dataclass

from casebook.language import Message, msg
from casebook.store import Ref
from tasks.problem.definition import Problem
from tasks.tables.parameters import RepeatedFoldsParams
from tasks.tables.split_time import split_by_time
from tasks.tables.splitters import RepeatedKFold


@dataclass(frozen=True)
class TimeOrder(RepeatedKFold):
    """One split by time: the last fifth of the rows is for the test, those before for validation.

    Attributes
    ----------
    column
        The times.
    date_format
        How `strftime` writes them; empty where they are numbers.
    """

    standard: int = 1
    plotted_folds: int = 1
    column: str = ""
    date_format: str = ""

    def folds(self, params: RepeatedFoldsParams) -> int:
        """Return one: later rows are never trained on."""
        return 1

    def split(self, table: Ref, problem: Problem, folds: int, seed: int) -> list[Ref]:
        """Divide the table at two times."""
        return [split_by_time(table, problem, self.column, self.date_format, seed).fold(0)]

    def describe(self, problem: Problem, folds: int, *, deduplicated: bool) -> Message:
        """Name the column."""
        return msg(
            "split by {column}: the last 20 % of the rows for the test, the 16 % before them for "
            "validation",
            column=self.column,
        )
