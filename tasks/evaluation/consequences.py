"""Consequences: what a model's threshold means in alerts, mistakes and money."""

from __future__ import annotations

from typing import Any

import numpy as np

from tasks.evaluation.judging import Judged
from tasks.evaluation.outer_folds import OuterFolds
from tasks.problem.calibration import ThresholdPolicy


def consequences(
    folds: OuterFolds, model: list[Judged], policy: ThresholdPolicy
) -> dict[str, Any] | None:
    """Return what the threshold means on the test split of the drawn folds.

    The result is given in counts and, where errors have a cost, in money. It is None where no
    threshold decides.
    """
    if folds.problem.problem_type != "binary":
        return None
    judged = model[: folds.drawn]
    y = np.concatenate(folds.tested[: folds.drawn])
    alerts = np.concatenate([fold.test >= fold.threshold for fold in judged])
    hits, missed = int((alerts & (y == 1)).sum()), int((~alerts & (y == 1)).sum())
    counts = {
        "rows": len(y),
        "alerts": int(alerts.sum()),
        "caught": hits,
        "missed": missed,
        "false_alarms": int(alerts.sum()) - hits,
        "threshold": judged[0].threshold,
        **policy.model_dump(),
    }
    if policy.by != "cost":
        return counts
    cost = policy.cost_alert * int(alerts.sum()) + policy.cost_missed * missed
    return {**counts, "cost": cost, "cost_without_model": policy.cost_missed * (hits + missed)}
