"""Fuel economy of cars: a number from seven plain facts, for a service that people type into (lab 901)."""

from typing import TYPE_CHECKING

from casebook.case import case
from casebook.cli import main
from casebook.run import Summary
from tasks.problem.definition import Aim
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.case import TableCase
from tasks.tables.explore import explore
from tasks.tables.features import numbers, one_hot
from tasks.tables.parameters import SmallTableParams
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.training.networks import ensemble, perceptron
from tasks.training.train import Settings

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.compose import ColumnTransformer

    Floats = NDArray[np.float32]

ORIGINS = (1, 2, 3)


class MpgParams(SmallTableParams):
    """What can be set: which models, and what the candidate `tuned` is like."""


def facts(columns: list[str]) -> "ColumnTransformer":
    """Return the encoder: numbers to mean 0 and deviation 1, missing ones to the median; a column per origin alike."""
    from sklearn.compose import ColumnTransformer

    plain = [name for name in columns if name != "origin"]
    return ColumnTransformer([("number", numbers("median"), plain), ("origin", one_hot(ORIGINS), ["origin"])])


def course_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return the lab's network for each fold: twice 64 rectified units, one answer."""
    return perceptron(x, (64, 64), dropout, "course")


def ensemble_network(x: "Floats", y: "Floats", dropout: float) -> "keras.Model":
    """Return eight small networks per fold."""
    return ensemble(x, (64, 64, 32), dropout, members=8, bins=6)


def make_cars(rows: int, seed: int) -> "pd.DataFrame":
    """Make the embedded sample: cars with the public file's columns and ranges; two in a hundred lack horsepower."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    cylinders = rng.choice([3, 4, 5, 6, 8], rows, p=[0.01, 0.51, 0.01, 0.21, 0.26])
    year = rng.integers(70, 83, rows)
    weight = (1000 + 380 * cylinders + rng.normal(0, 250, rows)).clip(1600, 5200).round()
    horsepower = (weight / 28 + 6 * (cylinders - 4) + rng.normal(0, 9, rows)).clip(46, 230).round()
    frame = pd.DataFrame(
        {
            "cylinders": cylinders,
            "displacement": (cylinders * 38 + rng.normal(0, 18, rows)).clip(68, 455).round(),
            "horsepower": np.where(rng.random(rows) < 0.02, np.nan, horsepower),
            "weight": weight,
            "acceleration": (24 - horsepower / 13 + rng.normal(0, 1.5, rows)).clip(8, 24.8).round(1),
            "year": year,
            "origin": np.where(cylinders > 5, 1, rng.integers(1, 4, rows)),
        }
    )
    economy = 62_000 / weight * (1 + 0.03 * (year - 76)) + (frame["origin"] - 1) * 0.8
    frame.insert(0, "mpg", (economy + rng.normal(0, 1.5, rows)).clip(9, 46.6).round(1))
    return frame


CASE = TableCase(
    dataset="mpg",
    problem=Aim(
        kind="regression",
        target="mpg",
        output="mpg",
        unit="miles per gallon",
        primary="rmse",
        shown=("rmse", "mae", "r2"),
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
)


@case
def mpg(params: MpgParams = MpgParams()) -> Summary:
    """Predict the fuel economy of a car from seven plain facts, and publish the model behind `/api/mpg` (lab 901)."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile))


if __name__ == "__main__":
    raise SystemExit(main("flows.mpg"))
