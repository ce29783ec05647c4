"""Backbone: MobileNetV2 as ImageNet trained it, cut in two where a case wants, and fed with raw pixels.

Sandler, Howard, Zhu, Zhmoginov, Chen 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks". Its batch
normalization always runs in inference mode: a few thousand pictures are no base for new statistics of ImageNet's, and
weights that were published with the statistics folded in have none to go on from.
"""

from typing import TYPE_CHECKING, Literal

from casebook.errors import CasebookError
from tasks.decode import Shape
from tasks.fetch import Origin

if TYPE_CHECKING:
    import keras

    Cut = Literal["pixels", "pooled"] | int

SHAPE = Shape(224, 224, 3)
CLASSES = 1000
BLOCKS = 16  # the last one's number
POOL = "global_average_pooling2d"


def classifier(weights: Origin) -> "keras.Model":
    """Return MobileNetV2 with its thousand classes: pictures from -1 to 1 in, logits out.

    Without a weights file, as in a run on the sample, the weights are random and can't recognize anything.

    Raises
    ------
    CasebookError
        The file holds no weights of this network.
    """
    import keras

    whole = keras.applications.MobileNetV2(input_shape=SHAPE, weights=None, classifier_activation=None)
    if weights.path is None:
        return whole
    try:
        whole.load_weights(weights.path)
    except (OSError, ValueError, KeyError) as error:
        raise CasebookError(
            f"{weights.path} holds no weights of MobileNetV2 1.0 for 224 x 224 pictures and {CLASSES:,} classes "
            f"({str(error).splitlines()[0]}). It may be cut short: delete it to fetch it again."
        ) from error
    return whole


def lower(whole: "keras.Model", cut: "Cut") -> "keras.Model":
    """Return what lies below the cut, with the preprocessing: raw pixels in, the activations at the cut out.

    `pixels` cuts before the first layer, a number after that block (0 to 16), `pooled` after the last mean.
    """
    import keras

    pixels = keras.Input(SHAPE)
    if cut == "pixels":
        return keras.Model(pixels, keras.layers.Identity()(pixels), name="lower")
    below = keras.Model(whole.input, whole.get_layer(layer_at(whole, cut)).output)
    return keras.Model(pixels, below(preprocessing()(pixels), training=False), name="lower")


def upper(whole: "keras.Model", cut: "Cut") -> "keras.Model":
    """Return what lies above the cut: its activations in, the mean over all places of the last ones (1280) out."""
    import keras

    pooled = whole.get_layer(POOL).output
    if cut == "pixels":
        inputs = keras.Input(SHAPE)
        return keras.Model(inputs, keras.Model(whole.input, pooled)(preprocessing()(inputs), training=False))
    if cut == "pooled":
        inputs = keras.Input(pooled.shape[1:])
        return keras.Model(inputs, keras.layers.Identity()(inputs), name="upper")
    above = keras.Model(whole.get_layer(layer_at(whole, cut)).output, pooled)
    inputs = keras.Input(above.input_shape[1:])
    return keras.Model(inputs, above(inputs, training=False), name="upper")


def preprocessing() -> "keras.layers.Layer":
    """Return the layer that brings pixels of 0 to 255 to -1 to 1, as the weights want them."""
    import keras

    return keras.layers.Rescaling(1 / 127.5, offset=-1)


def layer_at(whole: "keras.Model", cut: "Cut") -> str:
    """Return the name of the layer whose output is cut; a block ends with a sum if its input is added to it."""
    if cut == "pooled":
        return POOL
    block = f"block_{cut}" if cut else "expanded_conv"
    names = {layer.name for layer in whole.layers}
    return f"{block}_add" if f"{block}_add" in names else f"{block}_project_BN"
