"""Layers that several cases share."""

import keras
import numpy as np

from tasks.build import side_by_side


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
