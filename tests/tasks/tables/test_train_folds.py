"""Folds trained together learn what each would learn alone, and stop when each is at its best."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from casebook.errors import CasebookError
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.problem.definition import Problem
from tasks.tables.fold_answers import alone_model, score
from tasks.tables.fold_epochs import _by_steps, _in_one_call, batches
from tasks.tables.fold_stacks import Scale, stacked
from tasks.tables.train_folds import fit, train_folds
from tasks.training.networks import ensemble, perceptron
from tasks.training.train import Settings, build, optimizer

NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))
CLASS = Problem(problem_type="binary", target="y", primary_metric="accuracy", metrics=("accuracy",))
PLAIN = Scale(1.0, 0.0, log=False)


def network(x: Any, y: Any, dropout: float) -> Any:
    return ensemble(x, (6, 4), dropout, members=3, bins=4)


def single(x: Any, y: Any, dropout: float) -> Any:
    return perceptron(x, (5,), dropout, "single")


def penalized(x: Any, y: Any, dropout: float) -> Any:
    return perceptron(x, (5,), dropout, "penalized", l2=1e-3)


def part(rows: int, seed: int, problem: Problem = NUMBER) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3)).astype("float32")
    y = 20 + 3 * x[:, 0] - x[:, 1] ** 2 + 2 * rng.normal(size=rows)
    return {
        "x": x,
        "y": (y > 19).astype("float32")
        if problem.problem_type == "binary"
        else y.astype("float32"),
    }


def quick(**changes: Any) -> Settings:
    return Settings(
        **{"epochs": 3, "batch_size": 16, "dropout": 0.0, "device": "cpu", "refit": True, **changes}
    )


@pytest.fixture
def encoded(keep: Callable[..., Ref]) -> Callable[..., Ref]:
    """Return a function that keeps the encoded parts of some folds of unequal sizes."""

    def write(out: Path, folds: int, problem: Problem) -> Facts:
        for i in range(folds):
            (out / fold_name(i)).mkdir()
            for j, (name, rows) in enumerate(
                {"train": 48 - i % 2, "validation": 12, "test": 12 + i % 2}.items()
            ):
                write_arrays(out / fold_name(i), name, **part(rows, 10 * i + j, problem))
        return {}

    return lambda folds, problem=NUMBER: keep(write, folds, problem)


@pytest.mark.parametrize("problem", [NUMBER, CLASS])
def test_a_fold_learns_with_others_what_it_learns_alone(problem: Problem) -> None:
    folds = [part(32, i, problem) for i in range(3)]
    together = stacked(folds, [Scale.of(f["y"], problem, quick()) for f in folds])
    alone = stacked(folds[:1], [Scale.of(folds[0]["y"], problem, quick())])
    three, one = (build(network, {"x": s.x, "y": s.y}, quick(), 0) for s in (together, alone))
    one.set_weights([weights[:1] for weights in three.get_weights()])
    for model, stack in ((three, together), (one, alone)):
        fit(model, stack, None, quick(batch_size=32, epochs=5), problem)
    for many, few in zip(three.get_weights(), one.get_weights(), strict=True):
        assert many[:1] == pytest.approx(few, abs=1e-4)


@pytest.mark.parametrize("problem", [NUMBER, CLASS])
def test_steps_of_keras_teach_what_one_call_does(problem: Problem) -> None:
    # the second one is padded, and the last batch filled up
    folds = [part(33 - i, i, problem) for i in range(2)]
    stack = stacked(folds, [Scale.of(f["y"], problem, quick()) for f in folds])
    rows = batches(np.random.default_rng(0).permutation(33), 16)
    taught, losses = [], []
    for way in (_in_one_call, _by_steps):
        model = build(penalized, {"x": stack.x, "y": stack.y}, quick(), 0)
        losses.append(float(way(model, stack, optimizer(quick(), 3), quick(), problem)(*rows)))
        taught.append(model.get_weights())
    for one, other in zip(*taught, strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert losses[0] < losses[1] < losses[0] + 1  # which has the penalties in it


def test_a_seed_fixes_every_fold(keep: Callable[..., Ref], encoded: Callable[..., Ref]) -> None:
    features = encoded(2)
    first, again, other = (
        keep(train_folds.fn, features, 2, network, quick(dropout=0.2), NUMBER, seed)
        for seed in (1, 1, 2)
    )
    for i in range(2):
        one, same, different = (
            read_arrays(ref.fold(i), "scores")["test"] for ref in (first, again, other)
        )
        assert np.array_equal(one, same)
        assert not np.array_equal(one, different)
        assert len(one) == 12 + i % 2


def test_a_number_is_told_in_its_unit(
    keep: Callable[..., Ref], encoded: Callable[..., Ref]
) -> None:
    features = encoded(2)
    ref = keep(train_folds.fn, features, 2, single, quick(epochs=60, learning_rate=0.02), NUMBER, 0)
    truth, predictions = (
        read_arrays(features.fold(1), "test")["y"],
        read_arrays(ref.fold(1), "scores")["test"],
    )
    assert np.sqrt(np.mean((truth - predictions) ** 2)) < truth.std()
    assert 10 < predictions.mean() < 30


@pytest.mark.parametrize("log_target", [False, True])
def test_the_first_fold_alone_answers_as_in_the_batch(log_target: bool) -> None:
    folds = [part(32, i) for i in range(2)]
    settings = quick(log_target=log_target)
    scales = [Scale.of(fold["y"] + 20, NUMBER, settings) for fold in folds]
    stack = stacked([{**fold, "y": fold["y"] + 20} for fold in folds], scales)
    model = build(network, {"x": stack.x, "y": stack.y}, settings, 0)
    fit(model, stack, None, settings, NUMBER)
    alone = alone_model(network, model, stack, settings, scales[0], NUMBER)
    assert np.asarray(alone(stack.x[0]))[:, 0] == pytest.approx(
        score(model, stack.x, scales, NUMBER)[0], rel=1e-4
    )


def test_without_refit_each_fold_keeps_its_best_epoch(
    keep: Callable[..., Ref], encoded: Callable[..., Ref]
) -> None:
    settings = quick(refit=False, epochs=200, patience=2, learning_rate=0.1)
    ref = keep(train_folds.fn, encoded(2, CLASS), 2, single, settings, CLASS, 0)
    history = json.loads(ref.fold(0).path("history.json").read_text(encoding="utf-8"))
    assert ref.facts["epochs"] == len(history["val_loss"]) < 200
    assert ref.fold(0).path("network.keras").is_file()


def test_the_logarithm_of_what_is_not_positive_is_refused() -> None:
    with pytest.raises(CasebookError, match=r"y has values of -1, but only positive"):
        Scale.of(np.array([-1.0, 2.0]), NUMBER, quick(log_target=True))


def test_padding_counts_nothing() -> None:
    stack = stacked([part(5, 0), part(3, 1)], [PLAIN, PLAIN])
    assert stack.weight.tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert stack.x.shape == (2, 5, 3)


def test_a_training_of_folds_that_diverges_stops_with_candidate_epoch_and_remedy(
    keep: Callable[..., Ref], encoded: Callable[..., Ref]
) -> None:
    wild = quick(optimizer="sgd", learning_rate=1e30, epochs=50)
    with pytest.raises(
        CasebookError, match=r"training of single diverged: its loss in epoch \d+ is .*Lower its"
    ):
        keep(train_folds.fn, encoded(3), 3, single, wild, NUMBER, 0)


def test_a_target_that_is_always_the_same_has_a_scale() -> None:
    scale = Scale.of(np.full(10, 7.0, "float32"), NUMBER, quick())
    assert scale.transform(np.full(3, 7.0, "float32")).tolist() == [0.0, 0.0, 0.0]
