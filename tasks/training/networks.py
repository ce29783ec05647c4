"""Build: layers that the networks of several cases are made of.

Networks of several members (an ensemble trained as one) or of several folds (see
`tasks.tables.train_folds`) have weights with leading axes for them; the initial weights are drawn
as for one network alone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

import keras
import numpy as np
from keras import layers, ops

from casebook.array_types import Float32Array

Start = Literal["he", "glorot"]


def by_fold(inputs: Any) -> Any:
    """Return inputs (rows, folds, features) with the fold axis first.

    A layer is then one batched product, without a copy.
    """
    return ops.transpose(inputs, (1, 0, 2))


def dense(
    hidden: Any,
    units: int,
    *,
    members: int = 1,
    activation: str | None = None,
    start: Start = "he",
    like: int = 0,
    penalty: keras.Regularizer | None = None,
) -> Any:
    """Return a dense layer's answers for each fold and member, shape (folds, members, rows, units).

    Parameters
    ----------
    hidden
        Shape (folds, rows, features), the same for all members, or (folds, members, rows,
        features).
    units
        How many answers each member has.
    members
        How many members there are, where `hidden` doesn't tell.
    activation
        As in Keras' Dense.
    start, like
        Initial weights are drawn as He or as Glorot and Bengio do, as if there were `like` inputs
        (0: as there are).
    penalty
        What is added to the loss for large weights: a sum over all folds, of which each gets its
        own gradient.
    """
    features = hidden.shape[-1]
    draw = uniform(like or features, units, start)
    if len(hidden.shape) == 4:
        shape = (hidden.shape[1], None, units)
        layer = keras.layers.EinsumDense(
            "fkbi,fkio->fkbo", shape, None, "fko", draw, kernel_regularizer=penalty
        )
        outputs = layer(hidden)
    else:
        flat = (None, members * units)
        layer = keras.layers.EinsumDense(
            "fbi,fiq->fbq", flat, None, "fq", draw, kernel_regularizer=penalty
        )
        apart = ops.reshape(layer(hidden), (hidden.shape[0], -1, members, units))
        outputs = ops.transpose(apart, (0, 2, 1, 3))
    return keras.activations.get(activation)(outputs)


def answers(hidden: Any) -> Any:
    """Return one output per row, fold and member, shape (rows, folds, members).

    The input has shape (folds, members, rows, 1). With one member the last axis may have several
    outputs, from (folds, 1, rows, answers).
    """
    if hidden.shape[-1] > 1:
        return ops.transpose(ops.squeeze(hidden, 1), (1, 0, 2))
    return ops.transpose(ops.squeeze(hidden, -1), (2, 0, 1))


def uniform(inputs: int, units: int, start: Start) -> keras.Initializer:
    """Return He's or Glorot's uniform initializer of one member.

    Keras would count the inputs of all members as those of one.
    """
    limit = (6.0 / (inputs + (units if start == "glorot" else 0))) ** 0.5
    return keras.initializers.RandomUniform(-limit, limit)


def quantile_bins(x: Float32Array, bins: int) -> tuple[Float32Array, Float32Array]:
    """Return lower edge and width of each feature's quantile bins.

    Both have shape (…, features, bins); widths are at least .001. `x` has shape (…, rows,
    features); each of the leading axes, such as folds, has bins of its own.
    """
    edges = np.moveaxis(np.quantile(x, np.linspace(0, 1, bins + 1), axis=-2), 0, -1)
    for i in range(1, bins + 1):
        edges[..., i] = np.maximum(edges[..., i], edges[..., i - 1] + 1e-3)
    return edges[..., :-1].astype("float32"), np.diff(edges, axis=-1).astype("float32")


def piecewise(inputs: Any, x: Float32Array, bins: int, limit: float = 5.0) -> Any:
    """Return the inputs, clipped, and the position of each within each of its quantile bins.

    Inputs are clipped to ±`limit`. A network learns steps and edges of single features from the
    positions as a tree does (Gorishniy et al. 2022, "On embeddings for numerical features", section
    3.2). The shape is (rows, …, features + binned features · bins); a feature of two values has no
    edges to learn.

    Parameters
    ----------
    inputs
        The network's inputs, shape (rows, features) or (rows, folds, features).
    x
        The training part that the bins are taken from, shape (rows, features) or (folds, rows,
        features).
    """
    # the folds' networks are alike, so one fold tells for all
    first = x.reshape(-1, *x.shape[-2:])[0]
    binned = [i for i in range(x.shape[-1]) if len(np.unique(first[:, i])) > 2]
    low, width = quantile_bins(x[..., binned], bins)
    values = inputs if len(binned) == x.shape[-1] else ops.take(inputs, binned, axis=-1)
    places = ops.clip((ops.expand_dims(values, -1) - low) / width, 0.0, 1.0)
    flat = ops.reshape(places, (-1, *x.shape[:-2], len(binned) * bins))
    return ops.concatenate([ops.clip(inputs, -limit, limit), flat], axis=-1)


def perceptron(
    x: Float32Array,
    units: tuple[int, ...],
    dropout: float,
    name: str,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    outputs: int = 1,
) -> keras.Model:
    """Return, for each fold, a multilayer perceptron on the features as they are.

    Its rectified linear layers are initialized as in Keras. It has one output, or one for each of
    several classes (see `tasks.training.heads`).
    """
    inputs = keras.Input(x.shape[::2])
    hidden = by_fold(inputs)
    for number in units:
        layer = dense(
            hidden, number, activation="relu", start="glorot", penalty=elastic_net(l1, l2)
        )
        hidden = keras.layers.Dropout(dropout)(layer)
    last = dense(hidden, outputs, start="glorot", penalty=elastic_net(l1, l2))
    return keras.Model(inputs, answers(last), name=name)


def plain(
    x: Float32Array,
    units: tuple[int, ...],
    dropout: float,
    name: str,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    outputs: int = 1,
) -> keras.Model:
    """Return the same network for one fold, x of shape (rows, features)."""
    stack = [keras.Input((x.shape[1],))]
    for number in units:
        stack += [
            layers.Dense(number, "relu", kernel_regularizer=elastic_net(l1, l2)),
            layers.Dropout(dropout),
        ]
    last = layers.Dense(outputs, kernel_regularizer=elastic_net(l1, l2))
    return keras.Sequential([*stack, last], name=name)


def elastic_net(l1: float, l2: float) -> keras.Regularizer | None:
    """Return the penalty l1 · Σ|w| + l2 · Σw² (Zou and Hastie 2005), or None if both are 0."""
    return keras.regularizers.L1L2(l1, l2) if l1 or l2 else None


def ensemble(
    x: Float32Array,
    units: tuple[int, ...],
    dropout: float,
    *,
    members: int,
    bins: int,
    name: str = "ensemble",
) -> keras.Model:
    """Return, for each fold, an ensemble on piecewise-linear encodings of each feature.

    Its members are trained as one network. They differ by their initial weights only; each learns
    for itself and their outputs are averaged. Their first outputs are small, so that all begin near
    the mean.
    """
    inputs = keras.Input(x.shape[::2])
    hidden = by_fold(piecewise(inputs, x, bins))
    for number in units:
        hidden = dense(hidden, number, members=members, activation="relu")
        hidden = keras.layers.Dropout(dropout)(hidden)
    return keras.Model(inputs, answers(dense(hidden, 1, like=6 * units[-1])), name=name)


def side_by_side(inputs: Any, members: int, units: tuple[int, ...]) -> Any:
    """Return the logits of small networks that are trained as one, shape (rows, members).

    The members differ by their initial weights only; each learns for itself, and their
    probabilities are averaged.

    Parameters
    ----------
    inputs
        What all members are given, shape (rows, features).
    members
        How many networks there are.
    units
        The rectified units of each member's layers.
    """
    first = layers.Dense(members * units[0], activation="relu", kernel_initializer="he_uniform")
    hidden = ops.reshape(first(inputs), (-1, members, units[0]))
    for inner, outer in pairwise((*units, 1)):
        hidden = layers.EinsumDense(
            "bki,kio->bko",
            (members, outer),
            bias_axes="ko",
            activation="relu" if outer > 1 else None,
            kernel_initializer=uniform(inner, outer, "he"),
        )(hidden)
    return ops.squeeze(hidden, -1)
