"""Vote: let similar training rows say what a row is, as fixed layers beside a network that learns.

A network on scaled values can't see single exact values, which tell much where tools write them,
nor the one known row that is most like the one at hand.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy import typing as npt

from casebook.array_types import Float32Array

Bins: TypeAlias = "tuple[npt.NDArray[np.int64], Float32Array, Float32Array]"

BINS = 16
FREQUENT = 32  # values of a column that are known by themselves, if they occur
LEAST = 10  # times or more
# between values that count as different: float32 must not decide in which bin a value lies
GAP = 1e-3
COMPONENTS = 40
# side of the cells in whose middle rows vote together; a distance of 1 leaves a row .61 of its
# weight
CELL = 1.4
VOTERS = 16_384  # training rows that vote at most, so that model and memory stay small


def distinct_bins(x: Float32Array) -> Bins:
    """Return column, lower edge and width of all bins.

    There are at most 16 bins per column, none of which is empty. Most columns have few distinct
    values, each of which is an edge; of the others the edges are quantiles, and, where many of
    those coincide, further quantiles of the distinct values.
    """
    edges = [_edges(column) for column in x.T]
    column = np.repeat(np.arange(len(edges)), [len(bounds) - 1 for bounds in edges])
    low = np.concatenate([bounds[:-1] for bounds in edges]).astype("float32")
    return column, low, np.concatenate([np.diff(bounds) for bounds in edges]).astype("float32")


def _edges(values: Float32Array) -> Float32Array:

    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) > BINS + 1:
        shared = distinct[counts > 1] if (counts > 1).any() else distinct
        distinct = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)))
        more = np.quantile(shared, np.linspace(0, 1, BINS + 3 - len(distinct))[1:-1])
        distinct = np.unique(np.concatenate([distinct, more]))
    edges: Float32Array = distinct[np.append(True, np.diff(distinct) > GAP)]
    return edges


def places(x: Any, bins: Bins) -> Any:
    """Return each value's position within each bin of its column, 0 before it and 1 behind it."""
    column, low, width = bins
    return ops.clip((taken(x, column) - low) / width, 0.0, 1.0)


def taken(x: Any, columns: npt.NDArray[np.int64]) -> Any:
    """Return some columns of x, any of them several times.

    As a product with ones and zeros, which is exact and takes ONNX Runtime a fifth of the time of
    gathering them.
    """
    return fixed(np.eye(x.shape[1], dtype="float32")[:, columns], np.zeros(len(columns)))(x)


def frequent_values(inputs: Any, x: Float32Array) -> Any:
    """Return 1 where an input is one of the most frequent values of its column, else 0.

    Each value has an indicator of its own.
    """
    columns, values = [], []
    for i, column in enumerate(x.T):
        distinct, counts = np.unique(column, return_counts=True)
        often = [j for j in np.argsort(-counts, kind="stable")[:FREQUENT] if counts[j] >= LEAST]
        columns += [i] * len(often)
        values += list(distinct[often])
    near = ops.abs(taken(inputs, np.array(columns, "int64")) - np.array(values, "float32"))
    # flat around the value and no steeper than needed, as pandas and ONNX round the same header
    # differently
    return ops.clip(1.5 - near / (2 * GAP), 0.0, 1.0)


def similar_rows(placed: Any, x: Float32Array, y: Float32Array, bins: Bins) -> Any:
    """Return the log ratio of malicious to benign training rows, weighted by their similarity.

    A kernel estimate of the class densities (Nadaraya 1964, Watson 1964): a row's weight is
    exp(-d²/2), d its distance from the input in the principal components of the bins' positions,
    relative to the nearest row's. Its constants are weights of layers that are not trained, so that
    the model stays one graph.
    """
    rows, of = np.unique(x, axis=0, return_inverse=True)
    votes = np.stack([np.bincount(of, 1 - y, len(rows)), np.bincount(of, y, len(rows))], axis=1)
    picked = np.random.default_rng(0).permutation(len(rows))[:VOTERS]
    positions = np.asarray(places(rows[picked], bins))
    mean, axes = principal(np.asarray(places(x, bins)))
    at, counts = together((positions - mean) @ axes, votes[picked])
    here = fixed(axes, -mean @ axes)(placed)
    # (|here|² - d²) / 2, and |here|² is the same for all rows
    near = fixed(at.T, -(at**2).sum(axis=1) / 2)(here)
    # divided by their sum, which the difference of logarithms leaves out again
    weights = ops.softmax(near)
    counted = ops.log(
        fixed(counts, np.zeros(2))(weights) + 0.02 * ops.max(weights, axis=1, keepdims=True)
    )
    return counted[:, 1:] - counted[:, :1]


def together(at: npt.NDArray[Any], votes: npt.NDArray[np.int64]) -> tuple[Any, Any]:
    """Return one row per cell, at the mean of its rows, and the sum of their votes."""
    _, cell = np.unique(np.round(at / CELL), axis=0, return_inverse=True)
    sums, counts = (
        np.stack([np.bincount(cell, column) for column in values.T], axis=1)
        for values in (at, votes)
    )
    return sums / np.bincount(cell)[:, None], counts


def principal(x: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Return the mean and the first principal axes of rows, the latter as columns."""
    mean = x.mean(axis=0)
    _, axes = np.linalg.eigh((x - mean).T @ (x - mean) / len(x))
    return mean, axes[:, ::-1][:, :COMPONENTS]


def fixed(kernel: Any, bias: Any) -> keras.layers.Layer:
    """Return a dense layer with these weights, which training leaves as they are."""
    layer = keras.layers.Dense(kernel.shape[1], kernel_initializer="zeros", trainable=False)
    layer.build((None, kernel.shape[0]))
    layer.set_weights([kernel, bias])
    return layer
