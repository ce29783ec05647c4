"""Threshold curve: what each threshold would mean in alerts and mistakes, with resampled counts.

A reader of the report moves the threshold and changes the costs; the page computes money and its
band from the resampled counts, without a server.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy import special

from casebook.array_types import BoolArray, Float64Array, Int64Array
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.evaluation import row_answers
from tasks.evaluation.evaluate import results

POINTS = 60  # thresholds with evenly many rows between them, and as many with steps that grow
RESAMPLES = 200


class ThresholdCurve(BaseModel):
    """Counts of the test rows for each of some thresholds.

    Attributes
    ----------
    thresholds
        Probabilities from which on a row is an alert, rising.
    start
        The place of the threshold that was chosen on validation.
    positives, negatives
        How many rows there are of each.
    detected, false_alarms
        Positives and negatives at or above each threshold.
    detected_resampled, false_alarms_resampled
        The same counts in resamples of the rows, drawn within each class: shape (resamples,
        thresholds).
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)
    thresholds: list[float]
    start: int
    positives: int
    negatives: int
    detected: list[int]
    false_alarms: list[int]
    detected_resampled: list[list[int]]
    false_alarms_resampled: list[list[int]]

    def row(self, place: int) -> dict[str, float]:
        """Return the figures of one threshold.

        Precision is 0 where there is no alert.
        """
        detected, false_alarms = self.detected[place], self.false_alarms[place]
        alerts = detected + false_alarms
        return {
            "threshold": self.thresholds[place],
            "alerts": alerts,
            "detected": detected,
            "missed": self.positives - detected,
            "false_alarms": false_alarms,
            "precision": detected / max(alerts, 1),
            "recall": detected / max(self.positives, 1),
        }

    def rows(self, count: int) -> list[dict[str, float]]:
        """Return the figures of about so many thresholds, that which was chosen among them."""
        places = np.linspace(0, len(self.thresholds) - 1, count).round().astype(int)
        return [self.row(place) for place in sorted({*places.tolist(), self.start})]


def of_champion(evaluation: Ref) -> ThresholdCurve:
    """Return the curve of the champion of an evaluation, on the folds that are drawn.

    Where each fold has a threshold of its own, its logits are shifted so that it falls on that of
    the published model: the chosen threshold then means what the report says of it.
    """
    champion = results(evaluation)["champion"]
    curves = read_arrays(evaluation, "curves")
    y = curves["y"]
    rows = row_answers.read(evaluation.path(row_answers.FILE))
    thresholds = np.broadcast_to(rows.models[champion].threshold, rows.y.shape)[: len(y)]
    return threshold_curve(y, aligned(curves[champion], thresholds), float(thresholds[0]))


def aligned(probability: Float64Array, thresholds: Float64Array) -> Float64Array:
    """Return probabilities as if the first row's threshold were that of all rows."""
    if (thresholds == thresholds[0]).all():
        return probability
    shift = special.logit(thresholds[0]) - special.logit(thresholds)
    aligned: Float64Array = special.expit(special.logit(probability) + shift)
    return aligned


def threshold_curve(
    y: Float64Array, probability: Float64Array, chosen: float, seed: int = 0
) -> ThresholdCurve:
    """Count what each threshold would mean on test rows.

    Parameters
    ----------
    y
        1 for a positive, else 0; shape (rows,).
    probability
        The champion's answers, shape (rows,).
    chosen
        The threshold that serves; it is one of those that are counted.
    seed
        Of the resamples.

    Examples
    --------
    >>> curve = threshold_curve(np.array([0, 0, 1.0, 1]), np.array([0.1, 0.6, 0.4, 0.9]), 0.5)
    >>> curve.row(curve.start)["detected"], curve.row(curve.start)["false_alarms"]
    (1, 1)
    """
    thresholds = _thresholds(probability, chosen)
    place = np.searchsorted(thresholds, probability, side="right")  # thresholds up to it
    positive = y == 1
    rng = np.random.default_rng(seed)
    detected, detected_resampled = _counts(place, positive, len(thresholds), rng)
    wrong, wrong_resampled = _counts(place, ~positive, len(thresholds), rng)
    return ThresholdCurve(
        thresholds=thresholds.tolist(),
        start=int(np.searchsorted(thresholds, chosen)),
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
        detected=detected.tolist(),
        false_alarms=wrong.tolist(),
        detected_resampled=detected_resampled.tolist(),
        false_alarms_resampled=wrong_resampled.tolist(),
    )


def _thresholds(probability: Float64Array, chosen: float) -> Float64Array:
    """Return thresholds between which rows lie, close to each other where alerts are few."""
    falling = np.sort(probability)[::-1]
    even = np.linspace(0, len(falling) - 1, POINTS)
    growing = np.geomspace(1, len(falling), POINTS) - 1
    places = np.unique(np.concatenate([even, growing]).round().astype(int))
    return np.unique([*falling[places], chosen])


def _counts(
    place: Int64Array, of_class: BoolArray, thresholds: int, rng: np.random.Generator
) -> tuple[Int64Array, Int64Array]:
    """Return how many rows of a class reach each threshold, and the same in resamples.

    Rows between two thresholds are all alike, so a resample of rows is a multinomial draw.
    """
    between = np.bincount(place[of_class], minlength=thresholds + 1)
    total = between.sum()
    drawn = rng.multinomial(total, between / max(total, 1), RESAMPLES)
    return _reaching(between[None])[0], _reaching(drawn)


def _reaching(between: Int64Array) -> Int64Array:
    """Return how many rows reach each threshold, given how many lie above just so many."""
    reaching: Int64Array = between[:, ::-1].cumsum(axis=1)[:, -2::-1]
    return reaching
