"""Titanic: predict survival from a passenger list, with each feature step's worth (lab 075)."""

from __future__ import annotations

from typing import Annotated, Literal

import keras
import pandas as pd
from pydantic import Field
from sklearn import compose, impute, pipeline, preprocessing

from casebook.array_types import Float32Array
from casebook.case import case
from casebook.cli import main
from casebook.language import msg
from casebook.run import Summary
from samples.titanic import make_passengers
from tasks.data.clean import drop_repeats
from tasks.data.derive import Derived, Equals, Log, Matches, Missing, Product, Total
from tasks.pages.notes import Notes
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.ablation import ablate, worth
from tasks.tables.baselines import Baselines
from tasks.tables.case import TableCase
from tasks.tables.estimators import Estimator
from tasks.tables.explore import explore
from tasks.tables.parameters import RepeatedFoldsParams
from tasks.tables.sklearn_models import Forest, gradient_boosting
from tasks.tables.split import SMALL_FOLDS
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.tables.train_folds import train_folds
from tasks.training.networks import ensemble, perceptron
from tasks.training.train import Settings

FEMALE = Matches("Sex", "female", "female")
CLASSES = tuple(Equals("Pclass", f"class_{k}", k) for k in (1, 2, 3))
TITLES = {
    "mr": "Mr",
    "miss": "Miss|Mlle|Ms",
    "mrs": "Mrs|Mme",
    "master": "Master",
}  # all others are rare ones

# the lab's feature engineering: the columns that each step derives; a median is also part of the
# first
STEPS: dict[str, tuple[Derived, ...]] = {
    "missing values: age by its median, and a flag": (Missing("Age", "age_missing"),),
    "skew: the logarithm of the fare": (Log("Fare", "log_fare", offset=1.0),),
    "titles out of names": tuple(
        Matches("Name", f"title_{k}", rf"[^,]*, ({v})\..*") for k, v in TITLES.items()
    ),
    "categories to numbers: class and port": (
        *CLASSES,
        Matches("Embarked", "port_s", "S?"),  # two are missing; most went aboard at Southampton
        *(Matches("Embarked", f"port_{port.lower()}", port) for port in "CQ"),
    ),
    "sex, and sex by class": (FEMALE, *(Product(FEMALE, k, f"female_{k.name}") for k in CLASSES)),
    "family: its size, and whether there is none aboard": (
        Total(("SibSp", "Parch"), "family", plus=1.0),
        Product(Equals("SibSp", "no_siblings", 0), Equals("Parch", "no_parents", 0), "alone"),
    ),
    "cabin: whether it is known, and its deck": (
        Matches("Cabin", "cabin_known", ".+"),
        *(Matches("Cabin", f"deck_{deck.lower()}", f"{deck}.*") for deck in "ABCDEF"),
    ),
}
DERIVED = tuple(derived for group in STEPS.values() for derived in group)
RAW = (
    "PassengerId",
    "Pclass",
    "Name",
    "Sex",
    "Age",
    "SibSp",
    "Parch",
    "Ticket",
    "Fare",
    "Cabin",
    "Embarked",
)
NOTES = Notes(
    title=msg("What each step of the feature engineering is worth"),
    paragraphs=(
        msg(
            "Each step is left out in turn and a smaller ensemble (two networks instead of eight) "
            "is trained on what remains, in the same ten folds or fewer. The test rows have no "
            "say in it. Without the first step a missing age counts as 0 years; without the "
            "second the fare stays as it is; without any other its columns are missing. Steps "
            "overlap (a title tells the sex), so what one is worth is what the others can't "
            "replace; a change within twice its standard error may be chance."
        ),
    ),
)

Candidate = Literal["course", "ensemble", "tuned", "forest", "boosting", "blend"]


class TitanicParams(RepeatedFoldsParams):
    """What can be set: which models, and what the candidate `tuned` is like."""

    candidates: tuple[Candidate, ...] = Field(
        ("course", "ensemble", "forest", "boosting", "blend"),
        min_length=1,
        description="models to train: the lab's network, our ensemble, trees, a blend, yours",
    )
    peers: Baselines = Field(
        ("dummy", "logistic_regression", "extra_trees", "gradient_boosting"),
        description="plain models to compare with",
    )
    sample_rows: Annotated[
        int, Field(ge=200, le=1_000_000, description="size of the embedded sample")
    ] = 600


def likelier_class(params: TitanicParams) -> ThresholdPolicy:
    """Return a threshold policy that tunes no threshold.

    The table is too small to calibrate on a part of it.
    """
    return ThresholdPolicy(by="likelier")


def without_row_number(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop the number of the row in the file.

    It says nothing of a passenger and would hide repeats.
    """
    return frame.drop(columns="PassengerId")


def standard_scores(columns: list[str]) -> compose.ColumnTransformer:
    """Return the encoder: standardize age, fare and all derived columns.

    They get mean 0 and deviation 1 on the training part. The encoder takes what the steps have
    left: an age without the flag that says it was missing is filled by 0 instead of the median, and
    the fare is taken as it is if there is no logarithm of it.
    """
    median = "age_missing" in columns
    filled = (
        impute.SimpleImputer(strategy="median")
        if median
        else impute.SimpleImputer(strategy="constant", fill_value=0.0)
    )
    taken = [
        name
        for name in columns
        if name not in RAW or (name == "Fare" and "log_fare" not in columns)
    ]
    scale = preprocessing.StandardScaler()
    return compose.ColumnTransformer(
        [("age", pipeline.make_pipeline(filled, scale), ["Age"]), ("rest", scale, taken)],
        verbose_feature_names_out=False,
    )


def course_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return the lab's network for each fold: 64 and 32 rectified units, one logit."""
    return perceptron(x, (64, 32), dropout, "course")


def ensemble_network(
    x: Float32Array, y: Float32Array, dropout: float, members: int = 8
) -> keras.Model:
    """Return eight small networks per fold."""
    return ensemble(x, (32, 16), dropout, members=members, bins=8)


def small_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return the ensemble with two members.

    They suffice to measure what a step is worth, in a fraction of the time.
    """
    return ensemble_network(x, y, dropout, members=2)


CASE: TableCase[TitanicParams] = TableCase(
    dataset="titanic",
    problem=Problem(
        problem_type="binary",
        target="Survived",
        labels=("died", "survived"),
        primary_metric="accuracy",
        metrics=("accuracy", "roc_auc", "f1", "log_loss", "brier"),
    ),
    splits=RepeatedKFold(),
    sample=make_passengers,
    encoder=standard_scores,
    derived=DERIVED,
    cleaning=(without_row_number, drop_repeats),
    threshold=likelier_class,
    models={
        "course": Model(
            course_network, Settings(epochs=100, batch_size=32, patience=10, dropout=0.0)
        ),
        "ensemble": Model(
            ensemble_network,
            Settings(
                epochs=30,
                batch_size=64,
                learning_rate=3e-3,
                weight_decay=1.0,
                dropout=0.2,
                optimizer="adamw",
                schedule="cosine",
                refit=True,
            ),
        ),
    },
    estimators={"forest": Estimator(Forest(leaf=3)), "boosting": Estimator(gradient_boosting)},
    blends={"blend": ("ensemble", "forest", "boosting")},
)


@case
def titanic(params: TitanicParams = TitanicParams()) -> Summary:
    """Predict survival on the Titanic, and measure what each feature step is worth (lab 075).

    The predictors are names, ages and tickets.
    """
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    notes = ablated(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile, notes))


def ablated(data: PreparedData, params: TitanicParams) -> Notes:
    """Leave out each step of the feature engineering in turn, and return notes for the report."""
    folds = min(len(data.encoded), SMALL_FOLDS)
    reduced = ablate(data.parts[0].whole, folds, CASE.problem, STEPS, standard_scores)
    settings = CASE.model("ensemble", params).settings
    tried = train_folds.with_label("ablated")(
        reduced, folds * (1 + len(STEPS)), small_network, settings, CASE.problem, params.seed
    )
    return worth(reduced, tried, folds, STEPS, CASE.problem, NOTES)


if __name__ == "__main__":
    raise SystemExit(main("flows.titanic"))
