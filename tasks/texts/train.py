"""Train texts: fit a binary text classifier in batches of similar length, and keep its logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import keras
import numpy as np
from pydantic import BaseModel, ConfigDict

from casebook import files
from casebook.array_types import Float32Array, Int64Array
from casebook.device import DeviceChoice, prepare
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.texts.features import VOCABULARY, Texts, batches, vocabulary_of
from tasks.training.finite import finite_loss
from tasks.training.train import steady

TextNetwork: TypeAlias = "Callable[[int], keras.Model]"

SCORED = 500  # texts at once


class TextSettings(BaseModel):
    """How a text network is trained.

    Attributes
    ----------
    warm
        The share of the steps in which the rate climbs; afterwards it falls along half a cosine. 0
        keeps it constant.
    weight_decay
        AdamW's; 0 is Adam.
    refit
        Whether the network is trained once more in the end, on training and validation texts
        together and for as many epochs as were best; what answers validation is then the first
        training's.
    """

    model_config = ConfigDict(frozen=True)
    epochs: int = 7
    batch_size: int = 128
    learning_rate: float = 1e-3
    warm: float = 0.0
    weight_decay: float = 0.0
    refit: bool = False
    device: DeviceChoice = "auto"


@stage
def train_texts(
    out: Path, encoded: Ref, network: TextNetwork, settings: TextSettings, seed: int
) -> Facts:
    """Fit a network, and score the validation and test texts.

    Parameters
    ----------
    encoded
        What `encode` wrote.
    network
        Builds the model for so many numbers of tokens: numbers with zeros after them in, one logit
        out. What it answers must not depend on how many zeros there are.
    settings, seed
        How to train; the seed fixes initial weights and order.

    The epoch with the least loss on validation is kept. Writes `network.keras` (numbers to logit),
    `vocabulary.json`, `history.json` and `scores.npz` (logits of validation and test).
    """
    used = prepare(settings.device, seed)
    texts = {name: Texts.read(encoded, name) for name in ("train", "validation", "test")}
    labels = {name: read_arrays(encoded, name)["y"] for name in ("train", "validation")}
    size = len(vocabulary_of(encoded).index) + 1
    model = steady(lambda: network(size), seed)
    start = model.get_weights()
    curves = fit(model, texts, labels, settings, seed)
    validated = score(model, texts["validation"])
    if settings.refit:
        model.set_weights(start)
        refit(
            model, texts, labels, settings.model_copy(update={"epochs": best_epoch(curves)}), seed
        )
    model.save(out / "network.keras")
    write_arrays(out, "scores", validation=validated, test=score(model, texts["test"]))
    files.write_json(out / "history.json", curves)
    files.write_text(out / VOCABULARY, vocabulary_of(encoded).model_dump_json())
    return {
        "rows": len(texts["train"]) + settings.refit * len(texts["validation"]),
        "parameters": int(model.count_params()),
        "epochs": settings.epochs,
        "best_epoch": best_epoch(curves),
        "seconds_per_epoch": round(sum(curves["seconds"]) / len(curves["seconds"]), 2),
        "val_accuracy": max(curves["val_accuracy"]),
        "device": used,
    }


def fit(
    model: keras.Model,
    texts: dict[str, Texts],
    labels: dict[str, Int64Array],
    settings: TextSettings,
    seed: int,
) -> dict[str, list[float]]:
    """Train the model and return its learning curves.

    The model is left with the weights of its best epoch on validation.
    """
    curves: dict[str, list[float]] = {"loss": [], "seconds": [], "val_loss": [], "val_accuracy": []}
    best: Any = None
    with Progress(f"training {model.name}", settings.epochs) as progress:
        for number, (loss, seconds) in enumerate(
            epochs(model, texts["train"], labels["train"], settings, seed), 1
        ):
            curves["loss"].append(loss)
            curves["seconds"].append(seconds)
            look(model, texts["validation"], labels["validation"], curves)
            if best_epoch(curves) == number:
                best = model.get_weights()
            progress.step(f"validation accuracy {curves['val_accuracy'][-1]:.4f}")
    model.set_weights(best)
    return curves


def refit(
    model: keras.Model,
    texts: dict[str, Texts],
    labels: dict[str, Int64Array],
    settings: TextSettings,
    seed: int,
) -> None:
    """Train the model on training and validation texts together.

    It is trained for as many epochs as the settings say.
    """
    both = texts["train"].followed_by(texts["validation"])
    y = np.concatenate([labels["train"], labels["validation"]])
    with Progress(f"training {model.name} on both parts", settings.epochs) as progress:
        for _ in epochs(model, both, y, settings, seed):
            progress.step()


def epochs(
    model: keras.Model, texts: Texts, y: Int64Array, settings: TextSettings, seed: int
) -> Iterator[tuple[float, float]]:
    """Train the model from where it is, and yield each epoch's mean loss and its seconds."""
    rng = np.random.default_rng(seed)
    truth = y.astype("float32")[:, None]
    steps = settings.epochs * -(-len(texts) // settings.batch_size)
    model.compile(optimizer(settings, steps), keras.losses.BinaryCrossentropy(from_logits=True))
    for number in range(settings.epochs):
        started = perf_counter()
        losses = [
            model.train_on_batch(x, truth[rows])
            for rows, x in batches(texts, settings.batch_size, rng)
        ]
        finite_loss(float(np.mean(losses)), model.name, number + 1)
        yield float(np.mean(losses)), perf_counter() - started


def look(model: keras.Model, texts: Texts, y: Int64Array, curves: dict[str, list[float]]) -> None:
    """Judge the model on the validation texts after an epoch."""
    logits = score(model, texts).astype("float64")
    curves["val_loss"].append(float(np.logaddexp(0, np.where(y == 1, -logits, logits)).mean()))
    curves["val_accuracy"].append(float(((logits > 0) == y).mean()))


def best_epoch(curves: dict[str, list[float]]) -> int:
    """Return the epoch, counted from 1, with the least loss on validation."""
    return 1 + min(range(len(curves["val_loss"])), key=curves["val_loss"].__getitem__)


def optimizer(settings: TextSettings, steps: int) -> keras.optimizers.Optimizer:
    """Return Adam, with decay of the weights where it is asked, for a training of so many steps."""
    rate: Any = settings.learning_rate
    if settings.warm:
        warm = max(1, int(settings.warm * steps))
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, steps - warm), warmup_target=rate, warmup_steps=warm
        )
    if settings.weight_decay:
        return keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
    return keras.optimizers.Adam(rate)


def score(model: keras.Model, texts: Texts) -> Float32Array:
    """Return a logit per text; texts of like length go through together."""
    logits = np.empty(len(texts), "float32")
    for rows, x in batches(texts, SCORED):
        logits[rows] = np.asarray(model.predict_on_batch(x))[:, 0]
    return logits
