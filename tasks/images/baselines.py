"""Baselines of pictures: plain models on the pixels, and a linear model on k-means of patches."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal, TypeAlias, cast

import numpy as np

from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from casebook.threads import one_thread
from tasks.images.patches import class_scores
from tasks.problem.definition import Problem
from tasks.tables.baselines import Baseline, fit_baselines

PATCHES = "patches"
PictureBaseline: TypeAlias = Baseline | Literal["patches"]


@stage(process="worker")
def fit_picture_baselines(
    out: Path,
    pictures: Ref,
    names: tuple[PictureBaseline, ...],
    trees: int,
    centroids: int,
    problem: Problem,
    seed: int,
) -> Facts:
    """Fit each baseline to the training pictures for the validation ones, and anew for the test.

    `patches` is a linear model on a k-means dictionary of so many centroids, the others are those
    of tables, on the pixels. Writes `validation.npz` and `test.npz`, a logit of each class (of two,
    one) per picture and baseline.
    """
    plain = cast("tuple[Baseline, ...]", tuple(name for name in names if name != PATCHES))
    facts = fit_baselines.fn(out, pictures, plain, trees, problem, seed)
    if PATCHES not in names:
        return facts
    parts = {name: read_arrays(pictures, name) for name in ("train", "validation", "test")}
    started = time.perf_counter()
    with one_thread():
        scores = class_scores(
            parts["train"], parts["validation"], parts["test"]["x"], centroids, seed
        )
    seconds = dict(cast("dict[str, float]", facts["fit_seconds"]))
    seconds[PATCHES] = round(time.perf_counter() - started, 2)
    for part, logits in scores._asdict().items():
        with np.load(out / f"{part}.npz", allow_pickle=False) as others:
            kept = dict(others)
        write_arrays(out, part, **kept, **{PATCHES: logits})
    return {**facts, "fit_seconds": seconds}
