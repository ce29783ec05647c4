"""Estimators: scikit-learn's regressions as candidates, one for each step ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper
from sklearn import ensemble, linear_model, pipeline, preprocessing

from casebook import files
from casebook.array_types import Float64Array, NamedArrays
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import write_arrays
from casebook.threads import fit_in_all_cores, one_thread
from tasks.problem.definition import Problem
from tasks.series.features import FEATURES
from tasks.series.features import GRAPH as FEATURES_GRAPH
from tasks.series.windowing import walk
from tasks.tables.estimators import DEVICE, GRAPH
from tasks.tables.score_graph import FEATURES as GIVEN
from tasks.tables.score_graph import SCORE, score_graph
from tasks.training.onnx_format import in_our_format

Build: TypeAlias = "Callable[..., Any]"


@dataclass(frozen=True)
class SeriesEstimator:
    """A regression of scikit-learn's, of which each step ahead gets its own.

    Attributes
    ----------
    build
        Returns it unfitted, given a seed and the settings.
    settings
        How it is made, in other profiles than smoke.
    """

    build: Build
    settings: Mapping[str, float] = field(default_factory=dict)


@stage(process="worker")
def fit_step_estimators(
    out: Path,
    features: Ref,
    build: Build,
    settings: Mapping[str, float],
    problem: Problem,
    seed: int,
) -> Facts:
    """Fit an estimator to each step ahead; see `SeriesEstimator` for how.

    They are refitted before each period of the validation split and before the test split, as
    networks are by `train_series`.

    Writes `scores.npz`, a `history.json` without epochs, and `score.onnx`, the graph from raw
    numbers to the answers (rows, steps), in which trees are tree ensembles.
    """
    *periods, (whole, test) = walk(features)
    with one_thread():
        predictions = [
            predicted(fitted(build, settings, past, seed), period) for past, period in periods
        ]
        models = fitted(build, settings, whole, seed)
        answers = predicted(models, test)
    write_arrays(out, "scores", validation=np.concatenate(predictions), test=answers)
    graph = steps_graph(
        onnx.load(features.path(FEATURES_GRAPH)), models, whole["x"].shape[-1], problem
    )
    (out / GRAPH).write_bytes(graph.SerializeToString())
    files.write_json(out / "history.json", {"loss": []})  # it learns in no epochs
    return {"rows": len(whole["y"]), "device": DEVICE}


def fitted(build: Build, settings: Mapping[str, float], past: NamedArrays, seed: int) -> list[Any]:
    """Return a model for each step ahead, fitted where what came then is known."""
    targets = past["y"].astype("float64")
    models = []
    for step in range(targets.shape[1]):
        there = np.isfinite(targets[:, step])
        x = past["x"][there, step].astype("float64")
        models.append(fit_in_all_cores(build(seed, **settings), x, targets[there, step]))
    return models


def predicted(models: list[Any], rows: NamedArrays) -> Float64Array:
    """Return what each step's model says of it, shape (rows, steps)."""
    steps = [
        model.predict(rows["x"][:, step].astype("float64")) for step, model in enumerate(models)
    ]
    return np.stack(steps, axis=1)


def steps_graph(
    features: onnx.ModelProto, models: list[Any], width: int, problem: Problem
) -> onnx.ModelProto:
    """Return one graph from raw numbers to the steps' answers, shape (rows, steps)."""
    whole = compose.add_prefix(features, "described/", rename_inputs=False)
    for step, model in enumerate(models):
        part = score_graph(model, width, problem, log_target=False)
        part = compose.add_prefix(part, f"step{step}/")
        given = ["described/" + FEATURES, f"step{step}"]
        whole.graph.initializer.append(numpy_helper.from_array(np.array(step), f"step{step}"))
        whole.graph.node.append(helper.make_node("Gather", given, [f"step{step}/{GIVEN}"], axis=1))
        whole.graph.node.extend(part.graph.node)
        whole.graph.initializer.extend(part.graph.initializer)
    answers = [f"step{step}/{SCORE}" for step in range(len(models))]
    whole.graph.node.append(helper.make_node("Concat", answers, [SCORE], axis=1))
    del whole.graph.output[:]
    shape = [None, len(models)]
    whole.graph.output.append(helper.make_tensor_value_info(SCORE, onnx.TensorProto.FLOAT, shape))
    return in_our_format(whole)


def extra_trees(seed: int, **settings: Any) -> Any:
    """Return a forest of extremely randomized trees (Geurts et al. 2006)."""
    return ensemble.ExtraTreesRegressor(**settings, random_state=seed, n_jobs=1)


def ridge(seed: int) -> Any:
    """Return a ridge regression on scaled features; it finds its penalty by itself."""
    penalties = np.logspace(0, 5, 20)
    return pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.RidgeCV(penalties))
