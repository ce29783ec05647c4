"""Boston house prices: regression on few rows, judged by repeated cross-validation (lab 200)."""

from __future__ import annotations

import keras
from sklearn import compose, preprocessing

from casebook.array_types import Float32Array
from casebook.case import case
from casebook.cli import main
from casebook.language import msg
from casebook.run import Summary
from samples.boston import make_tracts
from tasks.pages.notes import Notes
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.case import TableCase
from tasks.tables.explore import explore
from tasks.tables.parameters import SmallTableParams
from tasks.tables.sklearn_models import OF_SMALL_TABLES
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.training.networks import ensemble, perceptron
from tasks.training.train import Settings

NOTES = Notes(
    title=msg("About this data"),
    paragraphs=(
        msg(
            "Column B is 1000 (b - 0.63)², b the share of Black inhabitants of a tract: its "
            "makers assumed that segregation moves prices. scikit-learn removed the set in "
            "version 1.2 for that reason and because it can't be used to study that assumption. "
            "It stays here as the lab's lesson in regression; the model must not price anything."
        ),
        msg(
            "least_squares is the lab's linear algebra: the normal equation (XᵀX) w = Xᵀy, solved "
            "by the pseudo-inverse."
        ),
    ),
)


class BostonParams(SmallTableParams):
    """What can be set: which models, and what the candidate `tuned` is like."""


def standard_scores(columns: list[str]) -> compose.ColumnTransformer:
    """Return the encoder: every column to mean 0 and deviation 1 of the training part."""
    return compose.ColumnTransformer(
        [("scale", preprocessing.StandardScaler(), columns)], verbose_feature_names_out=False
    )


def course_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return the lab's network for each fold: twice 64 rectified units, one answer."""
    return perceptron(x, (64, 64), dropout, "course")


def ensemble_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return eight small networks per fold."""
    return ensemble(x, (64, 32), dropout, members=8, bins=8)


CASE = TableCase(
    dataset="boston",
    problem=Problem(
        problem_type="regression",
        target="MEDV",
        output="medv",
        unit="$1,000",
        primary_metric="rmse",
        metrics=("rmse", "mae", "r2"),
    ),
    splits=RepeatedKFold(),
    sample=make_tracts,
    encoder=standard_scores,
    models={
        "course": Model(
            course_network,
            Settings(epochs=500, batch_size=32, learning_rate=1e-3, dropout=0.0, refit=True),
        ),
        "ensemble": Model(
            ensemble_network,
            Settings(
                epochs=80,
                batch_size=64,
                learning_rate=5e-3,
                weight_decay=1e-2,
                dropout=0.0,
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
def boston(params: BostonParams = BostonParams()) -> Summary:
    """Predict the median home price of a tract by repeated 10-fold cross-validation (lab 200)."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile, NOTES))


if __name__ == "__main__":
    raise SystemExit(main("flows.boston"))
