"""Layers of several folds and members compute what plain layers would, each for itself."""

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.training.networks import answers, by_fold, dense, piecewise, quantile_bins, side_by_side


def rows(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_layers_are_products_of_each_fold_and_member() -> None:

    x = rows(7, 2, 3)
    inputs = keras.Input((2, 3))
    model = keras.Model(
        inputs, answers(dense(dense(by_fold(inputs), 4, members=5, activation="relu"), 1))
    )
    first, _, second, _ = model.get_weights()
    assert (first.shape, second.shape) == ((2, 3, 20), (2, 5, 4, 1))
    hidden = np.maximum(x[:, 1] @ first[1].reshape(3, 5, 4)[:, 2], 0)
    assert np.asarray(model(x))[:, 1, 2] == pytest.approx((hidden @ second[1, 2])[:, 0], abs=1e-5)


@given(st.integers(0, 1000), st.integers(2, 9))
@settings(max_examples=20)
def test_bins_follow_each_other_and_hold_the_middle_of_the_values(seed: int, bins: int) -> None:
    x = rows(2, 40, 3, seed=seed)
    low, width = quantile_bins(x, bins)
    assert low.shape == width.shape == (2, 3, bins)
    assert (width >= 0.00099).all()
    assert low[..., 1:] == pytest.approx(low[..., :-1] + width[..., :-1], abs=1e-5)
    assert low[..., 0] == pytest.approx(x.min(axis=1))


def test_a_place_goes_from_nought_to_one_across_its_bin_and_two_values_get_none() -> None:
    x = np.stack([np.linspace(0, 4, 41), np.repeat([0.0, 1.0], [20, 21])], axis=1).astype("float32")
    wide = np.asarray(piecewise(np.array([[2.5, 1.0], [9.0, 0.0]], "float32"), x, bins=4))
    assert wide == pytest.approx(np.array([[2.5, 1, 1, 1, 0.5, 0], [5, 0, 1, 1, 1, 1]]), abs=1e-5)


def test_members_of_an_ensemble_learn_each_for_itself() -> None:

    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    model = keras.Model(inputs, side_by_side(inputs, 4, (8, 5)))
    assert model.output_shape == (None, 4)
    assert model.count_params() == 4 * ((3 * 8 + 8) + (8 * 5 + 5) + (5 + 1))
    x = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    before = np.asarray(model(x))
    last = next(layer for layer in reversed(model.layers) if layer.weights)
    kernel, bias = last.get_weights()
    last.set_weights([kernel, bias + np.eye(4, dtype="float32")[:, :1]])
    changed = np.asarray(model(x)) - before
    np.testing.assert_allclose(changed, np.tile([1.0, 0.0, 0.0, 0.0], (6, 1)), atol=1e-6)
