"""Resample: change the share of the rare class in the training part, and only there."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from imblearn import over_sampling, under_sampling

from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays

Way = Literal["over_under", "smote"]
OVER = 0.1  # positives per negative after over-sampling
UNDER = 0.5  # and after under-sampling the negatives as well


@stage
def resample(out: Path, features: Ref, way: Way, seed: int) -> Facts:
    """Resample the training part of encoded features and write it as `train`.

    `over_under` repeats random positives up to 1 per 10 negatives, then drops random negatives down
    to 2 per positive; `smote` puts new positives between neighbouring ones, up to 1 per 10
    negatives (Chawla et al. 2002). Of several classes each rare one is brought to 1 per 10 rows of
    the most frequent one, and frequent ones are cut to 2 per row of the rarest. Rows are shuffled,
    because the samplers return them ordered by class.
    """
    data = read_arrays(features, "train")
    x, y = resampled(data["x"], data["y"], way, seed)
    order = np.random.default_rng(seed).permutation(len(y))
    write_arrays(out, "train", x=x[order], y=y[order])
    counts = (
        {"positives": int(y.sum())}
        if y.max() <= 1
        else {"classes": np.bincount(y.astype("int64")).tolist()}
    )
    return {"rows": len(y), **counts, "rows_before": len(data["y"])}


def resampled(x: Any, y: Any, way: Way, seed: int) -> tuple[Any, Any]:
    """Return resampled features and labels, ordered as imbalanced-learn returns them.

    A class that is not rare to begin with (over 1 in 10) is left as it is by the over-sampling
    step.
    """
    if y.max() > 1:
        return _of_classes(x, y, way, seed)
    positives = int(y.sum())
    ratio = positives / (len(y) - positives)
    if int(OVER * (len(y) - positives)) > positives:  # the samplers refuse to add no row
        smote = over_sampling.SMOTE(
            sampling_strategy=OVER, random_state=seed, k_neighbors=min(5, positives - 1)
        )
        sampler = (
            smote
            if way == "smote"
            else over_sampling.RandomOverSampler(sampling_strategy=OVER, random_state=seed)
        )
        x, y = sampler.fit_resample(x, y)
    if way == "over_under" and ratio < UNDER:
        x, y = under_sampling.RandomUnderSampler(
            sampling_strategy=UNDER, random_state=seed
        ).fit_resample(x, y)
    return x, y


def _of_classes(x: Any, y: Any, way: Way, seed: int) -> tuple[Any, Any]:
    """Do the same with several classes.

    The most frequent class stands for the negatives, each other one for the positives.
    """
    numbers, counts = np.unique(y, return_counts=True)
    minimum = int(OVER * counts.max())
    more = {
        n: minimum
        for n, count in zip(numbers.tolist(), counts.tolist(), strict=True)
        if count < minimum
    }
    if more:
        smote = over_sampling.SMOTE(
            sampling_strategy=more, random_state=seed, k_neighbors=min(5, int(counts.min()) - 1)
        )
        sampler = (
            smote
            if way == "smote"
            else over_sampling.RandomOverSampler(sampling_strategy=more, random_state=seed)
        )
        x, y = sampler.fit_resample(x, y)
    numbers, counts = np.unique(y, return_counts=True)
    maximum = int(counts.min() / UNDER)
    fewer = {
        n: maximum
        for n, count in zip(numbers.tolist(), counts.tolist(), strict=True)
        if count > maximum
    }
    if way == "over_under" and fewer:
        x, y = under_sampling.RandomUnderSampler(
            sampling_strategy=fewer, random_state=seed
        ).fit_resample(x, y)
    return x, y
