"""By role: what a model is given of the columns of a table, by their roles in the catalog."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from sklearn import compose, impute, model_selection, pipeline, preprocessing

from casebook.catalog import Column, DataSet
from tasks.data.dates import PARTS, DateFormat, DatePart
from tasks.data.derive import Derived, Matches, Missing
from tasks.problem.definition import Problem
from tasks.tables.features import one_hot


class ByRole(BaseModel):
    """The encoder: each column by its role in the catalog.

    Numbers are filled with the median, flagged where they were missing, and standardized, as are
    the parts of dates; a category gets a feature for each of its values, and a text for each of its
    words. A category of many values also gets the target's mean (the share of
    each class) among the rows of its value, drawn
    towards the mean of all where these are few (Micci-Barreca 2001); that of a training row comes
    from other training rows. It is called as every encoder is, with the names of all columns.
    """

    model_config = ConfigDict(frozen=True)
    numbers: tuple[str, ...]
    categories: tuple[tuple[str, tuple[str, ...]], ...]
    flags: tuple[str, ...]
    of_many_values: tuple[str, ...] = ()
    target_type: Literal["binary", "multiclass", "continuous"] = "binary"

    def __call__(self, columns: list[str]) -> compose.ColumnTransformer:
        """Return it, unfitted."""
        steps: list[tuple[str, object, list[str]]] = []
        if self.numbers:
            # of a column that is empty in a training part as well: all folds are equally wide
            filled = impute.SimpleImputer(strategy="median", keep_empty_features=True)
            scaled = pipeline.make_pipeline(filled, preprocessing.StandardScaler())
            steps.append(("numbers", scaled, list(self.numbers)))
        steps += [(name, one_hot(values), [name]) for name, values in self.categories]
        if self.of_many_values:
            scaled = pipeline.make_pipeline(self._means(), preprocessing.StandardScaler())
            steps.append(("means", scaled, list(self.of_many_values)))
        if self.flags:
            steps.append(("flags", preprocessing.StandardScaler(), list(self.flags)))
        return compose.ColumnTransformer(steps, verbose_feature_names_out=False)

    def _means(self) -> preprocessing.TargetEncoder:
        """Return what gives a training row the target's mean in the other four fifths of them."""
        continuous = self.target_type == "continuous"
        kind = model_selection.KFold if continuous else model_selection.StratifiedKFold
        folds = kind(5, shuffle=True, random_state=0)
        return preprocessing.TargetEncoder(target_type=self.target_type, cv=folds)


def by_role(entry: DataSet, problem: Problem) -> ByRole:
    """Return the encoder of a table's columns."""
    columns = entry.columns
    dates = [part.name for part in date_parts(entry)]
    of_many_values = tuple(name for name in of_role(columns, "category") if columns[name].rarer)
    return ByRole(
        numbers=(*of_role(columns, "number"), *dates),
        categories=tuple(
            (name, _categories(columns[name])) for name in of_role(columns, "category")
        ),
        flags=tuple(flag.name for flag in (*gaps(entry), *words(entry))),
        of_many_values=of_many_values,
        target_type="continuous" if problem.problem_type == "regression" else problem.problem_type,
    )


def _categories(column: Column) -> tuple[str, ...]:
    """Return the values that get a feature; a missing one is the empty text, and gets one too."""
    return ("", *column.categories) if column.optional else column.categories


def of_role(columns: dict[str, Column], role: str) -> list[str]:
    """Return the columns that have a role, in their order."""
    return [name for name, column in columns.items() if column.role == role]


def derived_columns(entry: DataSet) -> tuple[Derived, ...]:
    """Return what is computed from dates and texts, and flags of what is missing."""
    return (*date_parts(entry), *gaps(entry), *words(entry))


def gaps(entry: DataSet) -> list[Missing | Matches]:
    """Return a flag for each number that may be missing, and for each date that may be there.

    An imputer's own flags are those of columns with gaps in one training part, so that the next one
    might have others.
    """
    columns = entry.columns
    numbers = [name for name in of_role(columns, "number") if columns[name].optional]
    dates = [name for name in of_role(columns, "date") if columns[name].optional]
    return [
        *(Missing(name, f"{name} (missing)") for name in numbers),
        *(Matches(name, f"{name} (there)", r"(?s).+") for name in dates),
    ]


def date_parts(entry: DataSet) -> list[DatePart]:
    """Return the parts of each date: of one without a time all but the hour."""
    parts = []
    for name in of_role(entry.columns, "date"):
        form = DateFormat.of(entry.columns[name].date_format)
        parts += [
            DatePart(name, f"{name} ({part})", part, form)
            for part in PARTS
            if part != "hour" or form.join
        ]
    return parts


def words(entry: DataSet) -> list[Matches]:
    """Return a flag for each word of each text; it is found in small letters and with a capital."""
    return [
        Matches(name, f"{name}: {word}", _containing(word))
        for name in of_role(entry.columns, "text")
        for word in entry.columns[name].categories
    ]


def _containing(word: str) -> str:
    """Return the pattern of a text that contains a word, in whichever case its letters are."""
    letters = "".join(
        f"[{letter.lower()}{letter.upper()}]"
        if len(letter.upper()) == 1 and letter.upper() != letter.lower()
        else letter
        for letter in word
    )
    return rf"(?s)(?:.*[^A-Za-z])?{letters}(?:[^A-Za-z].*)?"
