"""Car prices: feature engineering step by step, price drivers, and a small model (lab 070).

Each step is shown on its own. The small model predicts the price.
"""

from __future__ import annotations

from typing import Annotated

import keras
from pydantic import Field
from sklearn import compose

from casebook.array_types import Float32Array
from casebook.case import case
from casebook.cli import main
from casebook.language import msg
from casebook.run import Summary
from casebook.store import Ref
from samples.car_price import make_autos
from tasks.data.clean import (
    Bin,
    DivideByMaximum,
    DropWithout,
    Dummies,
    FillWithMean,
    FillWithMostFrequent,
    OneSpelling,
    WithColumns,
    drop_repeats,
)
from tasks.data.derive import Derived, Log
from tasks.data.recode import Ordinal, Reciprocal
from tasks.pages.notes import Notes
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.stories.car_price.drivers import find_drivers
from tasks.stories.car_price.findings_steps import findings_on_steps
from tasks.tables.case import TableCase
from tasks.tables.explore import explore
from tasks.tables.features import bins, numbers, one_hot
from tasks.tables.parameters import SmallTableParams
from tasks.tables.permutation_importance import permute_features
from tasks.tables.sklearn_models import OF_SMALL_TABLES
from tasks.tables.split import SMALL_FOLDS
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.tables.train_folds import train_folds
from tasks.training.networks import answers, by_fold, dense, ensemble
from tasks.training.train import Settings

CYLINDERS = (
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("eight", 8),
    ("twelve", 12),
)

MAKES = OneSpelling("make", (("alfa-romeo", ("alfa-romero",)), ("peugeot", ("peugot",))))
LITRES = Reciprocal("city-mpg", "city-L/100km", of=235.0)
COUNT = Ordinal("num-of-cylinders", "cylinders", CYLINDERS)

# the lab's six steps, on the whole table, which is then explored
STEPS = (
    FillWithMean(("normalized-losses", "bore", "stroke", "horsepower", "peak-rpm")),
    FillWithMostFrequent(("num-of-doors",)),
    DropWithout("price"),
    MAKES,
    WithColumns((LITRES, Log("price", "log-price"), Log("engine-size", "log-engine-size"))),
    DivideByMaximum(("length", "width", "height")),
    Bin("horsepower", "horsepower-binned", ("Low", "Medium", "High")),
    WithColumns((COUNT,)),
    Dummies(("fuel-type", "aspiration")),
)
NUMBERS = (
    "symboling",
    "normalized-losses",
    "wheel-base",
    "length",
    "width",
    "height",
    "curb-weight",
    "engine-size",
    "bore",
    "stroke",
    "compression-ratio",
    "horsepower",
    "peak-rpm",
    "city-mpg",
    "highway-mpg",
    "city-L/100km",
    "cylinders",
)
CATEGORIES = (
    "make",
    "fuel-type",
    "aspiration",
    "num-of-doors",
    "body-style",
    "drive-wheels",
    "engine-location",
    "engine-type",
    "num-of-cylinders",
    "fuel-system",
    "horsepower-binned",
)

# the same steps for the model: what they need to know, they learn from each fold's training rows
DERIVED: tuple[Derived, ...] = (
    LITRES,
    COUNT,
    *(
        Log(name, f"log-{name}")
        for name in ("engine-size", "horsepower", "curb-weight", "highway-mpg")
    ),
)
DRIVERS = (
    "horsepower",
    "curb-weight",
    "engine-size",
    "highway-mpg",
)  # the lab's, in its regression
OTHERS = (
    "wheel-base",
    "length",
    "width",
    "height",
    "bore",
    "stroke",
    "compression-ratio",
    "peak-rpm",
    "city-mpg",
    *(derived.name for derived in DERIVED),
)
KINDS: dict[str, tuple[str, ...]] = {
    "make": (
        "alfa-romeo",
        "audi",
        "bmw",
        "chevrolet",
        "dodge",
        "honda",
        "isuzu",
        "jaguar",
        "mazda",
        "mercedes-benz",
        "mercury",
        "mitsubishi",
        "nissan",
        "peugeot",
        "plymouth",
        "porsche",
        "renault",
        "saab",
        "subaru",
        "toyota",
        "volkswagen",
        "volvo",
    ),
    "fuel-type": ("diesel", "gas"),
    "aspiration": ("std", "turbo"),
    "num-of-doors": ("four", "two"),
    "body-style": ("convertible", "hardtop", "hatchback", "sedan", "wagon"),
    "drive-wheels": ("4wd", "fwd", "rwd"),
    "engine-location": ("front", "rear"),
}
NOTES = Notes(
    title=msg("About the model"),
    paragraphs=(
        msg(
            "What is explored below is the table as the lab cleans it: filled, scaled and binned "
            "from all rows at once. The model is given the raw columns and does the same steps, "
            "but whatever a step must know (a mean, the most frequent category, a scale, the "
            "edges of bins) is learnt from each fold's training rows alone."
        ),
        msg(
            "course is the lab's linear regression on horsepower, curb-weight, engine-size and "
            "highway-mpg. The ensemble learns the logarithm of the price, which is far less "
            "skewed, and answers in dollars."
        ),
        msg(
            "Prices are those of 1985, when the data was put together from a car yearbook. A make "
            "that is not among the 22 of the data, or is spelt otherwise, counts as none of them."
        ),
    ),
)


class CarPriceParams(SmallTableParams):
    """What can be set: which models, and what the candidate `tuned` is like."""

    sample_rows: Annotated[
        int, Field(ge=100, le=1_000_000, description="size of the embedded sample")
    ] = 250


def facts(columns: list[str]) -> compose.ColumnTransformer:
    """Return the encoder.

    It fills gaps, scales numbers, adds horsepower in three bins as well, and one-hot encodes the
    categories. The lab's four drivers come first: its linear regression takes them alone.
    """
    return compose.ColumnTransformer(
        [
            ("driver", numbers("mean"), list(DRIVERS)),
            ("number", numbers("mean"), list(OTHERS)),
            ("bin", bins(3, "mean"), ["horsepower"]),
            *(
                (name, one_hot(values, gaps=name == "num-of-doors"), [name])
                for name, values in KINDS.items()
            ),
        ]
    )


def course_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return the lab's linear regression for each fold.

    It has a weight for each of its four drivers, and a constant.
    """
    inputs = keras.Input(x.shape[::2])
    drivers = inputs[..., : len(DRIVERS)]
    return keras.Model(inputs, answers(dense(by_fold(drivers), 1, start="glorot")), name="course")


def ensemble_network(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:
    """Return eight small networks per fold."""
    return ensemble(x, (64, 32), dropout, members=8, bins=20)


CASE = TableCase(
    dataset="automobile",
    problem=Problem(
        problem_type="regression",
        target="price",
        output="price",
        unit="$",
        primary_metric="rmse",
        metrics=("rmse", "mae", "r2"),
    ),
    splits=RepeatedKFold(),
    sample=make_autos,
    encoder=facts,
    derived=DERIVED,
    cleaning=(MAKES, DropWithout("price"), drop_repeats),
    models={
        "course": Model(
            course_network,
            Settings(
                epochs=300,
                batch_size=32,
                learning_rate=1e-2,
                dropout=0.0,
                schedule="cosine",
                refit=True,
            ),
        ),
        "ensemble": Model(
            ensemble_network,
            Settings(
                epochs=80,
                batch_size=32,
                learning_rate=5e-3,
                weight_decay=1.0,
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
def car_price(params: CarPriceParams = CarPriceParams()) -> Summary:
    """Preprocess a table of cars step by step, and find what drives and predicts prices (lab 070).

    The steps are cleaning, scaling, binning and encoding.
    """
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    steps = findings_on_steps.submit(data.checked, STEPS, CASE.dataset)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    explored = steps.result()
    findings = (explored, price_drivers(explored, data, params))
    return evaluate_and_publish(
        FittedModels(data, trained, baselines, profile, NOTES, findings=findings)
    )


def price_drivers(explored: Ref, data: PreparedData, params: CarPriceParams) -> Ref:
    """Find what drives prices.

    The methods are correlation, analysis of variance, and permutation of a network's inputs.
    """
    folds = min(len(data.encoded), SMALL_FOLDS)
    parts, problem = data.parts[0].whole, CASE.problem
    permuted = permute_features(parts, folds, problem, DERIVED, facts, params.seed)
    model = CASE.model("ensemble", params)
    trained = train_folds.with_label("permuted")(
        permuted, folds, model.network, model.settings, problem, params.seed
    )
    groups = ("drive-wheels", "body-style")
    return find_drivers(explored, permuted, trained, folds, NUMBERS, CATEGORIES, groups, problem)


if __name__ == "__main__":
    raise SystemExit(main("flows.car_price"))
