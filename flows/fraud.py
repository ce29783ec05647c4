"""Card fraud: find the few frauds among many payments, from raw file to served model (lab 220).

The model serves a probability.
"""

from __future__ import annotations

from typing import Annotated, Literal

import keras
from keras import layers
from pydantic import Field
from sklearn import compose, preprocessing

from casebook.array_types import Float32Array
from casebook.case import case
from casebook.catalog import data_set
from casebook.cli import main
from casebook.origin import Origin
from casebook.run import Summary
from samples.fraud import make_payments
from tasks.data.derive import HourOfDay, Log
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.case import TableCase
from tasks.tables.estimators import Estimator
from tasks.tables.explore import explore
from tasks.tables.holdout import Holdout
from tasks.tables.parameters import ThresholdParams
from tasks.tables.sklearn_models import Forest, gradient_boosting
from tasks.tables.splitters import Model
from tasks.training.networks import piecewise, side_by_side
from tasks.training.train import Settings

DATA = "creditcard"


Candidate = Literal[
    "course",
    "course_weights",
    "course_over_under",
    "course_smote",
    "tuned",
    "ensemble",
    "forest",
    "boosting",
    "blend",
]


class FraudParams(ThresholdParams):
    """What can be set: which models, what the candidate `tuned` is like, what an error costs."""

    candidates: tuple[Candidate, ...] = Field(
        (
            "course",
            "course_weights",
            "course_over_under",
            "course_smote",
            "ensemble",
            "forest",
            "boosting",
            "blend",
        ),
        min_length=1,
        description="models to train: the lab's network with its ways to meet imbalance, our "
        "ensemble, trees, a blend, yours",
    )
    batch_size: Annotated[
        int, Field(ge=16, le=65536, description="rows per training step of `tuned`")
    ] = 2048
    cost_missed: Annotated[
        float, Field(gt=0, le=1e9, description="cost of a missed fraud, in EUR")
    ] = 100.0
    cost_alert: Annotated[
        float, Field(gt=0, le=1e9, description="cost of looking into an alert, in EUR")
    ] = 5.0
    sample_rows: Annotated[
        int, Field(ge=1000, le=10_000_000, description="size of the embedded sample")
    ] = 6000


def base_rate(origin: Origin) -> float | None:
    """Return the share of frauds in the public file, which a subset of it lacks.

    A sample has no such population.
    """
    entry = data_set(DATA)
    if (
        origin.kind == "sample"
        or entry.population_rows is None
        or entry.population_positives is None
    ):
        return None
    return entry.population_positives / entry.population_rows


def standard_scores(columns: list[str]) -> compose.ColumnTransformer:
    """Return the encoder: standardize all columns but the raw time and amount.

    They get mean 0 and deviation 1 on the training part.
    """
    kept = [name for name in columns if name not in ("Time", "Amount")]
    return compose.ColumnTransformer(
        [("scale", preprocessing.StandardScaler(), kept)], verbose_feature_names_out=False
    )


def course_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return the lab's network: 32 and 16 rectified units with dropout behind each, one logit."""
    stack = [keras.Input((x.shape[1],))]
    for units in (32, 16):
        stack += [layers.Dense(units, activation="relu"), layers.Dropout(dropout)]
    return keras.Sequential([*stack, layers.Dense(1)], name="course")


MEMBERS = 8
BINS = 16


def ensemble_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return eight small networks trained as one, on piecewise-linear encodings of each feature.

    A plain network on scaled features loses to trees here because frauds differ at the edges of
    single features. Each feature is therefore also given as its position within each of 16 quantile
    bins of the training part.
    """
    inputs = keras.Input((x.shape[1],))
    return keras.Model(
        inputs, side_by_side(piecewise(inputs, x, BINS), MEMBERS, (64, 32)), name="ensemble"
    )


COURSE = Settings(
    epochs=100,
    batch_size=2048,
    patience=10,
    patience_steps=90,
    learning_rate=1e-3,
    dropout=0.2,
)

CASE: TableCase[FraudParams] = TableCase(
    dataset=DATA,
    problem=Problem(
        problem_type="binary",
        target="Class",
        labels=("normal", "fraud"),
        primary_metric="auprc",
        metrics=("auprc", "roc_auc", "f1", "precision", "recall", "balanced_accuracy", "brier"),
    ),
    splits=Holdout(),
    sample=make_payments,
    encoder=standard_scores,
    derived=(HourOfDay("Time", "hour"), Log("Amount", "log_amount")),
    threshold=FraudParams.threshold_policy,
    models={
        "course": Model(course_network, COURSE),
        "course_weights": Model(course_network, COURSE.model_copy(update={"class_weights": True})),
        "course_over_under": Model(course_network, COURSE, resampling="over_under"),
        "course_smote": Model(course_network, COURSE, resampling="smote"),
        "ensemble": Model(
            ensemble_network,
            Settings(
                epochs=15,
                batch_size=512,
                learning_rate=6e-3,
                weight_decay=1e-2,
                optimizer="adamw",
                schedule="cosine",
                refit=True,
            ),
        ),
    },
    estimators={
        "forest": Estimator(Forest(trees=150, leaf=2)),
        "boosting": Estimator(gradient_boosting),
    },
    blends={"blend": ("ensemble", "forest", "boosting")},
)


@case
def fraud(params: FraudParams = FraudParams()) -> Summary:
    """Find the few fraudulent card payments among many, and serve a fraud probability (lab 220)."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    population = base_rate(data.origin)
    return evaluate_and_publish(
        FittedModels(data, trained, baselines, profile, base_rate=population)
    )


if __name__ == "__main__":
    raise SystemExit(main("flows.fraud"))
