"""Answer as trained folds do: the scores of all of them, and the first one as its own model."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from casebook.array_types import Float32Array
from tasks.problem.definition import Problem
from tasks.tables.fold_stacks import Scale, Stack
from tasks.training.heads import mean_logits
from tasks.training.train import Network, Settings, pooled


def score(
    model: keras.Model, x: Float32Array, scale: Sequence[Scale], problem: Problem
) -> Float32Array:
    """Return each fold's scores, shape (folds, rows).

    They are logits of the mean probability, or values in the target's unit. With several classes
    there is a logit for each, shape (folds, rows, classes).
    """
    raw = np.asarray(model.predict_on_batch(x.swapaxes(0, 1)), "float64").swapaxes(0, 1)
    if problem.problem_type == "binary":
        return np.stack([pooled(fold) for fold in raw])
    if problem.problem_type == "multiclass":
        return np.asarray(mean_logits(raw), "float32")
    predictions = [
        np.asarray(by.inverse_transform(fold.mean(axis=-1)), "float32")
        for by, fold in zip(scale, raw, strict=True)
    ]
    return np.stack(predictions)


def alone_model(
    network: Network,
    model: keras.Model,
    train: Stack,
    settings: Settings,
    scale: Scale,
    problem: Problem,
) -> keras.Model:
    """Return the first fold's network as a model of its own.

    It maps features (rows, features) to logits (rows, members), or to values. With several classes
    it gives the logit of each, shape (rows, classes).
    """
    first = network(train.x[:1], train.y[:1], settings.dropout)
    first.set_weights([weights[: len(weights) // len(train.x)] for weights in model.get_weights()])
    inputs = keras.Input(train.x.shape[2:])
    outputs = ops.squeeze(first(ops.expand_dims(inputs, 1)), 1)
    if problem.problem_type == "multiclass":
        outputs = mean_logits(outputs)
    if problem.problem_type == "regression":
        outputs = scale.inverse_transform(ops.mean(outputs, axis=1, keepdims=True))
    return keras.Model(inputs, outputs, name=model.name)
