"""Penguins: the species of a penguin by its measurements.

Some measurements are missing, and others are text.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn import compose

from casebook.case import case
from casebook.cli import main
from casebook.run import Summary
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.tables.baselines import Baselines
from tasks.tables.case import TableCase
from tasks.tables.explore import explore
from tasks.tables.features import numbers, one_hot
from tasks.tables.parameters import RepeatedFoldsParams
from tasks.tables.splitters import Model, RepeatedKFold
from tasks.training.networks import ensemble
from tasks.training.train import Settings

LABELS = ("Adelie", "Chinstrap", "Gentoo")
KINDS = {"island": ("Biscoe", "Dream", "Torgersen"), "sex": ("female", "male")}


class PenguinsParams(RepeatedFoldsParams):
    """What can be set."""

    candidates: tuple[str, ...] = ("ensemble",)
    peers: Baselines = ("dummy", "extra_trees")


def measures(columns: list[str]) -> Any:
    """Return the encoder."""

    plain = [name for name in columns if name not in KINDS]
    coded = [(name, one_hot(values), [name]) for name, values in KINDS.items()]
    return compose.ColumnTransformer([("numbers", numbers(), plain), *coded])


def ensemble_network(x: Any, y: Any, dropout: float) -> Any:
    """Return small networks."""
    return ensemble(x, (16,), dropout, members=4, bins=6)


def make_penguins(rows: int, seed: int) -> pd.DataFrame:
    """Make a sample."""

    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, rows)
    return pd.DataFrame(
        {
            "species": np.array(LABELS, dtype=object)[kinds],
            "island": rng.choice(KINDS["island"], rows),
            "bill_length_mm": (38 + 5 * kinds + rng.normal(0, 3, rows)).round(1),
            "bill_depth_mm": (18 - kinds + rng.normal(0, 1, rows)).round(1),
            "flipper_length_mm": (190 + 12 * kinds + rng.normal(0, 6, rows)).round(),
            "body_mass_g": (3700 + 500 * kinds + rng.normal(0, 400, rows)).round(-1),
            "sex": rng.choice(KINDS["sex"], rows),
        }
    )


def threshold(params: PenguinsParams) -> ThresholdPolicy:
    """Return no threshold: the answer is the likeliest species."""
    return ThresholdPolicy(by="likelier")


CASE: TableCase[PenguinsParams] = TableCase(
    dataset="penguins",
    problem=Problem(
        problem_type="multiclass",
        target="species",
        labels=LABELS,
        output="probabilities",
        primary_metric="log_loss",
        metrics=("log_loss", "accuracy"),
    ),
    splits=RepeatedKFold(standard=2),
    sample=make_penguins,
    encoder=measures,
    threshold=threshold,
    models={
        "ensemble": Model(
            ensemble_network,
            Settings(epochs=10, batch_size=32, learning_rate=1e-2, dropout=0.0, refit=True),
        ),
    },
)


@case
def penguins(params: PenguinsParams = PenguinsParams()) -> Summary:
    """Tell the species of a penguin by its measures."""
    data = CASE.prepare(params)
    profile = explore.submit(data.table, CASE.dataset, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    trained = CASE.fit_all(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile))


if __name__ == "__main__":
    raise SystemExit(main("flows.penguins"))
