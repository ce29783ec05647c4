"""Train series: fit a network that goes on with a series of numbers, and keep its answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops
from pydantic import BaseModel, ConfigDict

from casebook import files
from casebook.array_types import Float32Array, NamedArrays
from casebook.device import DeviceChoice, prepare
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.series.windowing import walk
from tasks.training.finite import finite_inputs, finite_loss
from tasks.training.train import Optimizer, Schedule, Settings, optimizer, steady

SeriesNetwork: TypeAlias = "Callable[[NamedArrays], keras.Model]"

LOOKS = 20  # at the validation part, spread over the epochs, for the curve alone


class SeriesSettings(BaseModel):
    """How a network for series is trained.

    Attributes
    ----------
    huber
        From which error on (in deviations of the target) a loss grows linearly and no longer as the
        square (Huber 1964); 0 is the squared error.
    """

    model_config = ConfigDict(frozen=True)
    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    optimizer: Optimizer = "adam"
    schedule: Schedule = "constant"
    huber: float = 0.0
    device: DeviceChoice = "auto"


@stage
def train_series(
    out: Path, parts: Ref, network: SeriesNetwork, settings: SeriesSettings, seed: int
) -> Facts:
    """Fit one network for a fixed number of epochs, and answer the validation and test rows.

    Each period of the validation part, by which candidates are chosen, is answered by what was
    trained on all before it; the network that is kept is trained once more on all of that, for as
    many epochs, and answers the test part.

    Parameters
    ----------
    parts
        What `tasks.series.windowing` makes of the series: raw numbers by the names of the network's
        inputs, and `y`, of which what isn't a number isn't learnt.
    network
        Builds the model from the training part: raw windows (and dates) in, answers (rows, members,
        steps) in the target's unit out; several members are trained side by side, and their mean is
        the answer.
    settings, seed
        How to train; the seed fixes initial weights, order and dropout.

    Writes `network.keras` (raw windows in, the mean answer out), `history.json` of the last period,
    and `scores.npz`.
    """
    used = prepare(settings.device, seed)
    members = steady(lambda: network(read_arrays(parts, "train")), seed)
    start = [np.asarray(variable) for variable in members.variables]
    model, curves, predictions = pooled(members), [], []
    *periods, (whole, test) = walk(parts)
    for name, rows in {"train": whole, "test": test}.items():
        finite_inputs({tensor.name: rows[tensor.name] for tensor in members.inputs}, name)
    for past, period in (*periods, (whole, test)):
        for variable, value in zip(members.variables, start, strict=True):
            variable.assign(value)
        curves.append(fit(members, past, None if period is test else period, settings))
        predictions.append(answers(model, period))
    model.save(out / "network.keras")
    write_arrays(out, "scores", validation=np.concatenate(predictions[:-1]), test=predictions[-1])
    files.write_json(out / "history.json", curves[-2])
    return {
        "rows": len(whole["y"]),
        "parameters": int(members.count_params()),
        "epochs": settings.epochs,
        "best_epoch": settings.epochs,
        "device": used,
    }


def inputs_of(model: keras.Model, rows: NamedArrays) -> Any:
    """Return the inputs of a network, selected from the rows by name.

    They are an array, or one for each input in their order.
    """
    given = [rows[tensor.name] for tensor in model.inputs]
    return given if len(given) > 1 else given[0]


def fit(
    model: keras.Model, train: NamedArrays, validation: NamedArrays | None, settings: SeriesSettings
) -> dict[str, Any]:
    """Train the model and return its learning curves.

    The validation split, if there is one, only adds its own curve.
    """
    scale = float(np.nanstd(train["y"])) or 1.0
    loss = member_loss(scale, settings.huber)
    steps = settings.epochs * -(-len(train["y"]) // settings.batch_size)
    optimizer_settings = Settings(
        **settings.model_dump(include={"learning_rate", "weight_decay", "optimizer", "schedule"})
    )
    model.compile(optimizer=optimizer(optimizer_settings, steps), loss=loss, jit_compile=False)
    every = max(1, settings.epochs // LOOKS)
    curves: dict[str, list[float]] = {"loss": [], "val_loss": [], "val_epoch": []}

    def judge(epoch: int, logs: Any) -> None:
        finite_loss(float(logs["loss"]), model.name, epoch + 1)
        curves["loss"].append(float(logs["loss"]))
        if validation is not None and (epoch + 1) % every == 0:
            given = model(inputs_of(model, validation), training=False)
            curves["val_epoch"].append(epoch + 1)
            curves["val_loss"].append(float(np.mean(np.asarray(loss(validation["y"], given)))))
        progress.step()

    with Progress(f"training {model.name}", settings.epochs) as progress:
        model.fit(
            inputs_of(model, train),
            train["y"],
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            verbose=0,
            shuffle=True,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=judge)],
        )
    return curves


def member_loss(scale: float, huber: float) -> Callable[[Any, Any], Any]:
    """Return the function that computes the loss of each row.

    It is the loss of errors divided by `scale`, averaged over members and over the known steps.
    """

    def loss(y: Any, given: Any) -> Any:

        y = ops.reshape(ops.cast(y, given.dtype), (-1, 1, given.shape[-1]))
        present = ops.cast(ops.isfinite(y), given.dtype)
        error = ops.abs(given - ops.where(ops.isfinite(y), y, 0.0)) / scale
        losses = ops.square(error) / 2
        if huber:
            losses = ops.where(error < huber, losses, huber * (error - huber / 2))
        losses = ops.sum(ops.mean(losses, axis=1) * present[:, 0], axis=-1)
        return losses / ops.maximum(ops.sum(present[:, 0], axis=-1), 1.0)

    return loss


def pooled(model: keras.Model) -> keras.Model:
    """Return the network with the mean of its members' answers, shape (rows, steps)."""
    return keras.Model(model.input, ops.mean(model.output, axis=1), name=model.name)


def answers(model: keras.Model, rows: NamedArrays) -> Float32Array:
    """Return the network's predictions, shape (rows, steps).

    The shape is (rows,) where the truth has one step only.
    """
    # a graph would be traced for one call
    given: Float32Array = np.asarray(model(inputs_of(model, rows), training=False), "float32")
    return given[:, 0] if rows["y"].ndim == 1 else given
