"""Folds: ten networks fitted as one batched model, against one Keras `fit` after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import keras
import numpy as np
from keras import layers

from benchmarks.figures import Figure, Options, ratio
from casebook.device import prepare
from tasks.problem.definition import Problem
from tasks.tables.fold_stacks import Scale, Stack, stacked
from tasks.tables.train_folds import fit
from tasks.training.networks import perceptron
from tasks.training.train import Settings, optimizer

FOLDS, ROWS, FEATURES, UNITS = 10, 405, 13, (64, 64)  # boston's table and the lab's network for it
PROBLEM = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


def measure_folds(options: Options) -> Iterator[Figure]:
    """Train the same networks on the same rows for the same epochs in both ways, in turn."""
    prepare("cpu", 0)
    settings = Settings(epochs=2 if options.quick else 100, batch_size=32, dropout=0.0)
    stack = table()
    together = [seconds(lambda: batched(stack, settings)) for _ in range(options.repeats)]
    apart = [seconds(lambda: one_by_one(stack, settings)) for _ in range(options.repeats)]
    name = f"{FOLDS} folds of {ROWS} rows, {settings.epochs} epochs"
    yield Figure("folds", f"{name}: as one model", "s", tuple(together))
    yield Figure("folds", f"{name}: one fit after another", "s", tuple(apart))
    yield ratio("folds", f"{name}: one after another / as one", apart, together)


def table() -> Stack:
    """Return random rows with a learnable target."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(FOLDS, ROWS, FEATURES)).astype("float32")
    parts = [{"x": fold, "y": fold[:, 0] + fold[:, 1] ** 2} for fold in x]
    return stacked(parts, [Scale(1.0, 0.0, log=False)] * FOLDS)


def batched(stack: Stack, settings: Settings) -> None:
    """Train all folds as one model."""
    fit(perceptron(stack.x, UNITS, 0.0, "folds"), stack, None, settings, PROBLEM)


def one_by_one(stack: Stack, settings: Settings) -> None:
    """Train a plain network per fold, as a script would."""
    for x, y in zip(stack.x, stack.y, strict=True):
        model = plain()
        model.compile(optimizer=optimizer(settings, 1), loss="mse")
        model.fit(x, y, batch_size=settings.batch_size, epochs=settings.epochs, verbose=0)


def plain() -> keras.Model:
    """Return the lab's network in plain layers."""
    stack: list[Any] = [
        keras.Input((FEATURES,)),
        *(layers.Dense(units, activation="relu") for units in UNITS),
    ]
    return keras.Sequential([*stack, layers.Dense(1)])


def seconds(work: Callable[[], None]) -> float:
    """Return how long a call takes."""
    started = perf_counter()
    work()
    return perf_counter() - started
