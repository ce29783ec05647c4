"""Turn logits into probabilities, and choose the threshold from which a row is an alert."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import optimize, special

from casebook.array_types import Float64Array

SLOPE_DEVIATION = 0.5  # of the logarithm: slopes from 0.4 to 2.7 are plausible beforehand
SHIFT_DEVIATION = 3.0  # rows of a rare class that were multiplied shift logits by some 4


class ThresholdPolicy(BaseModel):
    """How the threshold is chosen on the validation part.

    `cost` makes the sum of costs least: each alert costs `cost_alert`, each positive that is missed
    `cost_missed` (both in the same currency). `f_beta` makes F-beta greatest: recall counts `beta`
    times as much as precision. `likelier` chooses nothing: the answer is the class of the greater
    probability, uncalibrated, as for tables too small to calibrate on a part of. Of several classes
    the most probable one is always the answer; their probabilities are calibrated unless `likelier`
    is asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: Literal["cost", "f_beta", "likelier"] = "cost"
    cost_missed: float = 100.0
    cost_alert: float = 5.0
    beta: float = 1.0


def platt(logits: Float64Array, y: Float64Array) -> tuple[float, float]:
    """Return the slope and shift for which sigmoid(slope · logit + shift) is most likely.

    This is Platt scaling (Platt 1999), fitted on the validation split. Few rows say little, least
    where no class is mistaken for the other, so there is a prior in place of Platt's smoothed
    labels: the logarithm of the slope is normal around 0 with a deviation of 0.5, the shift around
    0 with one of 3 (maximum a posteriori). A slope is never below zero, which would reverse the
    ranking.

    Examples
    --------
    >>> logits, y = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0.0, 0.0, 1.0, 1.0])
    >>> slope, shift = platt(np.tile(2 * logits, 999), np.tile(y[[0, 2, 1, 3]], 999))
    >>> 0 < slope < 0.5  # a model that is too sure of itself
    True
    """
    positive = y == 1
    z = logits.astype("float64")

    def loss(parameters: Float64Array) -> float:
        log_slope, shift = parameters
        a = np.exp(log_slope) * z + shift
        likelihood = special.log_expit(np.where(positive, a, -a)).sum()
        prior = (log_slope / SLOPE_DEVIATION) ** 2 + (shift / SHIFT_DEVIATION) ** 2
        return float(prior / 2 - likelihood) / len(y)

    log_slope, shift = optimize.minimize(
        loss, np.zeros(2), method="L-BFGS-B", bounds=[(-7.0, 7.0), (None, None)]
    ).x
    return float(np.exp(log_slope)), float(shift)


def temperature(logits: Float64Array, y: Float64Array) -> float:
    """Return the slope for which softmax(slope · logits) is most likely (Guo et al. 2017).

    It is one over their temperature, fitted on the validation part. Few rows say little about it,
    least where no class is mistaken for another, so the logarithm of the slope is taken to be
    normal around 0 beforehand, with a deviation of 0.5: a model is left as it is unless the rows
    speak against it (maximum a posteriori).

    Parameters
    ----------
    logits, y
        Shape (rows, classes), and class numbers, shape (rows,).

    Examples
    --------
    >>> sure, y = 9 * np.eye(3)[[0, 1, 2, 0]], np.array([0, 1, 2, 1])
    >>> temperature(np.tile(sure, (50, 1)), np.tile(y, 50)) < 0.5 < temperature(sure[:3], y[:3]) < 2
    True
    """
    of_row = np.arange(len(y)), y.astype("int64")

    def loss(log_slope: float) -> float:
        likelihood = special.log_softmax(np.exp(log_slope) * logits, axis=1)[of_row].sum()
        return float((log_slope / SLOPE_DEVIATION) ** 2 / 2 - likelihood)

    return float(np.exp(optimize.minimize_scalar(loss, bounds=(-7.0, 7.0), method="bounded").x))


def probabilities(logits: Float64Array, slope: float, shift: float) -> Float64Array:
    """Return calibrated probabilities."""
    probability: Float64Array = special.expit(slope * logits.astype("float64") + shift)
    return probability


def threshold(y: Float64Array, probability: Float64Array, policy: ThresholdPolicy) -> float:
    """Return the probability from which a row is an alert, best on these rows by the rule.

    It lies halfway between two neighbouring probabilities, so that rounding does not move a row
    across it.

    Examples
    --------
    Where alerts cost more than they catch, no row is one.

    >>> y, probability = np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.6])
    >>> round(threshold(y, probability, ThresholdPolicy(by="f_beta")), 3)
    0.4
    >>> round(threshold(y, probability, ThresholdPolicy(cost_alert=200.0)), 3)
    0.8
    """
    order = np.argsort(-probability, kind="stable")
    p, hits = probability[order], np.cumsum(y[order])
    alerts = np.arange(1, len(y) + 1)
    missed = y.sum() - hits
    if policy.by == "cost":
        gain = -(policy.cost_alert * alerts + policy.cost_missed * missed)
    else:
        square = policy.beta**2
        gain = (1 + square) * hits / (square * y.sum() + alerts)
    ends = np.append(np.diff(p) != 0, True)
    best = int(np.argmax(np.where(ends, gain, -np.inf)))
    if policy.by == "cost" and gain[best] < -policy.cost_missed * y.sum():
        return float(np.nextafter((p[0] + 1.0) / 2, 2.0))  # no alert at all costs least
    below = p[best + 1] if best + 1 < len(p) else 0.0
    return float((p[best] + below) / 2)
