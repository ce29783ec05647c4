"""Iris: the species of a flower by four lengths, as text in the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn import compose

from casebook.case import case
from casebook.cli import main
from casebook.run import Summary
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.baselines import Baselines
from tasks.tables.case import TableCase
from tasks.tables.explore import explore
from tasks.tables.features import numbers
from tasks.tables.parameters import RepeatedFoldsParams
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.training.networks import ensemble, perceptron
from tasks.training.train import Settings

LABELS = ("setosa", "versicolor", "virginica")


class IrisParams(RepeatedFoldsParams):
    """What can be set."""

    peers: Baselines = ("dummy", "logistic_regression")


def lengths(columns: list[str]) -> Any:
    """Return the encoder."""

    return compose.ColumnTransformer([("lengths", numbers(), columns)])


def course_network(x: Any, y: Any, dropout: float) -> Any:
    """Return a network of a logit for each species."""
    return perceptron(x, (16,), dropout, "course", outputs=3)


def ensemble_network(x: Any, y: Any, dropout: float) -> Any:
    """Return small networks that know nothing of how many species there are."""
    return ensemble(x, (8,), dropout, members=4, bins=4)


def make_flowers(rows: int, seed: int) -> pd.DataFrame:
    """Make a sample."""

    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, rows)
    names = ("Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width")
    columns = {name: (2.0 + kinds + rng.normal(0, 0.6, rows)).round(1) for name in names}
    return pd.DataFrame(columns).assign(Species=np.array(LABELS, dtype=object)[kinds])


CASE = TableCase(
    dataset="iris",
    problem=Problem(
        problem_type="multiclass",
        target="Species",
        labels=LABELS,
        output="probabilities",
        primary_metric="log_loss",
        metrics=("log_loss", "accuracy", "balanced_accuracy", "f1"),
    ),
    splits=RepeatedKFold(standard=2),
    sample=make_flowers,
    encoder=lengths,
    models={
        "course": Model(
            course_network, Settings(epochs=20, batch_size=16, learning_rate=1e-2, dropout=0.0)
        ),
        "ensemble": Model(
            ensemble_network, Settings(epochs=10, batch_size=16, learning_rate=1e-2, dropout=0.0)
        ),
    },
)


@case
def iris(params: IrisParams = IrisParams()) -> Summary:
    """Tell the species of an iris by the lengths of its leaves."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile))


if __name__ == "__main__":
    raise SystemExit(main("flows.iris"))
