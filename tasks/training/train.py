"""Train: fit a Keras network with early stopping on the validation AUPRC, and keep its scores."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import keras
import numpy as np
from keras import ops
from pydantic import BaseModel, ConfigDict
from scipy import special
from sklearn import metrics, utils

from casebook import files
from casebook.array_types import Float32Array
from casebook.device import DeviceChoice, prepare
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.training.finite import finite_loss
from tasks.training.heads import cross_entropy, for_classes, mean_logits, with_mean

Network: TypeAlias = "Callable[[Float32Array, Float32Array, float], keras.Model]"

Optimizer = Literal["adam", "adamw", "sgd", "rmsprop"]
Schedule = Literal["constant", "cosine"]
SCORING_BATCH = 8192


class Settings(BaseModel):
    """How a network is trained.

    `patience` counts epochs without a better validation AUPRC; the best epoch's weights are kept.
    Where an epoch has few steps, training waits for `patience_steps` steps at least.
    With `refit` there is no early stopping: what was trained on the training part gives the
    validation scores, and the network itself is then trained once more, for the same number of
    epochs, on training and validation rows together. The `cosine` schedule warms up for a twentieth
    as many steps as it then takes to fall along half a cosine to zero (Loshchilov and Hutter 2017),
    so it wants its full `epochs`. With `log_target` the logarithm of a (positive) number is learnt,
    so that relative errors count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    epochs: int = 100
    batch_size: int = 2048
    patience: int = 10
    patience_steps: int = 0
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    dropout: float = 0.2
    optimizer: Optimizer = "adam"
    schedule: Schedule = "constant"
    class_weights: bool = False
    log_target: bool = False
    refit: bool = False
    device: DeviceChoice = "auto"


@stage
def train(
    out: Path, features: Ref, training: Ref, network: Network, settings: Settings, seed: int
) -> Facts:
    """Fit one network, and score the validation and test rows.

    Parameters
    ----------
    features
        The encoded parts: validation decides when to stop, test is scored once and read by
        `evaluate` alone.
    training
        What holds the array file `train`: the features themselves, or a resampled form.
    network
        Builds the model from training x (rows, features), y (rows,) and the dropout; it returns
        logits of shape (rows, members), where several members are an ensemble trained together. Of
        more than two classes see `tasks.training.heads`.
    settings, seed
        How to train; the seed fixes initial weights, order and dropout.

    Writes `network.keras` (logits), `history.json` and `scores.npz` (mean member probability as
    logits). The best epoch is that of the greatest validation AUPRC, or of the least loss where
    there are several classes.
    """
    used = prepare(settings.device, seed)
    data, validation, test = (
        read_arrays(training, "train"),
        *(read_arrays(features, n) for n in ("validation", "test")),
    )
    network = for_classes(network, int(str(features.facts.get("classes", 0))))
    model = build(network, data, settings, seed)
    history = fit(model, data, validation, settings)
    validated = score(model, validation["x"])
    if settings.refit:
        data = {name: np.concatenate([data[name], validation[name]]) for name in ("x", "y")}
        model = build(network, data, settings, seed)
        fit(model, data, None, settings)
    (with_mean(model) if several(model) else model).save(out / "network.keras")
    write_arrays(out, "scores", validation=validated, test=score(model, test["x"]))
    files.write_json(out / "history.json", history)
    kept = len(history["loss"]) if settings.refit else best_epoch(history) + 1
    followed = "val_auprc" if "val_auprc" in history else "val_accuracy"
    return {
        "rows": len(data["y"]),
        "parameters": int(model.count_params()),
        "epochs": len(history["loss"]),
        "best_epoch": kept,
        followed: history[followed][kept - 1],
        "device": used,
    }


def build(network: Network, data: Any, settings: Settings, seed: int) -> keras.Model:
    """Build the network with the initial weights and the dropout that the seed fixes.

    See `steady`.
    """
    return steady(lambda: network(data["x"], data["y"], settings.dropout), seed)


def steady(make: Callable[[], keras.Model], seed: int) -> keras.Model:
    """Return the model that is made with this seed.

    Keras draws the seeds of layers from Python's one global generator, from which other threads and
    some imports draw too: now and then, and often on a cluster's worker, a network would start from
    other weights. There is no public way to give Keras a generator of its own, so its module is
    lent one.
    """
    from keras.src.random import seed_generator

    keras.utils.set_random_seed(seed)
    shared = seed_generator.python_random
    seed_generator.python_random = random.Random(seed)
    try:
        return make()
    finally:
        seed_generator.python_random = shared


def fit(
    model: keras.Model, data: Any, validation: Any | None, settings: Settings
) -> dict[str, list[float]]:
    """Train the model, watched on the validation part if there is one, and return the curves."""
    epoch_steps = -(-len(data["y"]) // settings.batch_size)
    patience = max(settings.patience, -(-settings.patience_steps // epoch_steps))
    steps = settings.epochs * epoch_steps
    model.compile(optimizer=optimizer(settings, steps), loss=member_loss, jit_compile=False)
    weights = balanced_weights(data["y"]) if settings.class_weights else np.ones_like(data["y"])
    with Progress(f"training {model.name}", settings.epochs) as progress:
        history = model.fit(
            data["x"],
            data["y"][:, None],
            sample_weight=weights,
            verbose=0,
            shuffle=True,
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            callbacks=callbacks(model, validation, settings, progress, patience),
        ).history
    return {name: [float(value) for value in values] for name, values in history.items()}


def optimizer(settings: Settings, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimizer that the settings name, for a training of so many steps.

    Weight decay is decoupled.
    """
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        warm = max(1, steps // 20)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps, warmup_target=rate, warmup_steps=warm
        )

    kinds = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"}
    extra = {"momentum": 0.9, "nesterov": True} if settings.optimizer == "sgd" else {}
    decay = (
        settings.weight_decay or None if settings.optimizer != "adamw" else settings.weight_decay
    )
    kind = getattr(keras.optimizers, kinds[settings.optimizer])
    keras_optimizer: keras.optimizers.Optimizer = kind(
        learning_rate=rate, weight_decay=decay, **extra
    )
    return keras_optimizer


def several(model: keras.Model) -> bool:
    """Whether a network tells several classes apart, and not a class from all others."""
    return len(model.output_shape) > 2


def best_epoch(curves: dict[str, list[float]]) -> int:
    """Return the index of the epoch with the greatest validation AUPRC.

    With several classes it is the epoch with the least loss.
    """
    if "val_auprc" in curves:
        return curves["val_auprc"].index(max(curves["val_auprc"]))
    return curves["val_loss"].index(min(curves["val_loss"]))


def member_loss(y_true: Any, y_pred: Any) -> Any:
    """Return each row's binary cross-entropy of logits, averaged over the members.

    Each member has its own cross-entropy. Soft labels between 0 and 1, as a teacher gives, are
    allowed.
    """
    if len(y_pred.shape) > 2:
        return cross_entropy(ops.squeeze(y_true, -1), y_pred)
    y = ops.broadcast_to(ops.cast(y_true, y_pred.dtype), ops.shape(y_pred))
    return ops.mean(ops.relu(y_pred) - y_pred * y + ops.log1p(ops.exp(-ops.abs(y_pred))), axis=-1)


def balanced_weights(y: Float32Array) -> Float32Array:
    """Return a weight per row, so that each class counts as much as the other and the mean is 1."""
    weights: Float32Array = utils.class_weight.compute_sample_weight("balanced", y).astype(
        "float32"
    )
    return weights


def score(model: keras.Model, x: Float32Array) -> Float32Array:
    """Return the logit of the mean probability over the members, for each row.

    With several classes there is one for each class. Rows are processed in large batches.
    """
    logits = np.concatenate(
        [
            np.asarray(model.predict_on_batch(x[i : i + SCORING_BATCH]))
            for i in range(0, len(x), SCORING_BATCH)
        ]
    ).astype("float64")
    scores: Float32Array = (
        np.asarray(mean_logits(logits), "float32") if several(model) else pooled(logits)
    )
    return scores


def pooled(logits: Any) -> Any:
    """Return the logit of the members' mean probability, shape (rows,).

    It is computed in a form that never rounds to 0 or 1.

    logit(mean sigmoid(z)) = logsumexp(log sigmoid(z)) - logsumexp(log sigmoid(-z)); one member is
    returned as it is.
    """
    for_one = np.logaddexp.reduce(-np.logaddexp(0.0, -logits), axis=1)
    for_zero = np.logaddexp.reduce(-np.logaddexp(0.0, logits), axis=1)
    return (for_one - for_zero).astype("float32")


def callbacks(
    model: keras.Model,
    validation: Any | None,
    settings: Settings,
    progress: Progress,
    patience: int,
) -> list[Any]:
    """Return the callbacks that judge the validation part after each epoch and stop in time.

    The exact AUPRC is computed in one pass; Keras' own metric approximates it in every training
    step, which takes longer than the steps themselves on tables of this size.
    """

    def judge(epoch: int, logs: Any) -> None:
        finite_loss(float(logs["loss"]), model.name, epoch + 1)
        if validation is None:
            progress.step()
            return
        figures = judged(validation["y"], score(model, validation["x"]).astype("float64"))
        shown = ", ".join(f"{name[4:]} {value:.4f}" for name, value in figures.items())
        progress.step(f"validation {shown}")
        # Keras compares Python's own floats in float32, and would take a better epoch for a draw
        logs.update({name: np.float64(value) for name, value in figures.items()})

    judging = keras.callbacks.LambdaCallback(on_epoch_end=judge)
    if validation is None or settings.refit:
        return [judging]
    followed, mode = ("val_loss", "min") if several(model) else ("val_auprc", "max")
    stopping = keras.callbacks.EarlyStopping(
        followed, mode=mode, patience=patience, restore_best_weights=True
    )
    return [judging, stopping]


def judged(y: Float32Array, logits: Float32Array) -> dict[str, float]:
    """Return the log loss on the validation split, and its AUPRC or accuracy.

    AUPRC is for two classes, accuracy for several.
    """
    if logits.ndim > 1:
        loss = metrics.log_loss(y, special.softmax(logits, axis=1), labels=range(logits.shape[1]))
        return {"val_loss": float(loss), "val_accuracy": float((logits.argmax(axis=1) == y).mean())}
    auprc = float(metrics.average_precision_score(y, logits))
    return {"val_loss": float(metrics.log_loss(y, special.expit(logits))), "val_auprc": auprc}
