"""Gate: whether a version may serve by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from casebook import paths, registry
from casebook.array_types import Float64Array
from casebook.store import Ref
from casebook.versions import folder_of, published
from tasks.evaluation.evaluate import HALF, figures_of, once
from tasks.evaluation.metrics import LEVEL, resamples
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import InputKind


def gate(
    case: str,
    version: int,
    parts: Ref,
    metrics: Mapping[str, Any],
    problem: Problem,
    kind: InputKind,
    draft: Path | None = None,
) -> tuple[bool, str]:
    """Say whether a version may serve by itself, and why.

    It may if it was trained on real data, of no earlier day than the present model's, is better
    than a constant answer, and is not worse than the present model on the same test rows: the 95 %
    interval of the difference in the primary figure (paired bootstrap) must reach zero. A model of
    other columns can't be compared and waits. `draft` is where a version lies before it appears.
    """
    present, folder = registry.present(case), draft or paths.models(case) / str(version)
    promote = f"`python -m flows.promote {case} {version}` serves this one"
    if present == version:
        return True, "it serves already"
    if reason := unfit(case, version, metrics):
        return False, reason
    if reason := no_better(folder, parts, metrics, problem, kind):
        return False, f"{reason}; {promote} all the same"
    if present is None:
        return True, "no version served before"
    if present not in published(case):
        return True, f"version {present}, which was to serve, is gone or can't be read"
    if published(case)[present]["trained_on"] != "real":
        return True, f"version {present} was trained on sample data"
    old = folder_of(case, present)
    if _inputs(old) != _inputs(folder):
        return False, (
            f"version {present}, which serves, takes other columns, so the two can't be compared; "
            f"{promote}"
        )
    low, high = difference(old, folder, parts, problem, kind)
    worse = high < 0 if problem.sign > 0 else low > 0
    return not worse, (
        f"on this run's test rows its {problem.title} differs from version {present}'s by "
        f"{low:+.4f} to {high:+.4f} (95 % interval), which is {'worse' if worse else 'not worse'}"
    )


def no_better(
    folder: Path, parts: Ref, metrics: Mapping[str, Any], problem: Problem, kind: InputKind
) -> str | None:
    """Say that a version is no better than the same answer to every row, or None.

    The peer `dummy` answers so. Without it, both are judged on the test part here.
    """
    if dummy := metrics["peers"].get("dummy"):
        model = metrics["candidates"][metrics["champion"]][problem.primary_metric]["value"]
        constant = dummy[problem.primary_metric]["value"]
    else:
        y = kind.targets(parts, "test", problem)
        model = once(problem, y, kind.predict(folder, parts, problem), _threshold(folder))[
            problem.primary_metric
        ]
        constant = once(problem, y, _constant(kind.targets(parts, "train", problem), y, problem))[
            problem.primary_metric
        ]
    if problem.sign * (model - constant) > 0:
        return None
    return (
        f"its {problem.title} of {model:.4f} is no better than the same answer to every row, "
        f"which has {constant:.4f}"
    )


def _constant(train: Float64Array, y: Float64Array, problem: Problem) -> Float64Array:
    """Return the training part's mean, or its share of each class, as the answer to every test row.

    A network that was trained elsewhere has no training part: all classes then have the same share.
    """
    if problem.problem_type != "multiclass":
        constant: Float64Array = np.broadcast_to(np.nanmean(train, axis=0), y.shape)
        return constant
    classes = len(problem.labels)
    counts = (
        np.bincount(train.astype("int64"), minlength=classes) if len(train) else np.ones(classes)
    )
    return np.tile(counts / counts.sum(), (len(y), 1))


def unfit(case: str, version: int, metrics: Mapping[str, Any]) -> str | None:
    """Return why a version was never meant to serve by itself, or None.

    The reason is that its data is a sample, or older than the present model's.
    """
    promote = f"`python -m flows.promote {case} {version}` serves it all the same"
    if metrics["data"]["source"] != "real":
        return f"it was trained on sample data; {promote}"
    present, date = registry.present(case), metrics["data"].get("date")
    manifest = published(case).get(present, {}) if date and present is not None else {}
    if manifest.get("trained_on") == "real" and date < (
        since := manifest.get("date") or manifest["created"][:10]
    ):
        return (
            f"its data is of {date}, and that of version {present}, which serves, of {since}; "
            f"{promote}"
        )
    return None


def difference(
    old: Path, new: Path, parts: Ref, problem: Problem, kind: InputKind
) -> tuple[float, float]:
    """Return the 95 % interval of the new version's primary metric minus the old one's.

    Both metrics are of the test split. The interval is that of a paired bootstrap, stratified by
    class where there are classes. Versions are given by their folders.
    """
    y = kind.targets(parts, "test", problem)
    classes = y if problem.classes else np.zeros(len(y))
    drawn = {}
    for folder in (old, new):
        limit, scores = _threshold(folder), kind.predict(folder, parts, problem)
        blocks = [
            figures_of(problem, y, scores, weights, limit)[problem.primary_metric]
            for weights in resamples(classes, 0, problem.block)
        ]
        drawn[folder] = np.concatenate(blocks)
    low, high = np.quantile(drawn[new] - drawn[old], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _threshold(folder: Path) -> float:
    """Return from which probability on a version's answer is an alert."""
    output = _signature(folder)["output"]
    return float(output.get("threshold", HALF))


def _signature(folder: Path) -> dict[str, Any]:
    signature: dict[str, Any] = json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    return signature


def _inputs(folder: Path) -> list[str]:
    """Return the columns that a version takes."""
    return [entry["name"] for entry in _signature(folder).get("inputs", [])]
