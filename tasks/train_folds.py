"""Train folds: fit the networks of all folds of a small table as one batched model.

A fit of a small network takes seconds, nearly all of them overhead; thirty folds would take minutes. So the weights
of every layer get a leading axis for the folds, one call trains all of them, and no fold can influence another: the
loss is a sum over folds, and the optimizers used here work on each weight for itself.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from casebook import files
from casebook.device import prepare
from casebook.errors import CasebookError
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


LOOKS = 50  # at the validation part, for the curve alone, where nothing depends on them
AT_ONCE = 16  # steps between two looks at Python, which takes as long as a step of so small networks


class Stack(NamedTuple):
    """One part of all folds: x (folds, rows, features), y and weight (folds, rows); padding has weight 0."""

    x: "Floats"
    y: "Floats"
    weight: "Floats"


class Scale(NamedTuple):
    """How a target becomes what a network learns: standardized, and its logarithm taken before where that is asked."""

    by: float
    shift: float
    log: bool

    @classmethod
    def of(cls, y: "Floats", aim: Aim, settings: Settings) -> "Scale":
        """Return the scale of a training part's target; a class label stays as it is."""
        import numpy as np

        if aim.kind == "binary":
            return cls(1.0, 0.0, log=False)
        if settings.log_target and y.min() <= 0:
            raise CasebookError(f"{aim.target} has values of {y.min():g}, but only positive numbers have a logarithm.")
        learnt = np.log(y) if settings.log_target else y
        return cls(float(learnt.std()), float(learnt.mean()), settings.log_target)

    def learnt(self, y: "Floats") -> "Floats":
        """Return what the network learns of a target."""
        import numpy as np

        return np.asarray(((np.log(y) if self.log else y) - self.shift) / self.by, "float32")

    def told(self, answers: Any) -> Any:
        """Return a network's answers, arrays or tensors, in the target's unit."""
        from keras import ops

        values = answers * self.by + self.shift
        return ops.exp(values) if self.log else values


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
    scale = [Scale.of(part["train"]["y"], aim, settings) for part in parts]
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


def stacked(parts: list[dict[str, Any]], scale: list[Scale]) -> Stack:
    """Return one part of all folds as arrays; shorter folds are padded with their first rows at weight 0."""
    import numpy as np

    longest = max(len(part["y"]) for part in parts)
    rows = [np.resize(np.arange(len(part["y"])), longest) for part in parts]
    return Stack(
        x=np.stack([part["x"][r] for part, r in zip(parts, rows, strict=True)]),
        y=np.stack([by.learnt(part["y"][r]) for part, r, by in zip(parts, rows, scale, strict=True)]),
        weight=np.stack([(np.arange(longest) < len(part["y"])).astype("float32") for part in parts]),
    )


def fit(
    model: "keras.Model", train: Stack, validation: Stack | None, settings: Settings, aim: Aim
) -> dict[str, list[float]]:
    """Train all folds together and return their mean curves."""
    steps = settings.epochs * -(-train.y.shape[1] // settings.batch_size)
    compiled = settings.dropout == 0  # on a CPU, XLA makes a step 3 times faster, but with random masks 9 times slower
    model.compile(
        optimizer=optimizer(settings, steps), loss=fold_loss(aim), jit_compile=compiled, steps_per_execution=AT_ONCE
    )
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


def score(model: "keras.Model", x: "Floats", scale: list[Scale], aim: Aim) -> "Floats":
    """Return each fold's scores, shape (folds, rows): logits of the mean probability, or values in the unit."""
    import numpy as np

    raw = np.asarray(model.predict_on_batch(x.swapaxes(0, 1)), "float64").swapaxes(0, 1)
    if aim.kind == "binary":
        return np.stack([pooled(fold) for fold in raw])
    told = [np.asarray(by.told(fold.mean(axis=-1)), "float32") for by, fold in zip(scale, raw, strict=True)]
    return np.stack(told)


def alone_model(
    network: "Network", model: "keras.Model", train: Stack, settings: Settings, scale: Scale, aim: Aim
) -> "keras.Model":
    """Return the first fold's network by itself: features (rows, features) in, logits (rows, members) or values out."""
    import keras
    from keras import ops

    first = network(train.x[:1], train.y[:1], settings.dropout)
    first.set_weights([weights[:1] for weights in model.get_weights()])
    inputs = keras.Input(train.x.shape[2:])
    outputs = ops.squeeze(first(ops.expand_dims(inputs, 1)), 1)
    if aim.kind == "regression":
        outputs = scale.told(ops.mean(outputs, axis=1, keepdims=True))
    return keras.Model(inputs, outputs, name=model.name)


def _watch(validation: Stack | None, settings: Settings, aim: Aim, progress: Progress) -> Any:
    """Return the callback that keeps each fold's best weights and stops once no fold has got better for long."""
    import keras
    import numpy as np

    loss_of = fold_loss(aim)
    often = max(1, settings.epochs // LOOKS) if settings.refit else 1

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.curves: dict[str, list[float]] = {"loss": [], "val_loss": [], "val_epoch": []}
            self.best: list[Any] = []
            self.least: Any = None
            self.waited: Any = None

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.curves["loss"].append(float(logs["loss"]) / self.model.output_shape[1])
            if validation is not None and (epoch + 1) % often == 0:
                self.curves["val_epoch"].append(epoch + 1)
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
