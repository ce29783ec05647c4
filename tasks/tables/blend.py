"""Blend: a candidate whose score is the weighted sum of the scores of several models."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from casebook import files
from casebook.array_types import Float64Array, NamedArrays
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.evaluation.figures import once
from tasks.evaluation.judging import answered
from tasks.problem.definition import Problem
from tasks.tables.estimators import DEVICE, GRAPH

WEIGHTS = "weights.json"
NETWORK = "network.keras"
STEPS = 10  # of a weight, from 0 to 1


@stage
def blend(
    out: Path, features: Sequence[Ref], parts: Mapping[str, Sequence[Ref]], problem: Problem
) -> Facts:
    """Weigh the models so that their sum is best on the validation parts of all folds together.

    Parameters
    ----------
    features, parts
        The encoded parts, and each model by name: a reference for each fold.
    problem
        What is predicted, and the figure that chooses.

    Writes, in a folder for each fold, `scores.npz` as its models do; in the first fold's also
    `weights.json`, and the files of its models.
    """
    y = [read_arrays(ref, "validation")["y"].astype("float64") for ref in features]
    scores = {name: [read_arrays(ref, "scores") for ref in refs] for name, refs in parts.items()}

    weights = best_weights(y, scores, problem)
    for fold in range(len(features)):
        folder = out / fold_name(fold)
        folder.mkdir()
        write_arrays(
            folder,
            "scores",
            **{part: weighted_sum(scores, weights, fold, part) for part in ("validation", "test")},
        )
    first = out / fold_name(0)
    files.write_json(first / WEIGHTS, weights)
    files.write_json(first / "history.json", {"loss": []})
    for name, refs in parts.items():
        copy_model(refs[0], first / name)
    rows = next(iter(parts.values()))[0].facts["rows"]
    return {"rows": rows, "weights": dict(weights), "device": DEVICE}


def best_weights(
    y: Sequence[Float64Array],
    scores: Mapping[str, Sequence[NamedArrays]],
    problem: Problem,
) -> dict[str, float]:
    """Return the weights whose sum is best on the validation parts of all folds together.

    Parameters
    ----------
    y
        The validation labels of each fold.
    scores
        What each model has as `scores.npz`, by name: one for each fold.
    """

    def figure(weights: Mapping[str, float]) -> float:
        folds = [
            once(problem, labels, answered(weighted_sum(scores, weights, fold), problem))
            for fold, labels in enumerate(y)
        ]
        mean = np.mean([one[problem.primary_metric] for one in folds])
        return problem.sign * float(mean)

    return max(grid(list(scores)), key=figure)


def weighted_sum(
    scores: Mapping[str, Sequence[NamedArrays]],
    weights: Mapping[str, float],
    fold: int,
    part: str = "validation",
) -> Float64Array:
    """Return the weighted sum of the models' scores of one part of one fold."""
    terms = [
        weight * scores[name][fold][part].astype("float64") for name, weight in weights.items()
    ]
    total: Float64Array = np.sum(terms, axis=0)
    return total


def grid(names: Sequence[str]) -> list[dict[str, float]]:
    """Return the weights that are tried: all tenths that sum to one, equal shares first.

    Examples
    --------
    >>> len(grid(["a", "b"])), grid(["a", "b"])[0]
    (11, {'a': 0.5, 'b': 0.5})
    """
    tenths = itertools.product(range(STEPS + 1), repeat=len(names))
    shares = [
        tuple(t / STEPS for t in combination) for combination in tenths if sum(combination) == STEPS
    ]
    shares.sort(key=lambda weights: sum((w - 1 / len(names)) ** 2 for w in weights))
    return [dict(zip(names, weights, strict=True)) for weights in shares]


def copy_model(trained: Ref, folder: Path) -> None:
    """Copy what a model needs to be exported."""
    folder.mkdir()
    for name in (NETWORK, GRAPH):
        if trained.path(name).is_file():
            shutil.copy2(trained.path(name), folder / name)


def weights_of(trained: Ref) -> dict[str, float] | None:
    """Return a blend's weights by the folders of its models; None of any other candidate."""
    path = trained.path(WEIGHTS)
    if not path.is_file():
        return None
    weights: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return weights
