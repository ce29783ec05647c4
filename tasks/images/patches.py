"""Patches: features of pictures from a k-means dictionary of small patches, for a linear model.

After Coates, Lee and Ng 2011 ("An analysis of single-layer networks in unsupervised feature
learning"): what small pictures give away without a deep network.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn import cluster, linear_model, preprocessing

from casebook.array_types import Float32Array, Float64Array, Int64Array, NamedArrays, UInt8Array

SIDE = 6  # pixels of a patch
POSITIONS = 27  # of a patch along a picture's side, at most; so many has one of 32 pixels
LEARNED_FROM = 200_000  # patches, at most
CONTRAST = 10.0  # is added to the variance of a patch, so that no noise is blown up
# is added to the variance along an axis of patches and of standardized features, as well
WHITENING, FEATURES_ADDED = 0.1, 0.01
BATCH = 4096  # patches in a step of k-means
STRENGTHS = (5.0, 15.0, 50.0, 150.0)  # of the linear model: its C times the number of rows


class Dictionary(NamedTuple):
    """What is learned from training pictures.

    Attributes
    ----------
    mean
        Of normalized patches, shape (numbers of a patch,).
    whitening
        Makes patches less their mean uncorrelated, shape (numbers, numbers).
    centroids
        Of whitened patches, shape (centroids, numbers).
    """

    mean: Float32Array
    whitening: Float32Array
    centroids: Float32Array


def learn(pictures: UInt8Array, centroids: int, seed: int) -> Dictionary:
    """Learn so many centroids from patches of pictures, shape (rows, height, width, channels)."""
    rng = np.random.default_rng(seed)
    places = len(normalized_patches(pictures[0]))
    from_each = min(places, -(-LEARNED_FROM // len(pictures)))
    rows = rng.permutation(len(pictures))[: LEARNED_FROM // from_each]
    drawn = [
        normalized_patches(pictures[row])[rng.choice(places, from_each, replace=False)]
        for row in rows
    ]
    patches = np.concatenate(drawn)
    mean, whitening = zca(patches, WHITENING)
    clusters = cluster.MiniBatchKMeans(centroids, batch_size=BATCH, n_init=1, random_state=seed)
    clusters.fit((patches - mean) @ whitening)
    return Dictionary(mean, whitening, clusters.cluster_centers_.astype("float32"))


def normalized_patches(picture: UInt8Array) -> Float32Array:
    """Return a picture's patches, shape (positions, numbers), each with mean 0 and deviation 1.

    They lie at every pixel; of a large picture at every second, third and so on.
    """
    step = step_between(picture.shape[:2])
    windows = np.lib.stride_tricks.sliding_window_view(picture, (SIDE, SIDE), axis=(0, 1))
    patches = windows[::step, ::step].reshape(-1, SIDE * SIDE * picture.shape[2])
    centred = patches - patches.mean(axis=1, keepdims=True, dtype="float32")
    variance = np.mean(centred**2, axis=1, keepdims=True)
    normalized: Float32Array = centred / np.sqrt(variance + np.float32(CONTRAST))
    return normalized


def step_between(sides: tuple[int, ...]) -> int:
    """Return how many pixels two patches of a picture are apart.

    Examples
    --------
    >>> step_between((32, 32)), step_between((28, 28)), step_between((224, 224))
    (1, 1, 9)
    """
    return -(-(max(sides) - SIDE + 1) // POSITIONS)


def zca(rows: Float32Array, added: float) -> tuple[Float32Array, Float32Array]:
    """Return the mean of rows, and the matrix that makes them uncorrelated, of variance 1.

    Of all such matrices it is the one that changes rows least (zero-phase component analysis; Bell
    and Sejnowski 1997). Axes along which the variance is small against `added` are left small.
    """
    mean = rows.mean(axis=0)
    covariance = np.cov(rows, rowvar=False, dtype="float32").astype("float64")
    variance, axes = np.linalg.eigh(covariance)
    # rounding may leave the variance along an axis of none at less than 0
    whitening = (axes / np.sqrt(np.maximum(variance, 0) + added)) @ axes.T
    return mean, whitening.astype("float32")


def features(pictures: UInt8Array, dictionary: Dictionary) -> Float32Array:
    """Return how near the patches of each quadrant are to each centroid, shape (rows, features).

    A patch counts for a centroid by so much as it is nearer than to the mean centroid (the
    "triangle" activation). A quadrant's features are the sums over its patches.
    """
    centroids = dictionary.centroids
    shift = dictionary.mean @ dictionary.whitening
    # |a - b|² = |a|² - 2 ab + |b|² in one product: of (a, |a|², 1) with (-2 b, 1, |b|²)
    ones = np.ones((len(centroids), 1), "float32")
    lengths = np.sum(centroids**2, axis=1, keepdims=True)
    right = np.concatenate([-2 * centroids, ones, lengths], axis=1).T
    pooling = quadrants(pictures)
    pooled = np.empty((len(pictures), len(pooling) * len(centroids)), "float32")
    for row, picture in enumerate(pictures):
        patches = normalized_patches(picture) @ dictionary.whitening - shift
        lengths = np.sum(patches**2, axis=1, keepdims=True)
        distance = np.concatenate([patches, lengths, np.ones_like(lengths)], axis=1) @ right
        np.sqrt(np.maximum(distance, 0, out=distance), out=distance)
        nearness = np.subtract(distance.mean(axis=1, keepdims=True), distance, out=distance)
        pooled[row] = (pooling @ np.maximum(nearness, 0, out=nearness)).ravel()
    return pooled


def quadrants(pictures: UInt8Array) -> Float32Array:
    """Return ones where a patch lies in a quadrant, else zeros, shape (4, positions)."""
    sides = pictures.shape[1:3]
    step = step_between(sides)
    counts = [-(-(side - SIDE + 1) // step) for side in sides]
    down, right = (2 * np.arange(count) // count for count in counts)
    numbers = 2 * down[:, None] + right
    pooling: Float32Array = (np.arange(4)[:, None] == numbers.ravel()).astype("float32")
    return pooling


class PartScores(NamedTuple):
    """The logits of each class for the validation and the test part, shape (rows, classes).

    Of two classes there is one logit, that of the second.
    """

    validation: Float64Array
    test: Float64Array


def class_scores(
    train: NamedArrays, validation: NamedArrays, test: UInt8Array, centroids: int, seed: int
) -> PartScores:
    """Fit a linear model on the features of patches, and return its answers to the other pictures.

    Dictionary, scale and principal axes are learned from training and validation pictures, whose
    labels they don't see. The linear model is a logistic regression; how much it is held back is
    chosen on the validation part, and then it is fitted to both parts.

    Parameters
    ----------
    train, validation
        The parts' pictures `x`, uint8 of shape (rows, height, width, channels), and labels `y`.
    test
        Pictures.
    centroids
        How many patches the dictionary has.
    seed
        Of the patches that are drawn, and of k-means.
    """
    x = np.concatenate([train["x"], validation["x"]])
    y = np.concatenate([train["y"], validation["y"]])
    dictionary = learn(x, centroids, seed)
    return linear_scores(features(x, dictionary), y, len(train["y"]), features(test, dictionary))


def linear_scores(x: Float32Array, y: Int64Array, count: int, test: Float32Array) -> PartScores:
    """Fit a logistic regression to features, and return its answers to those of other pictures.

    The `count` rows that come first are for training, the others choose how much it is held back.
    Features are much alike: it is fitted in few steps only after they are made uncorrelated. Both
    arrays of features are overwritten.
    """
    scale = preprocessing.StandardScaler(copy=False)
    columns = scale.fit_transform(x)
    _, whitening = zca(columns, FEATURES_ADDED)
    columns = columns @ whitening
    models = {
        strength: regression(strength, count).fit(columns[:count], y[:count])
        for strength in STRENGTHS
    }
    right = {name: model.score(columns[count:], y[count:]) for name, model in models.items()}
    best = max(right, key=right.__getitem__)
    validation = models[best].decision_function(columns[count:])
    model = regression(best, len(y)).fit(columns, y)
    return PartScores(validation, model.decision_function(scale.transform(test) @ whitening))


def regression(strength: float, rows: int) -> linear_model.LogisticRegression:
    """Return an unfitted logistic regression whose C is `strength` for the mean of the losses."""
    return linear_model.LogisticRegression(C=strength / rows, max_iter=200)
