"""Train folds: fit the networks of all folds of a small table as one batched model.

A fit of a small network takes seconds, nearly all of them overhead; thirty folds would take
minutes. So the weights of every layer get a leading axis for the folds, one call trains all of
them, and no fold can influence another: the loss is a sum over folds, and the optimizers used here
work on each weight for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from casebook import files
from casebook.array_types import Float32Array, Int64Array
from casebook.device import prepare
from casebook.errors import CasebookError
from casebook.futures import Fold, Future
from casebook.progress import Progress
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.tables.split import PARTS
from tasks.training.finite import finite_loss
from tasks.training.heads import cross_entropy, for_classes, mean_logits
from tasks.training.train import Network, Settings, build, pooled
from tasks.training.train import optimizer as make_optimizer

LOOKS = 50  # at the validation part, for the curve alone, where nothing depends on them


class Stack(NamedTuple):
    """One split of all folds: x (folds, rows, features), y and weight (folds, rows).

    Padding has weight 0.
    """

    x: Float32Array
    y: Float32Array
    weight: Float32Array


class Scale(NamedTuple):
    """The transformation of a target into the values that a network learns.

    The target is standardized, after taking its logarithm where that is requested.
    """

    by: float
    shift: float
    log: bool

    @classmethod
    def of(cls, y: Float32Array, problem: Problem, settings: Settings) -> Scale:
        """Return the scale of a training part's target; a class label stays as it is."""
        if problem.classes:
            return cls(1.0, 0.0, log=False)
        if settings.log_target and y.min() <= 0:
            raise CasebookError(
                f"{problem.target} has values of {y.min():g}, but only positive numbers have a "
                "logarithm."
            )
        values = np.log(y) if settings.log_target else y
        return cls(float(values.std()) or 1.0, float(values.mean()), settings.log_target)

    def transform(self, y: Float32Array) -> Float32Array:
        """Return what the network learns of a target."""
        return np.asarray(((np.log(y) if self.log else y) - self.shift) / self.by, "float32")

    def inverse_transform(self, answers: Any) -> Any:
        """Return a network's answers, arrays or tensors, in the target's unit."""
        values = answers * self.by + self.shift
        return ops.exp(values) if self.log else values


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
    train, validation, test = (stacked([part[name] for part in parts], scale) for name in PARTS)
    watched = validation
    if not settings.refit:
        train, watched = (stacked([cut(part["train"])[i] for part in parts], scale) for i in (0, 1))
    model = build(network, {"x": train.x, "y": train.y}, settings, seed)
    history = fit(model, train, watched, settings, problem, seed)
    validated = score(model, validation.x, scale, problem)
    if settings.refit:
        whole = [
            {k: np.concatenate([p["train"][k], p["validation"][k]]) for k in ("x", "y")}
            for p in parts
        ]
        train = stacked(whole, scale)
        model = build(network, {"x": train.x, "y": train.y}, settings, seed)
        fit(model, train, None, settings, problem, seed)
    tested = score(model, test.x, scale, problem)
    for i, part in enumerate(parts):
        folder = out / fold_name(i)
        folder.mkdir()
        sizes = {name: len(part[name]["y"]) for name in ("validation", "test")}
        write_arrays(
            folder,
            "scores",
            validation=validated[i, : sizes["validation"]],
            test=tested[i, : sizes["test"]],
        )
        files.write_json(folder / "history.json", history)
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


def fit_folds(
    label: str, data: PreparedData, network: Network, settings: Settings, seed: int
) -> list[Future]:
    """Train one candidate on all folds of prepared data, and return each fold's future.

    The candidate has a label of its own.
    """
    folds = len(data.encoded)
    trained = train_folds.with_label(label).submit(
        data.encoded[0].whole, folds, network, settings, data.problem, seed
    )
    return [Fold(trained, i) for i in range(folds)]


def cut(part: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first four fifths of a split's rows, and the last fifth.

    The rows are in random order.
    """
    rows = len(part["y"]) - len(part["y"]) // 5
    return {name: values[:rows] for name, values in part.items()}, {
        n: values[rows:] for n, values in part.items()
    }


def stacked(parts: list[dict[str, Any]], scale: list[Scale]) -> Stack:
    """Return one split of all folds as arrays.

    Shorter folds are padded with their first rows at weight 0.
    """
    longest = max(len(part["y"]) for part in parts)
    rows = [np.resize(np.arange(len(part["y"])), longest) for part in parts]
    return Stack(
        x=np.stack([part["x"][r] for part, r in zip(parts, rows, strict=True)]),
        y=np.stack(
            [by.transform(part["y"][r]) for part, r, by in zip(parts, rows, scale, strict=True)]
        ),
        weight=np.stack(
            [(np.arange(longest) < len(part["y"])).astype("float32") for part in parts]
        ),
    )


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
            curve.append(
                float(
                    train_epoch(
                        *batches(shuffle.permutation(train.y.shape[1]), settings.batch_size)
                    )
                )
            )
            finite_loss(curve[-1], model.name, len(curve))
            watch.look(len(curve))
            progress.step()
    watch.restore()
    return {"loss": curve, **watch.curves}


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


def score(
    model: keras.Model, x: Float32Array, scale: list[Scale], problem: Problem
) -> Float32Array:
    """Return each fold's scores, shape (folds, rows).

    They are logits of the mean probability, or values in the target's unit. With several classes
    there is a logit for each, shape (folds, rows, classes).
    """
    raw = np.asarray(model.predict_on_batch(x.swapaxes(0, 1)), "float64").swapaxes(0, 1)
    if problem.problem_type == "binary":
        return np.stack([pooled(fold) for fold in raw])
    if problem.problem_type == "multiclass":
        return np.asarray(mean_logits(raw), "float32")
    predictions = [
        np.asarray(by.inverse_transform(fold.mean(axis=-1)), "float32")
        for by, fold in zip(scale, raw, strict=True)
    ]
    return np.stack(predictions)


def alone_model(
    network: Network,
    model: keras.Model,
    train: Stack,
    settings: Settings,
    scale: Scale,
    problem: Problem,
) -> keras.Model:
    """Return the first fold's network as a model of its own.

    It maps features (rows, features) to logits (rows, members), or to values. With several classes
    it gives the logit of each, shape (rows, classes).
    """
    first = network(train.x[:1], train.y[:1], settings.dropout)
    first.set_weights([weights[: len(weights) // len(train.x)] for weights in model.get_weights()])
    inputs = keras.Input(train.x.shape[2:])
    outputs = ops.squeeze(first(ops.expand_dims(inputs, 1)), 1)
    if problem.problem_type == "multiclass":
        outputs = mean_logits(outputs)
    if problem.problem_type == "regression":
        outputs = scale.inverse_transform(ops.mean(outputs, axis=1, keepdims=True))
    return keras.Model(inputs, outputs, name=model.name)


class Watch:
    """Judges some rows after an epoch, keeps each fold's best weights, and says when all are done.

    With `refit` it draws the curve alone, of `LOOKS` epochs; without rows it does nothing.
    """

    def __init__(
        self, model: keras.Model, rows: Stack | None, settings: Settings, problem: Problem
    ) -> None:
        self.model, self.rows, self.settings, self.problem = model, rows, settings, problem
        self.often = max(1, settings.epochs // LOOKS) if settings.refit else 1
        self.curves: dict[str, list[float]] = {"val_loss": [], "val_epoch": []}
        self.best: list[Any] = []
        self.least: Any = None
        self.waited: Any = None

    @property
    def done(self) -> bool:
        """Whether no fold has got better for as many epochs as one has patience for."""
        return bool(self.best) and bool((self.waited >= self.settings.patience).all())

    def look(self, epoch: int) -> None:
        """Judge the weights after an epoch, counted from 1."""
        if self.rows is None or epoch % self.often:
            return
        answers = self.model.predict_on_batch(self.rows.x.swapaxes(0, 1))
        row_losses = np.asarray(member_losses(self.rows.y.T, answers, self.problem)).T
        losses = (row_losses * self.rows.weight).sum(axis=1) / self.rows.weight.sum(axis=1)
        self.curves["val_epoch"].append(epoch)
        self.curves["val_loss"].append(float(losses.mean()))
        if not self.settings.refit:
            self._keep(losses)

    def _keep(self, losses: Any) -> None:

        weights = self.model.get_weights()
        if self.least is None:
            self.least, self.waited, self.best = losses, np.zeros(len(losses)), weights
            return
        better = losses < self.least
        self.least, self.waited = (
            np.minimum(self.least, losses),
            np.where(better, 0, self.waited + 1),
        )
        self.best = [_chosen(better, new, old) for new, old in zip(weights, self.best, strict=True)]

    def restore(self) -> None:
        """Give every fold its best weights."""
        if self.best:
            self.model.set_weights(self.best)


def _chosen(better: Any, new: Any, old: Any) -> Any:
    """Return the new weights of the folds that got better, and the old ones of the others."""
    # a fold of several classes may have weights for each
    rows = np.repeat(better, len(new) // len(better))
    return np.where(rows.reshape(-1, *[1] * (new.ndim - 1)), new, old)
