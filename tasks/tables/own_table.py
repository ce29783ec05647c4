"""Own table: the case of a table whose columns have roles in the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import keras
from pydantic import BaseModel, ConfigDict, Field

from casebook.array_types import Float32Array
from casebook.catalog import DataSet, Role, data_set
from casebook.language import Message, msg
from tasks.data.clean import DropWithout, drop_repeats
from tasks.data.subsample import Subsample
from tasks.pages.notes import Notes
from tasks.problem.definition import Problem
from tasks.tables.baselines import Baselines
from tasks.tables.by_role import by_role, derived_columns
from tasks.tables.case import TableCase
from tasks.tables.estimators import Estimator
from tasks.tables.parameters import RepeatedFoldsParams, ThresholdParams
from tasks.tables.sklearn_models import Forest, gradient_boosting, gradient_boosting_regressor
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.tables.time_order import TimeOrder
from tasks.training.networks import ensemble, perceptron
from tasks.training.train import Settings

SMALL, MIDDLING = 3_000, 20_000  # rows: ten folds, three, or one
MOST_ROWS = 100_000  # that are used, where nobody says otherwise
LEAVES = 2_000  # of a tree of the forest at most, more or less
ROLES: Mapping[Role, Message] = {
    "target": msg("target"),
    "number": msg("numeric"),
    "category": msg("category"),
    "date": msg("date"),
    "text": msg("text"),
    "identifier": msg("identifier"),
    "constant": msg("constant"),
    "repeat": msg("repeat"),
    "left out": msg("left out"),
}
SEVERAL = 6  # classes over which one network for each is too slow


class OwnTableParams(ThresholdParams, RepeatedFoldsParams):
    """What can be set of a table of one's own: which models are compared, and what errors cost."""

    threshold_by: Literal["cost", "f_beta"] = Field(
        "f_beta", description="what the threshold is chosen by: F-beta, or what errors cost"
    )

    candidates: tuple[str, ...] = Field(
        ("course", "network", "forest", "boosting", "blend"),
        min_length=1,
        description="models to train: the lab's network, ours, trees, a blend, yours (tuned)",
    )
    peers: Baselines = Field(("dummy", "random_forest"), description="plain models to compare with")
    max_rows: Annotated[
        int, Field(ge=1_000, description="rows to learn from and be judged by, drawn of more")
    ] = MOST_ROWS
    sample_rows: Annotated[int, Field(ge=100, description="a table of one's own has no sample")] = (
        100
    )

    def subsample(self) -> tuple[Subsample, ...]:
        """Return the step that draws rows of many."""
        return (Subsample(self.max_rows),)


def network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return eight small networks for each fold."""
    return ensemble(x, (64, 32), dropout, members=8, bins=12, name="network")


class Perceptron(BaseModel):
    """A network of rectified linear layers, with a logit for each of several classes."""

    model_config = ConfigDict(frozen=True)
    name: str
    units: tuple[int, ...]
    classes: int = 1

    def __call__(self, x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
        """Build it."""
        return perceptron(x, self.units, dropout, self.name, outputs=self.classes)


def own_table(
    dataset: str, problem: Problem, *, rows: int, time: str = "", group: str = ""
) -> TableCase[OwnTableParams]:
    """Return the case of a table whose columns have roles in the catalog.

    Parameters
    ----------
    dataset
        Its name in the catalog.
    problem
        What is predicted.
    rows
        How many there were when the case was drafted: few are split into ten folds, many into one.
    time
        The column by which the last rows are held back to judge by.
    group
        The column whose rows of one value stay in one part.
    """
    forest = Forest(leaf=max(2, rows // LEAVES), classes=problem.classes)
    boosting = gradient_boosting if problem.classes else gradient_boosting_regressor
    entry = data_set(dataset)
    return TableCase(
        dataset=dataset,
        problem=problem,
        splits=_splits(entry, rows, time, group),
        encoder=by_role(entry, problem),
        derived=derived_columns(entry),
        cleaning=(DropWithout(problem.target), drop_repeats),
        threshold=OwnTableParams.threshold_policy,
        subsample=OwnTableParams.subsample,
        models=networks(problem, rows),
        estimators={"forest": Estimator(forest), "boosting": Estimator(boosting)},
        blends={"blend": ("network", "forest", "boosting")},
    )


def networks(problem: Problem, rows: int) -> dict[str, Model]:
    """Return the lab's network, and eight small ones or, for many classes, a wide one."""
    classes = len(problem.labels) if problem.problem_type == "multiclass" else 1
    course = Perceptron(name="course", units=(64, 32), classes=classes)
    wide = Perceptron(name="network", units=(256, 128), classes=classes)
    batch_size = 128 if rows < MIDDLING else 512
    return {
        "course": Model(course, Settings(epochs=50, batch_size=batch_size, patience=5)),
        "network": Model(
            wide if classes > SEVERAL else network,
            Settings(
                epochs=20,
                batch_size=batch_size,
                learning_rate=3e-3,
                weight_decay=0.1,
                dropout=0.1,
                optimizer="adamw",
                schedule="cosine",
                refit=True,
            ),
        ),
    }


def _splits(entry: DataSet, rows: int, time: str, group: str) -> RepeatedKFold:
    if time:
        return TimeOrder(column=time, date_format=entry.columns[time].date_format)
    folds = standard_folds(rows)
    return RepeatedKFold(standard=folds, plotted_folds=folds, group=group)


def report_notes(dataset: str) -> Notes:
    """Return what the report says of a table that was drafted: its columns, and why."""
    entry = data_set(dataset)
    rows = tuple(
        {
            "column": name,
            "role": ROLES[column.role] if column.role else "",
            "reason": column.reason,
        }
        for name, column in entry.columns.items()
    )
    return Notes(
        title=msg("What was made of the columns"),
        paragraphs=(
            msg(
                "A program sorted the columns of this table, and nobody has looked at it since. "
                "Read the list, and correct it in the catalog or by --columns."
            ),
        ),
        tables=(rows,),
    )


def standard_folds(rows: int) -> int:
    """Return how many of ten folds the standard profile uses.

    Examples
    --------
    >>> [standard_folds(rows) for rows in (500, 10_000, 1_000_000)]
    [10, 3, 1]
    """
    if rows < SMALL:
        return 10
    return 3 if rows < MIDDLING else 1
