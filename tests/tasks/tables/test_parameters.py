"""The candidate `tuned` is built from the parameters.

Penalties leave the folds of a batch independent.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from casebook.store import Ref
from casebook.tables import read_arrays
from flows.boston import CASE, BostonParams
from tasks.tables.fold_stacks import Stack
from tasks.tables.parameters import NetworkParams, tuned_network, tuned_settings
from tasks.tables.train_folds import fit
from tasks.training.train import train

FOLDS = 3


def stack(folds: slice) -> Stack:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(FOLDS, 40, 5)).astype("float32")
    y = (x.sum(axis=2) * np.arange(1, FOLDS + 1)[:, None]).astype("float32")
    return Stack(x[folds], y[folds], np.ones((FOLDS, 40), "float32")[folds])


def trained(weights: list[Any], folds: slice, params: NetworkParams) -> list[Any]:
    data = stack(folds)
    model = tuned_network(params)(data.x, data.y, 0.0)
    model.set_weights([w[folds] for w in weights])
    fit(model, data, None, tuned_settings(params), CASE.problem)
    return [np.asarray(w) for w in model.get_weights()]


def params(**changes: Any) -> BostonParams:
    how = {
        "layers": (8, 4),
        "epochs": 10,
        "batch_size": 40,
        "optimizer": "sgd",
        "learning_rate": 0.01,
        **changes,
    }
    return BostonParams(device="cpu", **how)


@pytest.mark.parametrize("penalty", [{"l1": 0.02}, {"l1": 0.01, "l2": 0.03}], ids=str)
def test_a_fold_learns_in_a_batch_what_it_learns_alone_also_with_a_penalty(
    penalty: dict[str, float],
) -> None:
    everyone = stack(slice(None))
    start = tuned_network(params())(everyone.x, everyone.y, 0.0).get_weights()
    together = trained(start, slice(None), params(**penalty))
    for i in range(FOLDS):
        alone = trained(start, slice(i, i + 1), params(**penalty))
        for batched, single in zip(together, alone, strict=True):
            np.testing.assert_allclose(batched[i], single[0], atol=2e-5)
    free = trained(start, slice(None), params())
    assert np.abs(together[0]).sum() < np.abs(free[0]).sum() * 0.99


@pytest.mark.parametrize("layers", [(), (6,), (6, 4)], ids=str)
def test_the_layers_are_those_asked_for_in_both_forms(layers: tuple[int, ...]) -> None:
    data = stack(slice(None))
    network = tuned_network(params(layers=layers, l1=0.1))
    sizes = list(zip((5, *layers), (*layers, 1), strict=True))
    for model in (network(data.x, data.y, 0.1), network(data.x[0], data.y[0], 0.1)):
        assert [tuple(w.shape[-2:]) for w in model.trainable_weights if w.name == "kernel"] == sizes
        assert len(model.losses) == len(sizes)


def test_a_penalty_holds_the_weights_of_a_single_fold_small(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> None:
    rng = np.random.default_rng(0)
    y = (np.arange(60) % 2).astype("float32")
    part = {"x": (rng.normal(size=(60, 3)) + y[:, None]).astype("float32"), "y": y}
    data = keep_arrays(train=part, validation=part, test=part)
    spread = {}
    for l2 in (0.0, 1.0):
        how = params(l2=l2, patience=20)
        ref = keep(train.fn, data, data, tuned_network(how), tuned_settings(how), 0)
        spread[l2] = float(np.std(read_arrays(ref, "scores")["test"]))
    assert spread[1.0] < spread[0.0]
