"""Train folds: fit the networks of all folds of a small table as one batched model.

A fit of a small network takes seconds, nearly all of them overhead; thirty folds would take
minutes. So the weights of every layer get a leading axis for the folds, one call trains all of
them, and no fold can influence another: the loss is a sum over folds, and the optimizers used here
work on each weight for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from casebook import files
from casebook.array_types import Float32Array, NamedArrays
from casebook.device import prepare
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.problem.definition import Problem
from tasks.tables.fold_answers import alone_model, score
from tasks.tables.fold_epochs import batches, epoch_of
from tasks.tables.fold_stacks import Scale, Stack, stacked, train_and_validation, train_and_watched
from tasks.tables.fold_watch import Watch
from tasks.tables.split import PARTS
from tasks.training.finite import finite_loss
from tasks.training.heads import for_classes
from tasks.training.train import Network, Settings, build


@stage
def train_folds(
    out: Path,
    features: Ref,
    folds: int,
    network: Network,
    settings: Settings,
    problem: Problem,
    seed: int,
) -> Facts:
    """Fit one candidate's networks of all folds, and score each fold's validation and test rows.

    Parameters
    ----------
    features
        The encoded parts of all folds.
    network
        Builds the model from x (folds, rows, features), y (folds, rows) and the dropout: inputs of
        shape (folds, features), outputs (folds, members); all its weights have the folds as their
        first axis. Of more than two classes see `tasks.training.heads`.
    settings
        How to train. Without `refit` a fifth of each fold's training rows is held back, as the labs
        do by Keras' `validation_split`, and the fold keeps the weights of its epoch of least loss
        on them. The validation part has no say in training: candidates are chosen by it.
    problem, seed
        What is predicted; what fixes weights, order and dropout.

    Writes, in a folder for each fold, `scores.npz` (logits, or values in the target's unit) and
    `history.json`; in the first fold's also `network.keras`, which takes (rows, features).
    """
    used = prepare(settings.device, seed)
    network = for_classes(
        network, len(problem.labels) if problem.problem_type == "multiclass" else 0
    )
    parts = [{name: read_arrays(features.fold(i), name) for name in PARTS} for i in range(folds)]
    scale = [Scale.of(part["train"]["y"], problem, settings) for part in parts]
    train, watched = train_and_watched(parts, scale, settings)
    model, history = build_and_fit(network, train, watched, settings, problem, seed)
    validated = fold_scores(model, [part["validation"] for part in parts], scale, problem)
    if settings.refit:
        train = stacked([train_and_validation(part) for part in parts], scale)
        model, _ = build_and_fit(network, train, None, settings, problem, seed)
    tested = fold_scores(model, [part["test"] for part in parts], scale, problem)
    for i in range(folds):
        write_fold(out / fold_name(i), validated[i], tested[i], history)
    alone = alone_model(network, model, train, settings, scale[0], problem)
    alone.save(out / fold_name(0) / "network.keras")
    kept = len(history["loss"]) if settings.refit else int(np.argmin(history["val_loss"])) + 1
    return {
        "rows": int(train.weight[0].sum()),
        "parameters": int(alone.count_params()),
        "epochs": len(history["loss"]),
        "best_epoch": kept,
        "folds": folds,
        "device": used,
    }


def build_and_fit(
    network: Network,
    train: Stack,
    watched: Stack | None,
    settings: Settings,
    problem: Problem,
    seed: int,
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Return a new model that was trained on all folds, and its mean curves."""
    model = build(network, {"x": train.x, "y": train.y}, settings, seed)
    return model, fit(model, train, watched, settings, problem, seed)


def fit(
    model: keras.Model,
    train: Stack,
    watched: Stack | None,
    settings: Settings,
    problem: Problem,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Train all folds together, on rows shuffled by the seed, and return their mean curves.

    Without `refit` every fold ends with the weights of its best epoch on the watched rows.
    """
    train_epoch = epoch_of(model, train, settings, problem)
    watch = Watch(model, watched, settings, problem)
    shuffle, curve = np.random.default_rng(seed), list[float]()
    with Progress(f"training {model.name}", settings.epochs) as progress:
        while len(curve) < settings.epochs and not watch.done:
            rows = shuffle.permutation(train.y.shape[1])
            curve.append(float(train_epoch(*batches(rows, settings.batch_size))))
            finite_loss(curve[-1], model.name, len(curve))
            watch.look(len(curve))
            progress.step()
    watch.restore()
    return {"loss": curve, **watch.curves}


def fold_scores(
    model: keras.Model,
    rows: Sequence[NamedArrays],
    scale: Sequence[Scale],
    problem: Problem,
) -> list[Float32Array]:
    """Return the scores of each fold's rows, without those of the padding."""
    scores = score(model, stacked(rows, scale).x, scale, problem)
    return [fold[: len(part["y"])] for fold, part in zip(scores, rows, strict=True)]


def write_fold(
    folder: Path, validation: Float32Array, test: Float32Array, history: dict[str, list[float]]
) -> None:
    """Write the scores of one fold, and the mean curves of all."""
    folder.mkdir()
    write_arrays(folder, "scores", validation=validation, test=test)
    files.write_json(folder / "history.json", history)
