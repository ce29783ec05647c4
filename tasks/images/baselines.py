"""Baselines of pictures: plain models on the pixels, and a linear model on k-means of patches."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal, TypeAlias, cast

import numpy as np
import threadpoolctl

from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.images.patches import class_probabilities
from tasks.problem.definition import Problem
from tasks.tables.baselines import Peer, fit_baselines

PATCHES = "patches"
PicturePeer: TypeAlias = Peer | Literal["patches"]


@stage(process="worker")
def fit_picture_baselines(
    out: Path,
    pictures: Ref,
    peers: tuple[PicturePeer, ...],
    trees: int,
    centroids: int,
    problem: Problem,
    seed: int,
) -> Facts:
    """Fit each peer on training and validation pictures, and score the test pictures.

    `patches` is a linear model on a k-means dictionary of so many centroids, the others are those
    of tables, on the pixels. Writes `scores.npz`, a probability per test picture, class and peer.
    """
    plain = cast("tuple[Peer, ...]", tuple(name for name in peers if name != PATCHES))
    facts = fit_baselines.fn(out, pictures, plain, trees, problem, seed)
    if PATCHES not in peers:
        return facts
    parts = {name: read_arrays(pictures, name) for name in ("train", "validation", "test")}
    started = time.perf_counter()
    with threadpoolctl.threadpool_limits(1):  # the other core trains networks
        probability = class_probabilities(
            parts["train"], parts["validation"], parts["test"]["x"], centroids, seed
        )
    seconds = dict(cast("dict[str, float]", facts["fit_seconds"]))
    seconds[PATCHES] = round(time.perf_counter() - started, 2)
    answers = probability[:, 1] if problem.problem_type == "binary" else probability
    with np.load(out / "scores.npz", allow_pickle=False) as scores:
        others = {name: scores[name] for name in scores.files}
    write_arrays(out, "scores", **others, **{PATCHES: answers})
    return {"rows": facts["rows"], "fit_seconds": seconds}
