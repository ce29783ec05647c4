"""Train folds for an epoch: all steps in one call on TensorFlow, else one by one, as Keras does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from casebook.array_types import Float32Array, Int64Array
from tasks.problem.definition import Problem
from tasks.tables.fold_stacks import Stack
from tasks.training.heads import cross_entropy
from tasks.training.train import Settings
from tasks.training.train import optimizer as make_optimizer


def batches(rows: Int64Array, size: int) -> tuple[Int64Array, Float32Array]:
    """Return the rows in batches (batches, rows) and their weights.

    The last batch is filled up with rows of weight 0.
    """
    size = min(size, len(rows))
    count = -(-len(rows) // size)
    weights = np.arange(count * size) < len(rows)
    return np.resize(rows, (count, size)), weights.reshape(count, size).astype("float32")


def epoch_of(
    model: keras.Model, train: Stack, settings: Settings, problem: Problem
) -> Callable[[Int64Array, Float32Array], Any]:
    """Return one epoch of training: from batches of rows to the mean loss of rows and folds.

    On TensorFlow all steps of an epoch are one call. Keras' own `fit` takes several times as long
    as a step of so small networks to hand over the next few rows. XLA makes a step twice as fast on
    a CPU, but nine times slower where masks are drawn. Other back ends take each step as Keras
    does.
    """
    optimizer = make_optimizer(
        settings, settings.epochs * -(-train.y.shape[1] // settings.batch_size)
    )
    of_backend = _in_one_call if keras.backend.backend() == "tensorflow" else _by_steps
    return of_backend(model, train, optimizer, settings, problem)


def _in_one_call(
    model: keras.Model,
    train: Stack,
    optimizer: keras.optimizers.Optimizer,
    settings: Settings,
    problem: Problem,
) -> Callable[[Int64Array, Float32Array], Any]:
    """Return one epoch of training as a TensorFlow function."""
    import tensorflow as tf

    optimizer.build(model.trainable_variables)
    x, y, weight = (
        tf.constant(value) for value in (train.x.swapaxes(0, 1), train.y.T, train.weight.T)
    )

    def step(rows: Any, counts: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = member_losses(
                tf.gather(y, rows), model(tf.gather(x, rows), training=True), problem
            )
            total = tf.reduce_sum(losses * tf.gather(weight, rows) * counts[:, None])
            loss = total / tf.reduce_sum(counts) + tf.add_n([*model.losses, 0.0])
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return total

    @tf.function(jit_compile=settings.dropout == 0)  # type: ignore[untyped-decorator]
    def train_epoch(rows: Any, counts: Any) -> Any:
        loss = tf.constant(0.0)
        for i in tf.range(tf.shape(rows)[0]):
            loss += step(rows[i], counts[i])
        return loss / tf.cast(tf.size(y), "float32")

    run: Callable[[Int64Array, Float32Array], Any] = train_epoch
    return run


def _by_steps(
    model: keras.Model,
    train: Stack,
    optimizer: keras.optimizers.Optimizer,
    settings: Settings,
    problem: Problem,
) -> Callable[[Int64Array, Float32Array], Any]:
    """Return one epoch of training in Keras' steps, on any backend.

    Its loss includes the penalties.
    """

    def losses_of(y_true: Any, y_pred: Any) -> Any:
        return ops.sum(member_losses(y_true[..., 0], y_pred, problem) * y_true[..., 1], axis=-1)

    x, targets = train.x.swapaxes(0, 1), np.stack([train.y.T, train.weight.T], axis=-1)
    model.compile(optimizer, losses_of)

    def train_epoch(rows: Int64Array, counts: Float32Array) -> float:
        # Keras divides by all rows of a batch
        shares = counts * (counts.shape[1] / counts.sum(axis=1, keepdims=True))
        steps = zip(rows, shares, strict=True)
        losses = [
            model.train_on_batch(x[batch], targets[batch], sample_weight=share)
            for batch, share in steps
        ]
        return float(np.average(losses, weights=counts.sum(axis=1))) / len(train.y)

    return train_epoch


def member_losses(y: Any, answers: Any, problem: Problem) -> Any:
    """Return the loss of each row and fold, shape (rows, folds).

    It is each member's own loss, averaged over the members.
    """
    if problem.problem_type == "multiclass":
        return cross_entropy(y, answers)
    y = ops.expand_dims(y, -1)
    if problem.problem_type == "regression":
        return ops.mean(ops.square(answers - y), axis=-1)
    return ops.mean(
        ops.relu(answers) - answers * y + ops.log1p(ops.exp(-ops.abs(answers))), axis=-1
    )
