"""Blend: a candidate whose logit is the weighted sum of the logits of several models."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.problem.definition import Problem
from tasks.tables.blend import WEIGHTS, best_weights, copy_model, weighted_sum
from tasks.tables.estimators import DEVICE
from tasks.texts.features import VOCABULARY


@stage
def blend(out: Path, encoded: Ref, parts: Mapping[str, Ref], problem: Problem) -> Facts:
    """Weigh models that read the same encoded texts so that their sum is best on validation.

    Models that see different things err in different places. Trained as one they see the same
    errors, and whichever learns faster leaves the others little to learn; trained apart they all
    learn what they can.

    Writes `scores.npz` as its models do, `weights.json`, the files of its models, and
    `vocabulary.json`; the curves are those of the first.
    """
    y = read_arrays(encoded, "validation")["y"].astype("float64")
    scores = {name: [read_arrays(ref, "scores")] for name, ref in parts.items()}
    weights = best_weights([y], scores, problem)
    summed = {part: weighted_sum(scores, weights, 0, part) for part in ("validation", "test")}
    write_arrays(out, "scores", **summed)
    files.write_json(out / WEIGHTS, weights)
    first = next(iter(parts.values()))
    shutil.copy2(first.path("history.json"), out / "history.json")
    for name, ref in parts.items():
        copy_model(ref, out / name)
    shutil.copy2(encoded.path(VOCABULARY), out / VOCABULARY)
    used = [ref for name, ref in parts.items() if weights[name]]
    return {
        "rows": max(int(str(ref.facts["rows"])) for ref in used),
        "parameters": sum(int(str(ref.facts["parameters"])) for ref in used),
        "weights": dict(weights),
        "val_accuracy": float(((summed["validation"] > 0) == (y == 1)).mean()),
        "device": DEVICE,
    }
