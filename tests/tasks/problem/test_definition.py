"""What a problem may ask for is what is measured."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.evaluation.figures import once
from tasks.problem.definition import KNOWN, LOWER_IS_BETTER, TITLES, Problem, known_metrics

Y = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 0.0])
SURE = np.array([0.1, 0.8, 0.4, 0.3, 0.9, 0.2])
DAYS = np.tile(np.arange(30.0), (6, 1))
ANSWERS: dict[str, tuple[Any, Any]] = {
    "binary": (Y, SURE),
    "multiclass": (Y, np.stack([1 - SURE, SURE], axis=1)),
    "regression": (Y, SURE),
    "forecast": (DAYS, DAYS + 1.0),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_the_known_metrics_are_those_that_are_measured_and_have_a_title(kind: str) -> None:
    span = 2.0 if kind == "regression" else 0.0
    problem = Problem.model_validate(
        {
            "problem_type": kind,
            "target": "y",
            "primary_metric": KNOWN[kind][0],
            "metrics": (),
            "span": span,
        }
    )
    measured = once(problem, *ANSWERS[kind])
    assert set(known_metrics(problem)) == set(measured)
    assert set(known_metrics(problem)) <= set(TITLES)
    assert set(TITLES) >= LOWER_IS_BETTER


def test_a_misspelt_field_is_refused() -> None:
    values = {"problem_type": "binary", "target": "y", "primary_metric": "auprc", "metrics": ()}
    with pytest.raises(ValidationError, match="label"):
        Problem.model_validate({**values, "label": ("no", "yes")})
