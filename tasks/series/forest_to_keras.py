"""Grow: fit trees that forecast each step ahead, and write them as a network of fixed weights.

Trees follow steps and corners, such as a house that nobody is in, where a network of few units goes
on evenly. As a network they are saved, exported, blended with others and served as any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy import typing as npt
from sklearn import ensemble

from casebook import files
from casebook.array_types import Float32Array, NamedArrays
from casebook.device import DeviceChoice, prepare
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import write_arrays
from tasks.series.forecaster import described, raw_inputs
from tasks.series.train import answers
from tasks.series.windowing import walk

if TYPE_CHECKING:
    from sklearn.tree._tree import Tree
Forest: TypeAlias = "Mapping[str, float]"

FEATURE, LIMIT, BEYOND = range(3)  # what a table of nodes has of each


@stage
def train_forest(out: Path, parts: Ref, forest: Forest, device: DeviceChoice, seed: int) -> Facts:
    """Fit extremely randomized trees (Geurts et al. 2006) for each step ahead.

    They answer as `train_series` does. For each step they get the features that a `forecaster`
    gets, and they are refitted before each period of the validation split and before the test
    split.

    Parameters
    ----------
    parts
        What `tasks.series.windowing` makes of the series.
    forest
        How scikit-learn's ExtraTreesRegressor is made.
    device, seed
        Where their features are computed, and the seed of the trees.

    Writes `network.keras` (raw windows in, the trees' answer out), `scores.npz`, and a
    `history.json` without epochs.
    """
    used = prepare(device, seed)
    *periods, (whole, test) = walk(parts)
    telling = teller(whole)
    predictions = [
        predicted(fitted(telling, past, forest, seed), answers(telling, period))
        for past, period in periods
    ]
    forests = fitted(telling, whole, forest, seed)
    model = as_network(telling, forests)
    model.save(out / "network.keras")
    write_arrays(out, "scores", validation=np.concatenate(predictions), test=answers(model, test))
    files.write_json(out / "history.json", {"loss": []})
    nodes = sum(estimator.tree_.node_count for steps in forests for estimator in steps.estimators_)
    return {
        "rows": len(whole["y"]),
        "parameters": nodes,
        "epochs": 0,
        "best_epoch": 0,
        "device": used,
    }


def teller(rows: NamedArrays) -> keras.Model:
    """Return the model from raw numbers to the features of each step ahead.

    Its output has the shape (rows, steps, features).
    """
    inputs = raw_inputs(rows)
    return keras.Model(list(inputs.values()), described(inputs, rows["y"].shape[1]), name="teller")


def fitted(
    telling: keras.Model, past: NamedArrays, forest: Forest, seed: int
) -> list[ensemble.ExtraTreesRegressor]:
    """Fit a forest for each step ahead, where what came then is known."""

    def one(x: Float32Array, y: Float32Array) -> ensemble.ExtraTreesRegressor:
        there = np.isfinite(y)
        return ensemble.ExtraTreesRegressor(**forest, random_state=seed).fit(x[there], y[there])

    features, steps = answers(telling, past), past["y"].shape[1]
    return [one(features[:, step], past["y"][:, step]) for step in range(steps)]


def predicted(forests: list[ensemble.ExtraTreesRegressor], features: Float32Array) -> Float32Array:
    """Return what each step's forest says of it, shape (rows, steps)."""
    predictions: Float32Array = np.stack(
        [forest.predict(features[:, step]) for step, forest in enumerate(forests)], axis=1
    )
    return predictions.astype("float32")


def as_network(telling: keras.Model, forests: list[ensemble.ExtraTreesRegressor]) -> keras.Model:
    """Return one model from the raw numbers to the forests' answers."""
    inputs = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in telling.inputs]
    return keras.Model(inputs, as_layers(telling(inputs), forests), name="forest")


def as_layers(features: Any, forests: list[ensemble.ExtraTreesRegressor]) -> Any:
    """Return the forests' predictions (rows, steps) as layers of fixed weights.

    They are computed from the features of each step (rows, steps, features).

    A table has a row for each node of all trees: the feature that is compared, the threshold, and
    the node to continue with where the feature exceeds it; otherwise that is the next node, as
    scikit-learn numbers them. All trees are descended at once, from the root as many times as the
    deepest tree is deep; a leaf continues with itself.
    """
    trees = [estimator.tree_ for forest in forests for estimator in forest.estimators_]
    begins = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    nodes = np.concatenate([table(tree, begin) for tree, begin in zip(trees, begins, strict=True)])
    values = np.concatenate([tree.value[:, 0] for tree in trees])
    look_up = keras.layers.Embedding(*nodes.shape, trainable=False, name="nodes")
    value = keras.layers.Embedding(len(values), 1, trainable=False, name="values")
    roots = keras.layers.Embedding(1, len(trees), trainable=False, name="roots")
    here = ops.reshape(
        roots(ops.cast(features[:, 0, :1] * 0, "int32")),
        (-1, len(forests), len(trees) // len(forests)),
    )
    for _ in range(max(tree.max_depth for tree in trees)):
        node = look_up(ops.cast(here, "int32"))
        compared = ops.take_along_axis(features, ops.cast(node[..., FEATURE], "int32"), axis=-1)
        here = ops.where(compared > node[..., LIMIT], node[..., BEYOND], here + 1)
    answer = ops.mean(value(ops.cast(here, "int32")), axis=(2, 3))
    for layer, weights in ((look_up, nodes), (value, values), (roots, begins[None])):
        layer.set_weights([weights.astype("float32")])
    return answer


def table(tree: Tree, begin: int) -> Float32Array:
    """Return a tree's nodes, shape (nodes, 3), numbered from `begin` on.

    The numbers are exact in 32 bits up to 16 million nodes.
    """
    leaf = tree.children_left < 0
    nodes = np.empty((tree.node_count, 3), "float32")
    nodes[:, FEATURE] = np.where(leaf, 0, tree.feature)
    nodes[:, LIMIT] = np.where(leaf, np.finfo("float32").min, below(tree.threshold))
    nodes[:, BEYOND] = begin + np.where(leaf, np.arange(tree.node_count), tree.children_right)
    return nodes


def below(limits: npt.NDArray[np.float64]) -> Float32Array:
    """Return for each number the greatest 32-bit number that does not exceed it.

    The same 32-bit numbers are greater than either.
    """
    near: Float32Array = limits.astype("float32")
    return np.where(near > limits, np.nextafter(near, np.float32(-np.inf)), near)
