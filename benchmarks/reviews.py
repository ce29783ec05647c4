"""Reviews: an epoch of the lab's network in the flow, against Keras' own `fit`.

Keras is given texts that are padded to 30 words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TypeAlias

import keras
import numpy as np
from keras import layers

from benchmarks.figures import Figure, Options, ratio
from casebook.array_types import Int64Array
from casebook.device import prepare
from casebook.words import padded
from tasks.stories.naver_reviews.networks import course_network
from tasks.texts.features import Texts
from tasks.texts.train import TextSettings, fit

Sequences: TypeAlias = "list[list[int]]"

# random texts as long as the reviews are: what is measured does not depend on what they say
COUNT = 15_000
WORDS, LENGTH, MEAN, BATCH, EPOCHS = 10_000, 30, 8.0, 128, 2


def measure_reviews(options: Options) -> Iterator[Figure]:
    """Train the lab's network for two epochs in both ways, in turn, a fresh one each time."""
    prepare("cpu", 0)
    sequences, y = texts(1000 if options.quick else COUNT)
    ours, bare = [], []
    for _ in range(options.repeats + 1):  # the first of each pays for what later ones reuse
        ours.append(epoch_seconds(as_in_the_flow, sequences, y))
        bare.append(epoch_seconds(as_in_a_script, sequences, y))
    title = f"an epoch of {len(y):,} texts with the lab's network"
    yield Figure("reviews", f"{title}, by the flow", "s", tuple(ours[1:]))
    yield Figure("reviews", f"{title}, by Keras' fit on padded texts", "s", tuple(bare[1:]))
    yield ratio("reviews", "fit / flow", bare[1:], ours[1:])


def texts(count: int) -> tuple[Sequences, Int64Array]:
    """Return random words and labels.

    The texts are as long as the reviews: 8 words on average, and 30 at most.
    """
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.geometric(1 / MEAN, count), 1, LENGTH)
    return [rng.integers(1, WORDS, length).tolist() for length in lengths], rng.integers(
        0, 2, count
    )


def as_in_the_flow(sequences: Sequences, y: Int64Array) -> float:
    """Return the seconds of the flow's second epoch.

    The first epoch also traces the network for each width.
    """
    every, few = Texts.of(sequences), Texts.of(sequences[:50])
    settings = TextSettings(epochs=EPOCHS, batch_size=BATCH)
    curves = fit(
        course_network(WORDS),
        {"train": every, "validation": few},
        {"train": y, "validation": y[:50]},
        settings,
        0,
    )
    return curves["seconds"][-1]


def as_in_a_script(sequences: Sequences, y: Int64Array) -> float:
    """Return the seconds of the second epoch of Keras' `fit`.

    The texts are padded, and there is no mask, as in the lab.
    """
    x, model = padded(sequences, LENGTH), lab_network()
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=BATCH, verbose=0)
    started = perf_counter()
    model.fit(x, y, batch_size=BATCH, verbose=0)
    return perf_counter() - started


def lab_network() -> keras.Model:
    """Return the lab's network as it stands there, which reads padding like words."""
    return keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            layers.Embedding(WORDS, 100),
            layers.Bidirectional(layers.LSTM(64)),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )


def epoch_seconds(
    train: Callable[[Sequences, Int64Array], float], sequences: Sequences, y: Int64Array
) -> float:
    """Return what a training measured, with Keras' memory of earlier ones cleared."""
    keras.backend.clear_session()
    return train(sequences, y)
