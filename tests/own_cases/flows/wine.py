"""Wine: the grower of a wine, numbered 1 to 3, by what it contains.

The case has one split, and a network of Keras' own layers.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn import compose, preprocessing

from casebook.case import case
from casebook.catalog import data_set
from casebook.cli import main
from casebook.run import Summary
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.baselines import Baselines
from tasks.tables.case import TableCase
from tasks.tables.explore import explore
from tasks.tables.holdout import Holdout
from tasks.tables.parameters import TableParams
from tasks.tables.splitters import Model
from tasks.training.train import Settings

LABELS = ("1", "2", "3")


class WineParams(TableParams):
    """What can be set."""

    candidates: tuple[str, ...] = ("course",)
    peers: Baselines = ("dummy", "gradient_boosting")


def contents(columns: list[str]) -> Any:
    """Return the encoder."""

    return compose.ColumnTransformer([("contents", preprocessing.RobustScaler(), columns)])


def course_network(x: Any, y: Any, dropout: float) -> Any:
    """Return a network as anybody writes it: a logit for each grower."""

    return keras.Sequential(
        [keras.Input((x.shape[1],)), layers.Dense(16, "relu"), layers.Dense(3)], name="course"
    )


def make_wines(rows: int, seed: int) -> pd.DataFrame:
    """Make a sample."""

    rng = np.random.default_rng(seed)
    grower = rng.integers(1, 4, rows)
    names = [name for name in data_set("wine").columns if name != "grower"]
    columns = {name: (10 + grower + rng.normal(0, 1.5, rows)).round(2) for name in names}
    return pd.DataFrame(columns).assign(grower=grower)


CASE = TableCase(
    dataset="wine",
    problem=Problem(
        problem_type="multiclass",
        target="grower",
        labels=LABELS,
        output="probabilities",
        primary_metric="log_loss",
        metrics=("log_loss", "accuracy"),
    ),
    splits=Holdout(),
    sample=make_wines,
    encoder=contents,
    models={
        "course": Model(
            course_network,
            Settings(
                epochs=30,
                patience=30,
                batch_size=16,
                learning_rate=1e-2,
                dropout=0.0,
                class_weights=True,
            ),
        ),
    },
)


@case
def wine(params: WineParams = WineParams()) -> Summary:
    """Tell the grower of a wine by what it contains."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile))


if __name__ == "__main__":
    raise SystemExit(main("flows.wine"))
