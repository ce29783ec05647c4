"""Heads: networks of several classes, from what builds a network of one answer per member.

A network whose last axis has as many numbers as there are classes gives their logits. Of any other,
each class gets a network of its own, built to tell it from all others; a softmax over the classes
joins them in training. So a case's networks need not know how many classes there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops

from casebook.array_types import Float32Array

Network: TypeAlias = "Callable[[Float32Array, Float32Array, float], keras.Model]"


def for_classes(network: Network, classes: int) -> Network:
    """Return a builder of networks whose logits have shape (rows, …, members, classes).

    Two classes need only one logit.

    Parameters
    ----------
    network
        Builds a model from x (rows, features) or (folds, rows, features), y and the dropout.
    classes
        How many there are, or 0 where none are told apart.
    """

    def build(x: Float32Array, y: Float32Array, dropout: float) -> keras.Model:

        model = network(x, y, dropout)
        if model.output_shape[-1] == classes:
            return keras.Model(model.inputs, ops.expand_dims(model.outputs[0], -2), name=model.name)
        return (_of_folds if x.ndim == 3 else _of_rows)(network, x, y, dropout, classes)

    return build if classes else network


def _of_rows(
    network: Network, x: Float32Array, y: Float32Array, dropout: float, classes: int
) -> keras.Model:
    """Return a network for each class side by side."""
    inputs = keras.Input(x.shape[1:])
    logits, name = [], ""
    for number in range(classes):
        one = network(x, (y == number).astype("float32"), dropout)
        name = one.name
        one.name = f"{name}_{number}"
        logits.append(one(inputs))
    return keras.Model(inputs, ops.stack(logits, axis=-1), name=name)


def _of_folds(
    network: Network, x: Float32Array, y: Float32Array, dropout: float, classes: int
) -> keras.Model:
    """Return a network for each fold and class.

    To the builder, each class of a fold is a fold of its own.
    """
    own = (y[:, None] == np.arange(classes)[:, None]).reshape(-1, y.shape[1]).astype("float32")
    one = network(np.repeat(x, classes, axis=0), own, dropout)
    inputs = keras.Input(x.shape[::2])
    answers = one(ops.repeat(inputs, classes, axis=1))
    apart = ops.reshape(answers, (-1, len(x), classes, one.output_shape[-1]))
    name = one.name
    one.name = f"{name}_of_classes"
    return keras.Model(inputs, ops.transpose(apart, (0, 1, 3, 2)), name=name)


def cross_entropy(y: Any, logits: Any) -> Any:
    """Return the loss of each row: each member's own, averaged over the members.

    Parameters
    ----------
    y
        Class numbers, shape (rows, …).
    logits
        Shape (rows, …, members, classes).
    """
    true = ops.one_hot(ops.cast(y, "int32"), logits.shape[-1], dtype=logits.dtype)
    log_p = ops.log_softmax(logits, axis=-1)
    return -ops.mean(ops.sum(ops.expand_dims(true, -2) * log_p, axis=-1), axis=-1)


def mean_logits(logits: Any) -> Any:
    """Return the log of the members' mean probability of each class, shape (rows, …, classes)."""
    log_p = ops.log_softmax(logits, axis=-1)
    return ops.logsumexp(log_p, axis=-2) - math.log(logits.shape[-2])


def with_mean(model: keras.Model) -> keras.Model:
    """Return a network of members' logits with their mean as its answer, shape (rows, classes)."""
    return keras.Model(model.inputs, mean_logits(model.outputs[0]), name=model.name)
