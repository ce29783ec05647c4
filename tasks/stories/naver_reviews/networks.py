"""Networks on film reviews: the lab's on words, n-grams of characters, and characters in order."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

# buckets are primes: n-grams share a weight if hashes agree
BUCKETS = {2: 262_139, 3: 1_048_573, 4: 2_097_143, 5: 2_097_143}
NEARBY = {2: 65_521, 3: 131_071}  # n-grams that have vectors
# an n-gram's weight is met in few batches, and learns as if the rate were so many times as high
FASTER = 20.0
# 2 ** 32 over the golden ratio, as 32 bits have it (Knuth 1998, multiplicative hashing)
FACTOR = -1_640_531_535


def course_network(size: int) -> keras.Model:
    """Return the lab's network: word vectors, a bidirectional LSTM, a dense layer.

    It skips padding.
    """
    inputs = keras.Input((None,), dtype="int32")
    vectors = layers.Embedding(size, 100, mask_zero=True, name="words")(inputs)
    hidden = layers.Dense(64, activation="relu")(layers.Bidirectional(layers.LSTM(64))(vectors))
    return keras.Model(inputs, layers.Dense(1)(hidden), name="course")


def ngrams_network(size: int, buckets: dict[int, int] = BUCKETS) -> keras.Model:
    """Return a linear model of character n-grams.

    Each n-gram of 1 to 5 characters has one weight, and the weights are summed.

    Korean attaches endings to its stems, so words are rare and n-grams of syllables are what
    repeats. Padding has no part in the sum.
    """
    inputs = keras.Input((None,), dtype="int32")
    grams = [
        (inputs, size),
        *((hashed(inputs, n, count), 1 + count) for n, count in buckets.items()),
    ]
    weights = [
        layers.Embedding(input_dim, 1, embeddings_initializer="zeros")(codes) * met(codes)
        for codes, input_dim in grams
    ]
    number = ops.sum(layers.Add()([met(codes) for codes, _ in grams]), axis=1)
    total = ops.sum(layers.Add()(weights), axis=1) / ops.sqrt(1 + number)
    return keras.Model(inputs, FASTER * total, name="ngrams")


def characters_network(
    size: int, width: int = 128, filters: int = 128, nearby: dict[int, int] = NEARBY
) -> keras.Model:
    """Return a network that sees the order of characters.

    It has three convolutions, and takes the maximum and the mean over each text.

    A position has the vector of its character, and those of the bigram and the trigram that begin
    there. In training a tenth of the former and most of the latter are dropped: else n-grams, of
    which many occur once, are memorized within an epoch. Padding has no part in any convolution,
    mean or maximum.
    """
    inputs = keras.Input((None,), dtype="int32")
    there = met(inputs)
    single = layers.Embedding(size, width, name="characters")(inputs)
    vectors = [layers.Dropout(0.1, noise_shape=(None, None, 1))(single)]
    for n, count in nearby.items():
        gram = layers.Embedding(1 + count, width // 4)(hashed(inputs, n, count))
        vectors.append(layers.Dropout(0.6, noise_shape=(None, None, 1))(gram))
    hidden = layers.SpatialDropout1D(0.3)(layers.Concatenate()(vectors) * there)
    near = layers.Conv1D(filters, 3, padding="same", activation="relu")(hidden) * there
    farther = (
        layers.Conv1D(filters, 3, padding="same", activation="relu")(layers.Dropout(0.3)(near))
        * there
    )
    seen = layers.Dropout(0.3)(near + farther)
    far = layers.Conv1D(filters, 3, padding="same", activation="relu")(seen) * there
    # none is below 0, which padding has
    greatest = [ops.max(outputs, axis=1) for outputs in (near, far)]
    mean = ops.sum(near + far, axis=1) / (1e-3 + ops.sum(there, axis=1))
    pooled = layers.Dropout(0.5)(layers.Concatenate()([*greatest, mean]))
    return keras.Model(inputs, layers.Dense(1)(pooled), name="characters")


def small_ngrams(size: int) -> keras.Model:
    """Return the linear model with few weights, for a smoke run."""
    return ngrams_network(size, {2: 4093, 3: 4093})


def small_characters(size: int) -> keras.Model:
    """Return the convolutions with few filters, for a smoke run."""
    return characters_network(size, 16, 32, {2: 4093})


def met(numbers: Any) -> Any:
    """Return 1 where a text has a character or n-gram, 0 on padding, shape (texts, length, 1)."""
    return ops.expand_dims(ops.cast(ops.not_equal(numbers, 0), "float32"), -1)


def hashed(numbers: Any, n: int, buckets: int) -> Any:
    """Return the hash, from 1 to `buckets`, of the n characters that begin at each position.

    It is 0 where fewer are left.

    Products are taken modulo 2 ** 32, as numbers of 32 bits overflow, and `buckets` is a prime: of
    a power of two, only the last bits of each character would count.
    """
    following, code = numbers, numbers
    for _ in range(n - 1):
        following = ops.pad(following[:, 1:], [[0, 0], [0, 1]])
        code = code * FACTOR + following
    remainder = ops.mod(code, buckets)  # of a negative number, ONNX Runtime's is negative
    return ops.where(following > 0, 1 + ops.mod(remainder + buckets, buckets), 0)
