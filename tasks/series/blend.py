"""Blend series: answer with the weighted sum of what several models say of each step ahead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from casebook import files
from casebook.array_types import AnyArray, Float64Array
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.evaluation.figures import once
from tasks.evaluation.paired import Answers, spreads
from tasks.problem.definition import Problem
from tasks.tables.blend import WEIGHTS, copy_model, grid
from tasks.tables.estimators import DEVICE


@stage
def blend_series(out: Path, parts: Ref, trained: Mapping[str, Ref], problem: Problem) -> Facts:
    """Weigh models that were fitted to the same splits, on validation.

    Parameters
    ----------
    parts
        What `tasks.series.windowing` makes of the series.
    trained
        Networks and estimators by name.
    problem
        What is predicted, and the figure that chooses; see `choose_weights`.

    Writes `scores.npz` as its models do, `weights.json`, and the files of its models.
    """
    y = read_arrays(parts, "validation")["y"].astype("float64")
    scores = {name: read_arrays(ref, "scores") for name, ref in trained.items()}
    weights = choose_weights(
        problem, y, {name: score["validation"] for name, score in scores.items()}
    )
    summed = {
        part: weighted_sum(weights, {name: score[part] for name, score in scores.items()})
        for part in ("validation", "test")
    }
    write_arrays(out, "scores", **summed)
    files.write_json(out / WEIGHTS, weights)
    files.write_json(out / "history.json", {"loss": []})
    for name, ref in trained.items():
        copy_model(ref, out / name)
    rows = next(iter(trained.values())).facts["rows"]
    return {"rows": rows, "weights": dict(weights), "device": DEVICE}


def choose_weights(
    problem: Problem, y: Float64Array, answers: Mapping[str, AnyArray]
) -> dict[str, float]:
    """Return the weights nearest to equal shares that are as good as the best ones.

    As good is what differs from the best by no more than one standard error of that difference
    (Breiman et al. 1984). A series has few weeks to choose by, and weights that are fitted to past
    forecasts seldom do better than equal ones (the "forecast combination puzzle", Stock and Watson
    2004): so shares are unequal only where validation shows a reason.
    """
    tried = grid(list(answers))
    blends = [weighted_sum(weights, answers) for weights in tried]
    figures = [problem.sign * once(problem, y, blend)[problem.primary_metric] for blend in blends]
    best = int(np.argmax(figures))
    others = {str(place): Answers(blend) for place, blend in enumerate(blends)}
    errors = spreads(problem, y, Answers(blends[best]), others)
    good = [
        weights
        for place, weights in enumerate(tried)
        if figures[best] - figures[place] <= errors[str(place)]
    ]
    return good[0]


def weighted_sum(weights: Mapping[str, float], answers: Mapping[str, AnyArray]) -> Float64Array:
    """Return the sum of the models' answers, each times its weight.

    Examples
    --------
    >>> answers = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 2.0])}
    >>> weighted_sum({"a": 0.5, "b": 0.5}, answers).tolist()
    [2.0, 2.0]
    """
    terms = [weight * answers[name].astype("float64") for name, weight in weights.items()]
    total: Float64Array = np.sum(terms, axis=0)
    return total
