"""Networks that count on from five numbers: the lab's, and ours."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops
from numpy import typing as npt

from casebook.array_types import NamedArrays


def course_network(train: NamedArrays) -> keras.Model:
    """Return the lab's network: an LSTM on numbers scaled by the range of the training part.

    What it passes on lies between -1 and 1, however large the numbers get, and so do the sums that
    its last layer can make of it: beyond the numbers learned its predictions level off.
    """
    inputs = keras.Input(train["window"].shape[1:], name="window")
    low, wide, top = _range(train["window"]), _range(train["y"]), float(train["y"].min())
    scaled = ops.expand_dims((inputs - float(train["window"].min())) / low, -1)
    answer = layers.Dense(1)(layers.LSTM(32)(scaled))
    return keras.Model(inputs, ops.expand_dims(answer * wide + top, 1), name="course")


def our_network(train: NamedArrays) -> keras.Model:
    """Return a network that sees only how the five numbers relate to each other.

    It never sees how far is counted. Its inputs are the differences from the last number, and that
    number itself, all divided by the largest absolute value of the five, and its output is
    multiplied by that again. So the prediction for numbers ten times as large is ten times as
    large, whether they were learned or not (a function homogeneous of degree 1).
    """
    inputs = keras.Input(train["window"].shape[1:], name="window")
    size = ops.maximum(ops.max(ops.abs(inputs), axis=1, keepdims=True), 1e-6)
    last = inputs[:, -1:]
    shape = ops.concatenate([inputs[:, :-1] - last, last], axis=1) / size
    correction = layers.Dense(1, use_bias=False, kernel_initializer="zeros")(
        layers.Dense(16, "tanh", use_bias=False)(shape)
    )
    answer = (layers.Dense(1, use_bias=False)(shape) + correction) * size
    return keras.Model(inputs, ops.expand_dims(answer, 1), name="ours")


def _range(values: npt.NDArray[Any]) -> float:
    return float(values.max() - values.min()) or 1.0
