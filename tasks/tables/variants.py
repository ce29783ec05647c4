"""Variants: the few settings of a baseline that a practitioner tries, of which validation chooses.

Candidates are chosen on the same rows, so a baseline that is tuned there has no advantage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from casebook.array_types import Float64Array
from tasks.evaluation.figures import once
from tasks.evaluation.judging import answered
from tasks.problem.definition import Problem
from tasks.tables.boosting_libraries import CLASSES as LIBRARIES

Settings: TypeAlias = "Mapping[str, Any]"

USUAL: Settings = {}
LEAVES: Settings = {"min_samples_leaf": 3}
HALF_OF_COLUMNS: Settings = {"max_features": 0.5}  # each split of a tree sees
QUICK_STEPS: Settings = {"learning_rate": 0.1}
FINER_STEPS: Settings = {"learning_rate": 0.05, "max_depth": 5, "subsample": 0.5}
OF_CLASSES: Mapping[str, Settings] = {  # what is tried besides the usual settings
    "logistic_regression": {"C": 0.03},
    "extra_trees": LEAVES,
    "random_forest": LEAVES,
    "gradient_boosting": QUICK_STEPS,
    **dict.fromkeys(LIBRARIES, QUICK_STEPS),
}
OF_NUMBERS: Mapping[str, Settings] = {
    "extra_trees": HALF_OF_COLUMNS,
    "random_forest": HALF_OF_COLUMNS,
    "gradient_boosting": FINER_STEPS,
    **dict.fromkeys(LIBRARIES, QUICK_STEPS),
}


class Variant(NamedTuple):
    """How a baseline may be fitted: its settings, and whether it learns the target's logarithm."""

    settings: Settings = USUAL
    log_target: bool = False


class Validated(NamedTuple):
    """A variant, and its scores of the validation rows of each fold."""

    variant: Variant
    scores: list[Float64Array]


def variants(name: str, problem: Problem, *, log_target: bool) -> list[Variant]:
    """Return what is tried of a baseline, the usual settings first.

    With `log_target` everything is also tried on the logarithm of the target.

    Examples
    --------
    >>> judged_by = {"target": "price", "primary_metric": "rmse", "metrics": ("rmse",)}
    >>> price = Problem(problem_type="regression", **judged_by)
    >>> variants("ridge", price, log_target=True)
    [Variant(settings={}, log_target=False), Variant(settings={}, log_target=True)]
    """
    further = (OF_CLASSES if problem.classes else OF_NUMBERS).get(name)
    tried = [USUAL] if further is None else [USUAL, further]
    plain = [Variant(settings) for settings in tried]
    if not log_target or name == "dummy":
        return plain
    return [*plain, *(Variant(settings, log_target=True) for settings in tried)]


def best(
    tried: Sequence[Variant],
    validate: Callable[[Variant], list[Float64Array]],
    labels: Sequence[Float64Array],
    problem: Problem,
) -> Validated:
    """Return the variant whose primary figure is best in the mean of the folds' validation parts.

    `validate` fits a variant and returns its scores of each fold, `labels` are the truth. Where
    several are equally good, the first one is taken.
    """

    def figure(scores: list[Float64Array]) -> float:
        folds = [
            once(problem, y, answered(fold, problem))[problem.primary_metric]
            for y, fold in zip(labels, scores, strict=True)
        ]
        return problem.sign * float(np.mean(folds))

    validated = [Validated(variant, validate(variant)) for variant in tried]
    return max(validated, key=lambda one: figure(one.scores))
