"""Handwritten digits, or pieces of clothing: classify small grey pictures (lab 240).

There are ten classes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import keras
from keras import layers
from pydantic import Field

from casebook.array_types import NamedArrays
from casebook.case import case
from casebook.cli import main
from casebook.run import Summary
from samples.mnist import make_digits
from tasks.images.case import PictureCase, PictureModel, PictureParams
from tasks.images.explore import explore_pictures
from tasks.images.picture import Shape
from tasks.images.train import PictureSettings
from tasks.problem.definition import Problem
from tasks.publication.evaluate_and_publish import FittedModels, evaluate_and_publish
from tasks.training.augmentation import Augmentation

Data = Literal["mnist", "fashion"]
SHAPE = Shape(28, 28, 1)
Candidate = Literal["course", "ours", "deep"]
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


class MnistParams(PictureParams):
    """What can be set: which pictures, which networks, how long."""

    dataset: Data = Field(
        "mnist", description="handwritten digits, or Zalando's pieces of clothing"
    )
    candidates: tuple[Candidate, ...] = Field(
        ("course", "ours"),
        min_length=1,
        description="networks to train: the lab's LeNet-5, ours, and one for a GPU",
    )
    trees: Annotated[
        int, Field(ge=10, le=5000, description="size of the forest among the baselines")
    ] = 100
    epochs: Annotated[
        int, Field(ge=1, le=200, description="epochs of `ours` and `deep`, which wants about 55")
    ] = 12
    sample_rows: Annotated[
        int, Field(ge=200, le=100_000, description="size of the embedded sample")
    ] = 1500


def course_network(train: NamedArrays, classes: int) -> keras.Model:
    """Return LeNet-5 as the lab draws it.

    It has two convolutions with mean pooling, and three dense layers.
    """
    stack = [
        keras.Input(SHAPE),
        layers.Rescaling(1 / 255),
        layers.Conv2D(6, 5, padding="same", activation="relu"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="relu"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="relu"),
        layers.Dense(84, activation="relu"),
        layers.Dense(classes),
    ]
    return keras.Sequential(stack, name="course")


def our_network(train: NamedArrays, classes: int) -> keras.Model:
    """Return seven convolutions with batch normalization, and a mean over what the last ones see.

    The first one strides, so that all others work on a quarter of the pixels.
    """
    hidden = inputs = keras.Input(SHAPE)
    hidden = layers.Rescaling(1 / 255)(hidden)
    for width, kernel, stride in (
        (16, 5, 1),
        (32, 3, 2),
        (32, 3, 1),
        (64, 3, 2),
        (64, 3, 1),
        (128, 3, 2),
        (128, 3, 1),
    ):
        hidden = normalized(hidden, width, kernel, stride)
    hidden = layers.GlobalAveragePooling2D()(hidden)
    return keras.Model(inputs, layers.Dense(classes)(hidden), name="ours")


def deep_network(
    train: NamedArrays, classes: int, widths: tuple[int, int, int] = (32, 64, 120)
) -> keras.Model:
    """Return three groups of three convolutions, for a GPU.

    The first works on all pixels, and the last two of each group have a skip connection.
    """
    inputs = keras.Input(SHAPE)
    hidden = layers.Rescaling(1 / 255)(inputs)
    for group, width in enumerate(widths):
        first = normalized(hidden, width, stride=2 if group else 1)
        hidden = normalized(normalized(first, width), width, past=first)
    hidden = layers.GlobalAveragePooling2D()(hidden)
    return keras.Model(inputs, layers.Dense(classes)(hidden), name="deep")


def normalized(hidden: Any, width: int, kernel: int = 3, stride: int = 1, past: Any = None) -> Any:
    """Return a convolution with batch normalization and a ReLU.

    A skip connection, if given, is added before the ReLU.
    """
    answer = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(hidden)
    plain = layers.BatchNormalization(momentum=0.9)(answer)
    return layers.Activation("relu")(plain if past is None else layers.Add()([plain, past]))


OURS = PictureSettings(
    batch_size=128,
    learning_rate=4e-3,
    weight_decay=0.05,
    optimizer="adamw",
    schedule="cosine",
    smoothing=0.05,
    average=0.995,
    reduced=True,
    augmentation=Augmentation(shift=2, turn=12.0, zoom=0.1),
)
CLOTHED = OURS.model_copy(
    update={"views": 2, "augmentation": Augmentation(shift=2, flip=True, cover=8)}
)


def picture_case(dataset: str, labels: tuple[str, ...], ours: PictureSettings) -> PictureCase:
    """Return the case of one of the two sets."""
    large = {
        "batch_size": 512,
        "learning_rate": 0.4,
        "weight_decay": 0.005,
        "optimizer": "sgd",
        "average": 0.98,
    }
    lenet = PictureSettings(epochs=5, batch_size=128)
    return PictureCase(
        dataset=dataset,
        problem=Problem(
            problem_type="multiclass",
            input_kind="picture",
            target="label",
            labels=labels,
            output="probabilities",
            primary_metric="accuracy",
            metrics=("accuracy", "balanced_accuracy", "f1", "log_loss"),
        ),
        shape=SHAPE,
        sample=make_digits,
        models={
            "course": PictureModel(course_network, lenet, fixed_epochs=True),
            "ours": PictureModel(our_network, ours),
            "deep": PictureModel(deep_network, ours.model_copy(update=large)),
        },
    )


CASES = {
    "mnist": picture_case("mnist", tuple("0123456789"), OURS),
    "fashion": picture_case("fashion_mnist", CLOTHES, CLOTHED),
}


@case
def mnist(params: MnistParams = MnistParams()) -> Summary:
    """Tell handwritten digits, or pieces of clothing, apart on 28 x 28 grey pixels (lab 240)."""
    pictures = CASES[params.dataset]
    data = pictures.prepare(params)
    profile = explore_pictures.submit(data.table, data.raw, pictures.problem)
    baselines = pictures.fit_baselines(data, params)
    trained = pictures.fit_all(data, params)
    return evaluate_and_publish(FittedModels(data, trained, baselines, profile))


if __name__ == "__main__":
    raise SystemExit(main("flows.mnist"))
