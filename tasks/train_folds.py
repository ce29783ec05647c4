"""Train folds: fit the networks of all folds of a small table as one batched model.

A fit of a small network takes seconds, nearly all of them overhead; thirty folds would take minutes. So the weights
of every layer get a leading axis for the folds, one call trains all of them, and no fold can influence another: the
loss is a sum over folds, and the optimizers used here work on each weight for itself.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from casebook import files
from casebook.device import prepare
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.aim import Aim
from tasks.split import PARTS
from tasks.train import Settings, build, optimizer, pooled

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from tasks.train import Network

    Floats = NDArray[np.float32]


class Stack(NamedTuple):
    """One part of all folds: x (folds, rows, features), y and weight (folds, rows); padding has weight 0."""

    x: "Floats"
    y: "Floats"
    weight: "Floats"


@stage
def train_folds(
    out: Path, features: Ref, folds: int, network: "Network", settings: Settings, aim: Aim, seed: int
) -> Facts:
    """Fit one candidate's networks of all folds, and score each fold's validation and test rows.

    Parameters
    ----------
    features
        The encoded parts of all folds.
    network
        Builds the model from x (folds, rows, features), y (folds, rows) and the dropout: inputs of shape (folds,
        features), outputs (folds, members); all its weights have the folds as their first axis.
    settings
        How to train. Without `refit` each fold keeps the weights of its epoch of least validation loss.
    aim, seed
        What is predicted; what fixes weights, order and dropout.

    Writes, in a folder for each fold, `scores.npz` (logits, or values in the target's unit) and `history.json`; in the
    first fold's also `network.keras`, which takes (rows, features).
    """
    import numpy as np

    used = prepare(settings.device, seed)
    parts = [{name: read_arrays(features.fold(i), name) for name in PARTS} for i in range(folds)]
    scale = [scale_of(part["train"]["y"], aim) for part in parts]
    train, validation, test = (stacked([part[name] for part in parts], scale) for name in PARTS)
    model = build(network, {"x": train.x, "y": train.y}, settings, seed)
    history = fit(model, train, validation, settings, aim)
    validated = score(model, validation.x, scale, aim)
    if settings.refit:
        whole = [{k: np.concatenate([p["train"][k], p["validation"][k]]) for k in ("x", "y")} for p in parts]
        train = stacked(whole, scale)
        model = build(network, {"x": train.x, "y": train.y}, settings, seed)
        fit(model, train, None, settings, aim)
    tested = score(model, test.x, scale, aim)
    for i, part in enumerate(parts):
        folder = out / fold_name(i)
        folder.mkdir()
        sizes = {name: len(part[name]["y"]) for name in ("validation", "test")}
        write_arrays(folder, "scores", validation=validated[i, : sizes["validation"]], test=tested[i, : sizes["test"]])
        files.write_json(folder / "history.json", history)
    alone = alone_model(network, model, train, settings, scale[0], aim)
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


def scale_of(y: "Floats", aim: Aim) -> tuple[float, float]:
    """Return what a network's answers are multiplied by and shifted by to be in the target's unit."""
    return (1.0, 0.0) if aim.kind == "binary" else (float(y.std()), float(y.mean()))


def stacked(parts: list[dict[str, Any]], scale: list[tuple[float, float]]) -> Stack:
    """Return one part of all folds as arrays; shorter folds are padded with their first rows at weight 0."""
    import numpy as np

    longest = max(len(part["y"]) for part in parts)
    rows = [np.resize(np.arange(len(part["y"])), longest) for part in parts]
    return Stack(
        x=np.stack([part["x"][r] for part, r in zip(parts, rows, strict=True)]),
        y=np.stack([(p["y"][r] - shift) / by for p, r, (by, shift) in zip(parts, rows, scale, strict=True)]),
        weight=np.stack([(np.arange(longest) < len(part["y"])).astype("float32") for part in parts]),
    )


def fit(
    model: "keras.Model", train: Stack, validation: Stack | None, settings: Settings, aim: Aim
) -> dict[str, list[float]]:
    """Train all folds together and return their mean curves."""
    steps = settings.epochs * -(-train.y.shape[1] // settings.batch_size)
    model.compile(optimizer=optimizer(settings, steps), loss=fold_loss(aim), jit_compile=False)
    with Progress(f"training {model.name}", settings.epochs) as progress:
        watch = _watch(validation, settings, aim, progress)
        model.fit(
            train.x.swapaxes(0, 1), train.y.T[..., None], sample_weight=train.weight.T, verbose=0, shuffle=True,
            batch_size=settings.batch_size, epochs=settings.epochs, callbacks=[watch],
        )  # fmt: skip
    curves: dict[str, list[float]] = watch.curves
    return curves


def fold_loss(aim: Aim) -> Any:
    """Return the loss of shape (rows, folds): each member's own, averaged over the members of a fold.

    It is multiplied by the number of folds, over which Keras averages, so that each fold's gradient is its own.
    """
    from keras import ops

    def loss(y_true: Any, y_pred: Any) -> Any:
        y = ops.cast(y_true, y_pred.dtype)
        if aim.kind == "regression":
            each = ops.square(y_pred - y)
        else:
            each = ops.relu(y_pred) - y_pred * y + ops.log1p(ops.exp(-ops.abs(y_pred)))
        return ops.mean(each, axis=-1) * y_pred.shape[1]

    return loss


def score(model: "keras.Model", x: "Floats", scale: list[tuple[float, float]], aim: Aim) -> "Floats":
    """Return each fold's scores, shape (folds, rows): logits of the mean probability, or values in the unit."""
    import numpy as np

    raw = np.asarray(model.predict_on_batch(x.swapaxes(0, 1)), "float64").swapaxes(0, 1)
    if aim.kind == "binary":
        return np.stack([pooled(fold) for fold in raw])
    by, shift = np.array(scale).T[:, :, None]
    values: Floats = (raw.mean(axis=-1) * by + shift).astype("float32")
    return values


def alone_model(
    network: "Network", model: "keras.Model", train: Stack, settings: Settings, scale: tuple[float, float], aim: Aim
) -> "keras.Model":
    """Return the first fold's network by itself: features (rows, features) in, (rows, members) out in the unit."""
    import keras
    from keras import ops

    first = network(train.x[:1], train.y[:1], settings.dropout)
    first.set_weights([weights[:1] for weights in model.get_weights()])
    inputs = keras.Input(train.x.shape[2:])
    outputs = ops.squeeze(first(ops.expand_dims(inputs, 1)), 1)
    if aim.kind == "regression":
        outputs = keras.layers.Rescaling(*scale)(outputs)
    return keras.Model(inputs, outputs, name=model.name)


def _watch(validation: Stack | None, settings: Settings, aim: Aim, progress: Progress) -> Any:
    """Return the callback that keeps each fold's best weights and stops once no fold has got better for long."""
    import keras
    import numpy as np

    loss_of = fold_loss(aim)

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.curves: dict[str, list[float]] = {"loss": [], "val_loss": []}
            self.best: list[Any] = []
            self.least: Any = None
            self.waited: Any = None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.curves["loss"].append(float(logs["loss"]) / self.model.output_shape[1])
            if validation is not None:
                self._look(validation)
            progress.step()

        def _look(self, validation: Stack) -> None:
            answers = self.model.predict_on_batch(validation.x.swapaxes(0, 1))
            each = np.asarray(loss_of(validation.y.T[..., None], answers)).T / len(validation.y)
            losses = (each * validation.weight).sum(axis=1) / validation.weight.sum(axis=1)
            self.curves["val_loss"].append(float(losses.mean()))
            if not settings.refit:
                self._keep(losses)

        def _keep(self, losses: Any) -> None:
            weights = self.model.get_weights()
            if self.least is None:
                self.least, self.waited, self.best = losses, np.zeros(len(losses)), weights
                return
            better = losses < self.least
            self.least, self.waited = np.minimum(self.least, losses), np.where(better, 0, self.waited + 1)
            self.best = [
                np.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)
                for new, old in zip(weights, self.best, strict=True)
            ]
            self.model.stop_training = bool((self.waited >= settings.patience).all())

        def on_train_end(self, logs: Any = None) -> None:
            if self.best:
                self.model.set_weights(self.best)

    return Watch()
