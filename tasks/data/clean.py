"""Clean: apply named steps to a table, and count what each did.

A step is a function of a frame, or a frozen dataclass that is called with one. Those that compute
something from all rows, such as a mean, are for tables that are explored; a model's are fitted on
training rows alone, in `features`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy import typing as npt

from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_table, write_table
from tasks.data.derive import Derived, derive
from tasks.data.scale import maximum

Step: TypeAlias = "Callable[[pd.DataFrame], pd.DataFrame]"


@stage
def clean(out: Path, table: Ref, steps: tuple[Step, ...]) -> Facts:
    """Apply the steps in order, and count the rows that each drops.

    Each step is a pure function of a frame.
    """
    frame = read_table(table)
    dropped = {}
    for step in steps:
        cleaned = step(frame)
        dropped[getattr(step, "__name__", str(step))] = len(frame) - len(cleaned)
        frame = cleaned
    write_table(out, frame)
    return {"rows": len(frame), "dropped": dropped}


def drop_repeats(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the first of rows that are equal in every column.

    A duplicate in both training and test data would be a leak.
    """
    return frame.drop_duplicates(ignore_index=True)


def drop_repeated_pictures(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the first of pictures with the same pixels.

    A test picture takes precedence over a training picture.
    """
    first = frame.sort_values("part", kind="stable").drop_duplicates("sha256")
    return first.sort_index().reset_index(drop=True)


def drop_pictures_of_two_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop all pictures whose exact pixels appear under several labels.

    Nothing says which label is right.
    """
    labels = frame.groupby("sha256")["label"].transform("nunique")
    return frame[labels == 1].reset_index(drop=True)


@dataclass(frozen=True)
class DropWithout:
    """Drop rows whose value of a column is missing: without the target a row teaches nothing."""

    column: str

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the other rows."""
        return frame[frame[self.column].notna()].reset_index(drop=True)

    def __str__(self) -> str:
        return f"drop_without({self.column})"


@dataclass(frozen=True)
class FillWithMean:
    """Fill missing numbers with the mean of those present.

    The mean stays the same, and the spread shrinks.
    """

    columns: tuple[str, ...]

    def fillings(self, frame: pd.DataFrame) -> dict[str, float]:
        """Return what each column is filled with.

        Raises
        ------
        CasebookError
            A column has no value at all.
        """
        _some_value(frame, self.columns)
        return {name: float(frame[name].mean()) for name in self.columns}

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame without gaps in the columns."""
        return frame.fillna(self.fillings(frame))


@dataclass(frozen=True)
class FillWithMostFrequent:
    """Fill missing categories with the most frequent one.

    Of several equally frequent categories, the first in the alphabet is used.
    """

    columns: tuple[str, ...]

    def fillings(self, frame: pd.DataFrame) -> dict[str, str]:
        """Return what each column is filled with.

        Raises
        ------
        CasebookError
            A column has no value at all.
        """
        _some_value(frame, self.columns)
        return {name: frame[name].mode()[0] for name in self.columns}

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame without gaps in the columns."""
        return frame.fillna(self.fillings(frame))


def _some_value(frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    empty = [name for name in columns if frame[name].isna().all()]
    if empty:
        raise CasebookError(
            f"{', '.join(empty)}: no row has a value, so there is nothing to fill the gaps with. "
            "Use data with values there, or leave the column out."
        )


@dataclass(frozen=True)
class OneSpelling:
    """Write each name of a column in one way.

    Names that agree in letters and digits, whether large or small, are one name, written as it is
    most often: "NY" for "N.Y." and "ny". `also` gives a spelling and further words for it: `(("New
    York", ("NY",)),)`.

    Examples
    --------
    >>> frame = pd.DataFrame({"city": ["Oslo", "oslo", "N.Y.", "O.S.L.O.", "Oslo", "-"]})
    >>> OneSpelling("city", (("New York", ("NY",)),))(frame)["city"].tolist()
    ['Oslo', 'Oslo', 'New York', 'Oslo', 'Oslo', '-']
    """

    column: str
    also: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with one spelling for each name.

        Values made of signs alone, such as a dash, stay as they are.
        """
        names = frame[self.column]
        keys = names.map(letters, na_action="ignore")
        usual = {str(key): same.mode()[0] for key, same in names.groupby(keys) if key}
        listed = {letters(word): right for right, words in self.also for word in (right, *words)}
        listed.pop("", None)
        return frame.assign(
            **{self.column: keys.map({**usual, **listed}).astype(names.dtype).fillna(names)}
        )

    def __str__(self) -> str:
        return f"one_spelling({self.column})"


def letters(name: str) -> str:
    """Return the letters and digits of a name, all of them small.

    Examples
    --------
    >>> letters("St. John's 2"), letters("Straße"), letters("--")
    ('stjohns2', 'strasse', '')
    """
    return "".join(sign for sign in name.casefold() if sign.isalnum())


@dataclass(frozen=True)
class DivideByMaximum:
    """Divide numbers by the largest of their column, so that none exceeds 1.

    The course calls this simple feature scaling.
    """

    columns: tuple[str, ...]

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the columns scaled.

        Raises
        ------
        CasebookError
            A column has no number above zero.
        """
        if wrong := [name for name in self.columns if not frame[name].max() > 0]:
            raise CasebookError(
                f"{', '.join(wrong)}: no number is above zero, so none can be scaled by the "
                "largest."
            )
        columns = {name: frame[name].to_numpy("float64") for name in self.columns}
        return frame.assign(**{name: maximum(x[~np.isnan(x)])(x) for name, x in columns.items()})


@dataclass(frozen=True)
class Bin:
    """Sort numbers into labelled bins of equal width, in a new column.

    A bin includes its upper edge.

    Examples
    --------
    >>> step = Bin("price", "level", ("low", "high"))
    >>> step(pd.DataFrame({"price": [0.0, 5.0, 10.0, None]}))["level"].fillna("").tolist()
    ['low', 'low', 'high', '']
    """

    column: str
    name: str
    labels: tuple[str, ...]

    def edges(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the edges, one more than there are bins.

        Raises
        ------
        CasebookError
            All numbers are the same.
        """
        low, high = frame[self.column].min(), frame[self.column].max()
        if not low < high:
            raise CasebookError(
                f"{self.column} has no two different numbers, so they can't be sorted into bins."
            )
        return np.linspace(low, high, len(self.labels) + 1)

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with each row's label; a missing number has none."""
        bins = pd.cut(
            frame[self.column],
            list(self.edges(frame)),
            labels=list(self.labels),
            include_lowest=True,
        )
        return frame.assign(**{self.name: bins.astype("string")})


@dataclass(frozen=True)
class Dummies:
    """Encode the columns one-hot: each category gets a column, 1 where a row has it, else 0.

    Examples
    --------
    A missing category has 0 in all columns.

    >>> frame = Dummies(("fuel",))(pd.DataFrame({"fuel": ["gas", "diesel", None]}))
    >>> frame.drop(columns="fuel").to_dict("list")
    {'fuel-diesel': [0, 1, 0], 'fuel-gas': [1, 0, 0]}
    """

    columns: tuple[str, ...]

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the new columns beside their sources, named `column-category`."""
        return frame.join(pd.get_dummies(frame[list(self.columns)], prefix_sep="-", dtype="int64"))


@dataclass(frozen=True)
class WithColumns:
    """Add derived columns.

    A table that is explored can have the same derived columns as a model's features.
    """

    derived: tuple[Derived, ...]

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the derived columns beside their sources."""
        return derive(frame, self.derived)
