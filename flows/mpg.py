"""Fuel economy of cars: regression on seven plain facts (lab 901).

The model is for a service whose inputs people type in.
"""

from __future__ import annotations

import keras
from sklearn import compose

from casebook.array_types import Float32Array
from casebook.case import case
from casebook.cli import main
from casebook.run import Summary
from samples.mpg import make_cars
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.case import TableCase
from tasks.tables.explore import explore
from tasks.tables.features import numbers, one_hot
from tasks.tables.parameters import SmallTableParams
from tasks.tables.sklearn_models import OF_SMALL_TABLES
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.training.networks import ensemble, perceptron
from tasks.training.train import Settings

ORIGINS = (1, 2, 3)


class MpgParams(SmallTableParams):
    """What can be set: which models, and what the candidate `tuned` is like."""


def facts(columns: list[str]) -> compose.ColumnTransformer:
    """Return the encoder.

    Numbers get mean 0 and deviation 1, missing ones the median. Each origin gets a column of its
    own.
    """
    plain = [name for name in columns if name != "origin"]
    return compose.ColumnTransformer(
        [("number", numbers("median"), plain), ("origin", one_hot(ORIGINS), ["origin"])]
    )


def course_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return the lab's network for each fold: twice 64 rectified units, one answer."""
    return perceptron(x, (64, 64), dropout, "course")


def ensemble_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return eight small networks per fold."""
    return ensemble(x, (64, 64, 32), dropout, members=8, bins=6)


CASE = TableCase(
    dataset="mpg",
    problem=Problem(
        problem_type="regression",
        target="mpg",
        output="mpg",
        unit="miles per gallon",
        primary_metric="rmse",
        metrics=("rmse", "mae", "r2"),
    ),
    splits=RepeatedKFold(),
    sample=make_cars,
    encoder=facts,
    models={
        "course": Model(
            course_network,
            Settings(
                epochs=1000,
                batch_size=32,
                patience=10,
                learning_rate=1e-3,
                dropout=0.0,
                optimizer="rmsprop",
            ),
        ),
        "ensemble": Model(
            ensemble_network,
            Settings(
                epochs=50,
                batch_size=64,
                learning_rate=5e-3,
                weight_decay=1e-2,
                dropout=0.05,
                optimizer="adamw",
                schedule="cosine",
                log_target=True,
                refit=True,
            ),
        ),
    },
    estimators=OF_SMALL_TABLES,
    blends={"blend": ("ensemble", *OF_SMALL_TABLES)},
)


@case
def mpg(params: MpgParams = MpgParams()) -> Summary:
    """Predict a car's fuel economy from seven plain facts; publish behind `/api/mpg` (lab 901)."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile))


if __name__ == "__main__":
    raise SystemExit(main("flows.mpg"))
