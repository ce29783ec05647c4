"""Train pictures: fit a network that tells classes of pictures apart, and keep its logits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy import typing as npt
from pydantic import BaseModel, ConfigDict
from scipy import special

from casebook import files
from casebook.array_types import Float32Array, NamedArrays
from casebook.device import DeviceChoice, prepare, reduced_precision
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.training.augmentation import Augmentation, ahead, epoch
from tasks.training.finite import finite_loss
from tasks.training.train import Optimizer, Schedule, steady

PictureNetwork: TypeAlias = "Callable[[NamedArrays, int], keras.Model]"

SCORED = 250  # pictures at once, at most
NUMBERS = 2_500_000  # of all pictures at once
LOOKS = 10  # at the validation part, spread over the epochs


class PictureSettings(BaseModel):
    """How a picture network is trained.

    Attributes
    ----------
    schedule, warm
        `cosine` climbs to the learning rate for the share `warm` of the steps and falls along half
        a cosine to zero: one cycle (Smith 2018).
    momentum
        Nesterov's, for `sgd`.
    smoothing
        The share of each label that is spread over all classes (Szegedy et al. 2016).
    average
        The decay per step of the moving average of the weights that is kept in the end, 0 for none
        (Polyak 1992).
    reduced
        Whether to compute in 16 bits where the processor or GPU has them; weights and what is kept
        have 32.
    views
        How many views of a picture are averaged in the end: 1 as it is, 2 with its mirror image.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    epochs: int = 5
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    optimizer: Optimizer = "adam"
    schedule: Schedule = "constant"
    warm: float = 0.2
    momentum: float = 0.9
    smoothing: float = 0.0
    average: float = 0.0
    augmentation: Augmentation = Augmentation()
    reduced: bool = False
    views: int = 1
    device: DeviceChoice = "auto"


@stage
def train_pictures(
    out: Path,
    pictures: Ref,
    network: PictureNetwork,
    classes: int,
    settings: PictureSettings,
    seed: int,
) -> Facts:
    """Fit one network on the training pictures, and score the validation and test pictures.

    Parameters
    ----------
    pictures
        The parts: x uint8 (pictures, height, width, channels) and y.
    network
        Builds the model from the training part and the number of classes: raw pixels in, a logit
        per class out.
    classes
        How many there are.
    settings, seed
        How to train; the seed fixes initial weights, order and augmentation.

    Writes `network.keras` (raw pixels to logits), `history.json` and `scores.npz` (logits of
    validation and test).
    """
    used = prepare(settings.device, seed)
    train, validation, test = (
        read_arrays(pictures, name) for name in ("train", "validation", "test")
    )
    with reduced_precision(used["used"], enabled=settings.reduced) as precision:
        model = steady(lambda: network(train, classes), seed)
        history = fit(model, train, validation, settings, seed)
    whole = network(train, classes)
    whole.set_weights(model.get_weights())
    final = averaged_views(whole) if settings.views > 1 else whole
    final.save(out / "network.keras")
    write_arrays(
        out, "scores", validation=score(final, validation["x"]), test=score(final, test["x"])
    )
    files.write_json(out / "history.json", history)
    return {
        "rows": len(train["y"]),
        "parameters": int(model.count_params()),
        "epochs": settings.epochs,
        "best_epoch": settings.epochs,
        "seconds_per_epoch": round(sum(history["seconds"]) / settings.epochs, 2),
        "val_accuracy": history["val_accuracy"][-1],
        "device": {**used, "precision": precision},
    }


def fit(
    model: keras.Model,
    train: NamedArrays,
    validation: NamedArrays,
    settings: PictureSettings,
    seed: int,
) -> dict[str, list[float]]:
    """Train the model and return its curves; the validation pictures only draw the curve."""
    size = min(settings.batch_size, len(train["y"]))
    model.compile(
        optimizer(settings, settings.epochs * (len(train["y"]) // size)),
        smoothed(settings.smoothing),
    )
    curves: dict[str, list[float]] = {
        "loss": [],
        "seconds": [],
        "val_loss": [],
        "val_accuracy": [],
        "val_epoch": [],
    }
    with Progress(f"training {model.name}", settings.epochs) as progress:
        for number in range(settings.epochs):
            started = perf_counter()
            batches = ahead(
                epoch(train["x"], train["y"], size, settings.augmentation, number, seed)
            )
            curves["loss"].append(float(np.mean([model.train_on_batch(x, y) for x, y in batches])))
            curves["seconds"].append(perf_counter() - started)
            finite_loss(curves["loss"][-1], model.name, number + 1)
            if number + 1 == settings.epochs:
                model.optimizer.finalize_variable_values(model.trainable_variables)
            if (number + 1) % -(-settings.epochs // LOOKS) == 0 or number + 1 == settings.epochs:
                look(model, validation, number + 1, curves)
            progress.step(
                f"validation accuracy {curves['val_accuracy'][-1]:.4f}"
                if curves["val_accuracy"]
                else ""
            )
    return curves


def look(
    model: keras.Model, validation: NamedArrays, number: int, curves: dict[str, list[float]]
) -> None:
    """Judge the model on the validation pictures after an epoch."""
    logits, y = score(model, validation["x"]), validation["y"]
    loss = -special.log_softmax(logits.astype("float64"), axis=1)[range(len(y)), y].mean()
    curves["val_epoch"].append(number)
    curves["val_loss"].append(float(loss))
    curves["val_accuracy"].append(float((logits.argmax(axis=1) == y).mean()))


def optimizer(settings: PictureSettings, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimizer that the settings name, for a training of so many steps."""
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        warm = max(1, int(settings.warm * steps))
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, steps - warm), warmup_target=settings.learning_rate, warmup_steps=warm
        )
    kinds = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD", "rmsprop": "RMSprop"}
    extra: dict[str, Any] = (
        {"momentum": settings.momentum, "nesterov": True} if settings.optimizer == "sgd" else {}
    )
    if settings.average:
        extra |= {"use_ema": True, "ema_momentum": settings.average}
    decay = (
        settings.weight_decay if settings.optimizer == "adamw" else settings.weight_decay or None
    )
    kind = getattr(keras.optimizers, kinds[settings.optimizer])
    keras_optimizer: keras.optimizers.Optimizer = kind(
        learning_rate=rate, weight_decay=decay, **extra
    )
    keras_optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return keras_optimizer


def smoothed(share: float) -> Any:
    """Return the cross-entropy of logits with label smoothing.

    `share` of each label is spread over all classes.
    """

    def loss(y_true: Any, y_pred: Any) -> Any:

        logits = ops.cast(y_pred, "float32")
        log_p = ops.log_softmax(logits, axis=-1)
        true = ops.one_hot(ops.reshape(ops.cast(y_true, "int32"), (-1,)), logits.shape[-1])
        return -ops.sum(((1 - share) * true + share / logits.shape[-1]) * log_p, axis=-1)

    return loss


def averaged_views(model: keras.Model) -> keras.Model:
    """Return the model that averages the logits of a picture and of its mirror image."""
    inputs = keras.Input(model.input_shape[1:])
    both = (model(inputs) + model(ops.flip(inputs, axis=2))) / 2
    return keras.Model(inputs, both, name=model.name)


def score(model: keras.Model, x: npt.NDArray[np.uint8]) -> Float32Array:
    """Return one logit per image and class.

    Images are processed in batches of a limited number of values.
    """
    size = at_once(x)
    batches = (x[i : i + size].astype("float32") for i in range(0, len(x), size))
    return np.concatenate(
        [np.asarray(model.predict_on_batch(batch), "float32") for batch in batches]
    )


def at_once(x: npt.NDArray[Any]) -> int:
    """Return how many images are processed at once.

    Large images are processed in smaller batches, as their activations fill memory.
    """
    return max(1, min(SCORED, NUMBERS // max(1, x[:1].size)))
