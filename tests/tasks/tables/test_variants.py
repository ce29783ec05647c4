"""Of a few settings those are kept that are best on validation."""

import numpy as np
import pytest

from casebook.array_types import Float64Array
from tasks.problem.definition import Problem
from tasks.tables.baselines import Baseline, baseline
from tasks.tables.variants import Variant, best, variants

CLASS = Problem(problem_type="binary", target="y", primary_metric="roc_auc", metrics=("roc_auc",))
NUMBER = Problem(problem_type="regression", target="y", primary_metric="rmse", metrics=("rmse",))


@pytest.mark.parametrize(("problem", "expected"), [(CLASS, "right"), (NUMBER, "right")])
def test_the_best_in_the_mean_of_all_folds_is_kept(problem: Problem, expected: str) -> None:
    y = np.array([0.0, 1.0, 0.0, 1.0])
    scores = {
        "wrong": [-y, -y],
        "at first": [y, -10 * y],
        "right": [y, y],
        "as good": [y, y],
    }

    def validate(variant: Variant) -> list[Float64Array]:
        return scores[variant.settings["name"]]

    tried = [Variant({"name": name}) for name in scores]
    chosen = best(tried, validate, [y, y], problem)
    assert chosen.variant.settings["name"] == expected
    assert chosen.scores is scores["right"]


def test_the_logarithm_is_tried_beside_the_target_itself() -> None:
    plain, both = (variants("extra_trees", NUMBER, log_target=log) for log in (False, True))
    assert both[: len(plain)] == plain
    assert [variant.settings for variant in both[len(plain) :]] == [v.settings for v in plain]
    assert all(variant.log_target for variant in both[len(plain) :])


@pytest.mark.parametrize("problem", [CLASS, NUMBER])
@pytest.mark.parametrize("name", ["extra_trees", "random_forest", "gradient_boosting"])
def test_every_variant_is_another_model(problem: Problem, name: Baseline) -> None:
    models = [
        repr(sorted(baseline(name, 20, problem, 0, variant.settings).get_params().items()))
        for variant in variants(name, problem, log_target=False)
    ]
    assert len(set(models)) == len(models) > 1
