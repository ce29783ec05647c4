"""Backbone: MobileNetV2 with ImageNet weights, fed with raw pixels.

A case may cut it in two.

Sandler, Howard, Zhu, Zhmoginov, Chen 2018, "MobileNetV2: Inverted Residuals and Linear
Bottlenecks". Its batch normalization always runs in inference mode: a few thousand pictures are no
base for new statistics of ImageNet's, and weights that were published with the statistics folded in
have none to go on from. Its layers are set not to train for that: Keras 3 drops a nested network's
`training=False` where the network around it trains.
"""

from __future__ import annotations

import math
import warnings
from typing import Literal, TypeAlias

import keras
import numpy as np

from casebook.errors import CasebookError
from casebook.origin import Origin
from tasks.images.picture import Shape

Cut: TypeAlias = 'Literal["pixels", "pooled"] | int'

SHAPE = Shape(224, 224, 3)
CLASSES = 1000
BLOCKS = 16  # the last one's number
# the place of the mean over all places; its name depends on how many there were before it
POOL = -2


def classifier(weights: Origin) -> keras.Model:
    """Return MobileNetV2 with its thousand classes: pictures from -1 to 1 in, logits out.

    Without a weights file, as in a run on the sample, the weights are random and can't recognize
    anything; they are drawn so that signals keep their size (He et al. 2015), or nothing would be
    left of a picture at the other end.

    Raises
    ------
    CasebookError
        The file holds no weights of this network.
    """
    whole = keras.applications.MobileNetV2(
        input_shape=SHAPE, weights=None, classifier_activation=None
    )
    for layer in whole.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    if weights.path is None:
        return drawn(whole)
    try:
        with warnings.catch_warnings():
            # Keras only warns of layers for which the file has nothing
            warnings.simplefilter("error", UserWarning)
            whole.load_weights(weights.path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise CasebookError(
            f"{weights.path} holds no weights of MobileNetV2 1.0 for 224 x 224 pictures and "
            f"{CLASSES:,} classes ({str(error).splitlines()[0]}). It may be cut short: delete it "
            "to fetch it again."
        ) from error
    return whole


def drawn(whole: keras.Model) -> keras.Model:
    """Return the network with random filters, always the same ones."""
    rng = np.random.default_rng(0)
    filters = [layer.kernel for layer in whole.layers if getattr(layer, "kernel", None) is not None]
    for kernel in filters:
        inputs = math.prod(kernel.shape[:2] if "depthwise" in kernel.path else kernel.shape[:-1])
        kernel.assign(rng.normal(0, math.sqrt(2 / inputs), kernel.shape))
    return whole


def lower(whole: keras.Model, cut: Cut) -> keras.Model:
    """Return the part of the network below the cut, with the preprocessing.

    It maps raw pixels to the activations at the cut.

    `pixels` cuts before the first layer, a number after that block (0 to 16), `pooled` after the
    last mean.
    """
    pixels = keras.Input(SHAPE)
    if cut == "pixels":
        return keras.Model(pixels, keras.layers.Identity()(pixels), name="lower")
    below = keras.Model(whole.input, at(whole, cut))
    return keras.Model(pixels, below(preprocessing()(pixels)), name="lower")


def upper(whole: keras.Model, cut: Cut) -> keras.Model:
    """Return the part of the network above the cut.

    It maps the activations at the cut to the mean of the last activations over all places (1280).
    """
    pooled = whole.layers[POOL].output
    if cut == "pixels":
        inputs = keras.Input(SHAPE)
        return keras.Model(inputs, keras.Model(whole.input, pooled)(preprocessing()(inputs)))
    if cut == "pooled":
        inputs = keras.Input(pooled.shape[1:])
        return keras.Model(inputs, keras.layers.Identity()(inputs), name="upper")
    above = keras.Model(at(whole, cut), pooled)
    inputs = keras.Input(above.input_shape[1:])
    return keras.Model(inputs, above(inputs), name="upper")


def preprocessing() -> keras.layers.Layer:
    """Return the layer that brings pixels of 0 to 255 to -1 to 1, as the weights want them."""
    return keras.layers.Rescaling(1 / 127.5, offset=-1)


def at(whole: keras.Model, cut: Cut) -> keras.KerasTensor:
    """Return what comes out at a cut; a block ends with a sum if its input is added to it."""
    if cut == "pooled":
        return whole.layers[POOL].output
    block = f"block_{cut}" if cut else "expanded_conv"
    outputs = {layer.name: layer.output for layer in whole.layers}
    return outputs.get(f"{block}_add", outputs[f"{block}_project_BN"])
