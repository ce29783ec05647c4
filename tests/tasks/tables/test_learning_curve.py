"""What the champion's kind of model makes of fewer rows is a section of the report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from casebook import files
from casebook.store import Facts, Ref
from casebook.tables import write_arrays
from tasks.evaluation.evaluate import RESULTS
from tasks.problem.definition import Problem
from tasks.tables.blend import WEIGHTS
from tasks.tables.learners import EstimatorLearner
from tasks.tables.learning_curve import learning_curve, representative
from tasks.tables.sklearn_models import logistic_regression
from tasks.tables.split import PARTS

CLASS = Problem(problem_type="binary", target="y", primary_metric="roc_auc", metrics=("roc_auc",))
LEARNER = EstimatorLearner(logistic_regression, log_target=False)


def rows(count: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 8)).astype("float32")
    return {"x": x, "y": (x[:, 0] + rng.normal(size=count) > 0.8).astype("float32")}


@pytest.fixture
def folds(keep_arrays: Callable[..., Ref]) -> list[Ref]:
    """Keep the parts of two folds."""
    sizes = dict(zip(PARTS, (150, 60, 60), strict=True))
    return [
        keep_arrays(**{name: rows(size, 10 * number + size) for name, size in sizes.items()})
        for number in range(2)
    ]


def test_of_a_blend_the_part_with_the_greatest_weight_learns(
    keep: Callable[..., Ref], keep_arrays: Callable[..., Ref]
) -> None:
    def write(out: Path) -> Facts:
        files.write_json(out / WEIGHTS, {"trees": 0.3, "ours": 0.7})
        return {}

    candidates = {"blend": [keep(write)], "trees": [keep_arrays(scores={})]}
    assert representative("blend", candidates) == "ours"
    assert representative("trees", candidates) == "trees"


def test_the_stage_leaves_a_section_and_a_picture(
    keep: Callable[..., Ref], folds: list[Ref]
) -> None:
    judged = {
        "champion": "ours",
        "peers": {"dummy": {"roc_auc": {"value": 0.5}}},
        "test": {"rows": 120},
        "differences": {"dummy": {"value": 0.3, "low": 0.2, "high": 0.4}},
    }

    def evaluated(out: Path) -> Facts:
        files.write_json(out / RESULTS, judged)
        return {}

    def trained(out: Path) -> Facts:
        write_arrays(out, "scores", validation=np.arange(60.0), test=np.zeros(60))
        return {}

    networks = {"ours": [keep(trained)] * 2}
    ref = keep(learning_curve.fn, folds, networks, keep(evaluated), {"ours": LEARNER}, CLASS, 0)
    (page,) = json.loads(ref.path("findings.json").read_text(encoding="utf-8"))
    names = [finding["name"] for finding in page["findings"]]
    assert names == ["learning_curve", "doubling", "test_rows_needed"]
    assert page["findings"][2]["value"] == 14  # of 120, as the interval reaches a third of the way
    assert ref.path("learning_curve.png").stat().st_size > 5000
    assert ref.facts["model"] == "ours"
