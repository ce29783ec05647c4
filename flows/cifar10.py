"""Ten classes of small colour photos (lab 250).

Candidates are the lab's network, and a modern fast recipe in plain Keras.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import keras
import numpy as np
from keras import layers, ops
from numpy import typing as npt
from pydantic import Field

from casebook.array_types import Float32Array, NamedArrays
from casebook.case import case
from casebook.cli import main
from casebook.run import Summary
from samples.cifar10 import make_photos
from tasks.images.case import PictureCase, PictureModel, PictureParams
from tasks.images.explore import explore_pictures
from tasks.images.picture import Shape
from tasks.images.train import PictureSettings
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.training.augmentation import Augmentation

AXES = 24  # of a whitened patch: of the 48 or 27 that it has, the others are next to nothing

SHAPE = Shape(32, 32, 3)
Candidate = Literal["course", "fast", "wide", "deep"]
Bend = Literal["relu", "gelu"]


class Cifar10Params(PictureParams):
    """What can be set: which networks, and how long the fast recipe trains."""

    candidates: tuple[Candidate, ...] = Field(
        (),
        description="networks: the lab's, the fast recipe, the same four times as large, and one "
        "for a GPU; none named: course and fast, in the full profile wide as well",
    )
    trees: Annotated[
        int, Field(ge=10, le=5000, description="size of the forest among the baselines")
    ] = 50
    epochs: Annotated[
        int, Field(ge=1, le=200, description="epochs of the fast recipe; deep wants about 25")
    ] = 5
    sample_rows: Annotated[
        int, Field(ge=200, le=100_000, description="size of the embedded sample")
    ] = 1000


def course_network(train: NamedArrays, classes: int) -> keras.Model:
    """Return the lab's network.

    It has three convolutions with pooling and dropout, and two dense layers.
    """
    stack: list[Any] = [keras.Input(SHAPE), layers.Rescaling(1 / 255)]
    for width in (16, 32, 64):
        stack += [
            layers.Conv2D(width, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
        ]
        stack.append(layers.Dropout(0.2))
    stack += [
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(classes),
    ]
    return keras.Sequential(stack, name="course")


def fast_network(
    train: NamedArrays, classes: int, widths: tuple[int, int, int] = (24, 64, 128)
) -> keras.Model:
    """Return a network that learns in few epochs.

    It whitens patches, and has three groups of two convolutions and a small head.

    After Page 2019 ("How to train your ResNet"), hlb-CIFAR10 and Jordan 2024 ("94 % on CIFAR-10 in
    3.29 seconds on a single GPU"): the first layer is not learned but whitens patches, and every
    convolution starts close to passing its input on. For a processor, patches are of 4 x 4 pixels
    at every other pixel, so that all that is learned works on a quarter of the pixels, and the
    activation is a ReLU: a GELU takes a third of a step's time there.
    """
    inputs = keras.Input(SHAPE)
    hidden = whitened(inputs, train, 4, stride=2, bend="relu")
    for group, width in enumerate(widths):
        hidden = convolved(hidden, width)
        hidden = normalized(keras.layers.MaxPooling2D(2)(hidden) if group else hidden)
        hidden = normalized(convolved(hidden, width))
    return keras.Model(inputs, logits(hidden, classes), name="fast")


def wide_network(train: NamedArrays, classes: int) -> keras.Model:
    """Return the same network with twice as many channels in every group."""
    return fast_network(train, classes, (48, 128, 256))


def deep_network(
    train: NamedArrays, classes: int, widths: tuple[int, int, int] = (128, 384, 384)
) -> keras.Model:
    """Return the network for a GPU.

    It takes all pixels, and has three groups of three convolutions, the last two of each with a
    skip connection. It follows Jordan 2024 ("94 % on CIFAR-10 in 3.29 seconds on a single GPU") in
    that paper's configuration of highest accuracy.
    """
    inputs = keras.Input(SHAPE)
    hidden = whitened(inputs, train, 3, stride=1, bend="gelu")
    for width in widths:
        first = normalized(keras.layers.MaxPooling2D(2)(convolved(hidden, width)), "gelu")
        second = normalized(convolved(first, width), "gelu")
        hidden = normalized(convolved(second, width), "gelu", past=first)
    return keras.Model(inputs, logits(hidden, classes), name="deep")


def whitened(inputs: Any, train: NamedArrays, patch: int, *, stride: int, bend: Bend) -> Any:
    """Return the output of a fixed first layer that whitens patches.

    The layer is not learned. A patch has `patch` pixels on a side.
    """
    scaled = layers.Rescaling(1 / 64, -2.0)(inputs)
    layer = layers.Conv2D(2 * AXES, patch, stride, padding="same", trainable=False, name="whiten")
    answer = bent(layer(scaled), bend)
    layer.set_weights(whitening(train["x"], patch, stride))
    return answer


def logits(hidden: Any, classes: int) -> Any:
    """Return the logits of a small head.

    It takes each channel's maximum, and has a dense layer whose output is scaled down at first.
    """
    greatest = layers.Flatten()(layers.MaxPooling2D(hidden.shape[1])(hidden))
    return layers.Rescaling(1 / 8)(layers.Dense(classes, use_bias=False)(greatest))


def convolved(hidden: Any, width: int) -> Any:
    """Return a convolution of 3 x 3 pixels that starts as the identity.

    It passes on as many of the incoming channels as it has channels for.
    """
    layer = layers.Conv2D(width, 3, padding="same", use_bias=False)
    answer = layer(hidden)
    kernel = layer.get_weights()[0]
    passed = np.arange(min(kernel.shape[2:]))
    kernel[:, :, :, passed] = 0
    kernel[1, 1, passed, passed] = 1
    layer.set_weights([kernel])
    return answer


def normalized(hidden: Any, bend: Bend = "relu", past: Any = None) -> Any:
    """Return the activation of the batch-normalized channels, plus a skip connection if given.

    In each batch the channels have mean 0 and deviation 1.
    """
    plain = layers.BatchNormalization(momentum=0.6, scale=False)(hidden)
    return bent(plain if past is None else layers.Add()([plain, past]), bend)


def bent(hidden: Any, how: Bend) -> Any:
    """Return max(x, 0), or x Φ(x), here by erf.

    Keras' own GELU uses erfc, which ONNX lacks.
    """
    return (
        layers.Activation("relu")(hidden)
        if how == "relu"
        else hidden * (0.5 + 0.5 * ops.erf(hidden * 0.5**0.5))
    )


def whitening(
    pictures: npt.NDArray[np.uint8], patch: int, stride: int, used: int = 5000
) -> list[Float32Array]:
    """Return the kernel and bias of a whitening convolution.

    Its outputs for a patch are uncorrelated and of similar size. Its filters are the patches'
    principal axes of greatest variance, each divided by the deviation along it, and their
    negatives, as the activation that follows bends only one side.
    """
    x = pictures[:used].astype("float32") / 64 - 2
    patches = np.lib.stride_tricks.sliding_window_view(x, (patch, patch), axis=(1, 2))[
        :, ::stride, ::stride
    ]
    flat = patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, patch * patch * SHAPE.channels)
    mean = flat.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(flat, rowvar=False))  # in ascending order
    filters = axes[:, -AXES:] / np.sqrt(variance[-AXES:] + 1e-2)
    both = np.concatenate([filters, -filters], axis=1).astype("float32")
    return [both.reshape(patch, patch, SHAPE.channels, 2 * AXES), -mean @ both]


FAST = PictureSettings(
    batch_size=256,
    learning_rate=0.6,
    weight_decay=0.005,
    optimizer="sgd",
    momentum=0.85,
    schedule="cosine",
    warm=0.2,
    smoothing=0.1,
    average=0.95,
    reduced=True,
    views=2,
    augmentation=Augmentation(shift=2, flip=True),
)
DEEP = FAST.model_copy(
    update={
        "batch_size": 1024,
        "learning_rate": 1.6,
        "weight_decay": 0.008,
        "augmentation": Augmentation(shift=4, flip=True, cover=12),
    }
)

CASE = PictureCase(
    dataset="cifar10",
    problem=Problem(
        problem_type="multiclass",
        input_kind="picture",
        target="label",
        output="probabilities",
        primary_metric="accuracy",
        labels=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        metrics=("accuracy", "balanced_accuracy", "f1", "log_loss"),
    ),
    shape=SHAPE,
    sample=make_photos,
    models={
        "course": PictureModel(
            course_network, PictureSettings(epochs=5, batch_size=64), fixed_epochs=True
        ),
        "fast": PictureModel(fast_network, FAST),
        "wide": PictureModel(wide_network, FAST),
        "deep": PictureModel(deep_network, DEEP),
    },
)


@case
def cifar10(params: Cifar10Params = Cifar10Params()) -> Summary:
    """Tell ten kinds of small colour photos apart, in minutes on a CPU (lab 250)."""
    data = CASE.prepare(params)
    profile = explore_pictures.submit(data.table, data.raw, CASE.problem)
    baselines = CASE.fit_baselines(data, params)
    usual = ("course", "fast", "wide") if params.profile == "full" else ("course", "fast")
    trained = CASE.fit_all(data, params, params.candidates or usual)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile))


if __name__ == "__main__":
    raise SystemExit(main("flows.cifar10"))
