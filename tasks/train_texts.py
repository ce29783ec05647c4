"""Train texts: fit a network that tells two kinds of texts apart, in batches of like length, and keep its logits."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from casebook import files
from casebook.device import Asked, prepare
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.encode import VOCABULARY, Texts, batches, vocabulary_of
from tasks.train import steady

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    Labels = NDArray[np.int64]
    Floats = NDArray[np.float32]
    TextNetwork = Callable[[int], keras.Model]

SCORED = 500  # texts at once


class TextSettings(BaseModel):
    """How a text network is trained.

    Attributes
    ----------
    warm
        The share of the steps in which the rate climbs; afterwards it falls along half a cosine. 0 keeps it constant.
    members
        How many networks are trained, each from a seed of its own, whose logits are averaged in the end.
    """

    model_config = ConfigDict(frozen=True)
    epochs: int = 7
    batch_size: int = 128
    learning_rate: float = 1e-3
    warm: float = 0.0
    members: int = 1
    device: Asked = "auto"


@stage
def train_texts(out: Path, encoded: Ref, network: "TextNetwork", settings: TextSettings, seed: int) -> Facts:
    """Fit one network, or several whose answers are averaged, and score the validation and test texts.

    Parameters
    ----------
    encoded
        What `encode` wrote.
    network
        Builds the model for so many numbers of tokens: numbers with zeros after them in, one logit out. What it
        answers must not depend on how many zeros there are.
    settings, seed
        How to train; the seed fixes initial weights and order.

    Of each network the epoch with the least loss on validation is kept. Writes `network.keras` (numbers to logit),
    `vocabulary.json`, `history.json` (of the first network) and `scores.npz` (logits of validation and test).
    """
    used = prepare(settings.device, seed)
    texts = {name: Texts.read(encoded, name) for name in ("train", "validation", "test")}
    labels = {name: read_arrays(encoded, name)["y"] for name in ("train", "validation")}
    size = len(vocabulary_of(encoded).index) + 1
    models, curves = [], []
    for member in range(settings.members):
        model = steady(lambda: network(size), seed + member)
        curves.append(fit(model, texts, labels, settings, seed + member))
        models.append(model)
    whole = together(models)
    whole.save(out / "network.keras")
    write_arrays(out, "scores", **{name: score(whole, texts[name]) for name in ("validation", "test")})
    files.write_json(out / "history.json", curves[0])
    files.write_text(out / VOCABULARY, vocabulary_of(encoded).model_dump_json())
    seconds = [second for curve in curves for second in curve["seconds"]]
    return {
        "rows": len(texts["train"]),
        "parameters": int(whole.count_params()),
        "epochs": settings.epochs,
        "best_epoch": best_epoch(curves[0]),
        "seconds_per_epoch": round(sum(seconds) / len(seconds), 2),
        "val_accuracy": max(curves[0]["val_accuracy"]),
        "device": used,
    }


def fit(
    model: "keras.Model", texts: dict[str, Texts], labels: "dict[str, Labels]", settings: TextSettings, seed: int
) -> dict[str, list[float]]:
    """Train the model, leave it with the weights of its best epoch on validation, and return its curves."""
    import keras
    import numpy as np

    rng = np.random.default_rng(seed)
    train, y = texts["train"], labels["train"].astype("float32")[:, None]
    model.compile(
        optimizer(settings, settings.epochs * -(-len(train) // settings.batch_size)),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    curves: dict[str, list[float]] = {"loss": [], "seconds": [], "val_loss": [], "val_accuracy": []}
    best: Any = None
    with Progress(f"training {model.name}", settings.epochs) as progress:
        for number in range(settings.epochs):
            started = perf_counter()
            model.reset_metrics()
            losses = [model.train_on_batch(x, y[rows]) for rows, x in batches(train, settings.batch_size, rng)]
            curves["loss"].append(float(losses[-1]))  # the mean of the epoch
            curves["seconds"].append(perf_counter() - started)
            look(model, texts["validation"], labels["validation"], curves)
            if best_epoch(curves) == number + 1:
                best = model.get_weights()
            progress.step(f"validation accuracy {curves['val_accuracy'][-1]:.4f}")
    model.set_weights(best)
    return curves


def look(model: "keras.Model", texts: Texts, y: "Labels", curves: dict[str, list[float]]) -> None:
    """Judge the model on the validation texts after an epoch."""
    import numpy as np

    logits = score(model, texts).astype("float64")
    curves["val_loss"].append(float(np.logaddexp(0, np.where(y == 1, -logits, logits)).mean()))
    curves["val_accuracy"].append(float(((logits > 0) == y).mean()))


def best_epoch(curves: dict[str, list[float]]) -> int:
    """Return the epoch, counted from 1, with the least loss on validation."""
    return 1 + min(range(len(curves["val_loss"])), key=curves["val_loss"].__getitem__)


def optimizer(settings: TextSettings, steps: int) -> "keras.optimizers.Optimizer":
    """Return Adam for a training of so many steps."""
    import keras

    rate: Any = settings.learning_rate
    if settings.warm:
        warm = max(1, int(settings.warm * steps))
        rate = keras.optimizers.schedules.CosineDecay(0.0, max(1, steps - warm), warmup_target=rate, warmup_steps=warm)
    return keras.optimizers.Adam(rate)


def together(models: "list[keras.Model]") -> "keras.Model":
    """Return one model that averages the logits of several."""
    import keras

    if len(models) == 1:
        return models[0]
    inputs = keras.Input((None,), dtype="int32")
    named = [keras.Model(model.inputs, model.outputs[0], name=f"member_{i}") for i, model in enumerate(models)]
    return keras.Model(inputs, keras.layers.Average()([model(inputs) for model in named]), name=models[0].name)


def score(model: "keras.Model", texts: Texts) -> "Floats":
    """Return a logit per text; texts of like length go through together."""
    import numpy as np

    logits = np.empty(len(texts), "float32")
    for rows, x in batches(texts, SCORED):
        logits[rows] = np.asarray(model.predict_on_batch(x))[:, 0]
    return logits
