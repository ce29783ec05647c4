"""Measure: figures of merit of scored rows, for many resamples at once.

The figures are scikit-learn's; the bootstrap needs hundreds of each, so the two that rank rows are
computed here for all resamples at once, from one sorting. Tests hold them to scikit-learn's values.
"""

from __future__ import annotations

import numpy as np

from casebook.array_types import Float64Array


def ranked(
    y: Float64Array, scores: Float64Array, weights: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Return AUPRC (average precision) and ROC AUC for each row of weights.

    The weights have shape (resamples, rows). Rows of equal score count as one step, as in
    scikit-learn's `average_precision_score` and `roc_auc_score`.

    Examples
    --------
    >>> y, alike = np.array([1.0, 0.0, 0.0, 0.0]), np.zeros(4)
    >>> [figure.tolist() for figure in ranked(y, alike, np.ones((1, 4)))]
    [[0.25], [0.5]]
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    weights = weights[:, order]
    positives = np.cumsum(weights * y[order], axis=1)[:, ends]
    alerts = np.cumsum(weights, axis=1)[:, ends]
    negatives = alerts - positives
    gain = np.diff(positives, axis=1, prepend=0.0)
    auprc = np.sum(gain * positives / np.maximum(alerts, 1e-12), axis=1) / positives[:, -1]
    wider = np.diff(negatives, axis=1, prepend=0.0)
    area = np.sum(wider * (positives - gain / 2), axis=1)
    return auprc, area / (positives[:, -1] * negatives[:, -1])


def recall_at(
    y: Float64Array, scores: Float64Array, weights: Float64Array, share: float
) -> Float64Array:
    """Return the recall within the best-scored `share` of the (weighted) rows.

    There is one value for each row of weights. An alert that is only partly within the share counts
    by that part.

    Examples
    --------
    There is room for half an alert.

    >>> y, scores = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.9, 0.3, 0.2, 0.1])
    >>> recall_at(y, scores, np.ones((1, 4)), share=0.125).tolist()
    [0.5]
    """
    recall: Float64Array = _caught(y, scores, weights, share) / (weights @ y)
    return recall


def precision_at(
    y: Float64Array, scores: Float64Array, weights: Float64Array, share: float
) -> Float64Array:
    """Return the precision within the best-scored `share` of the (weighted) rows.

    Where there are fewer positives than alerts it can't be 1; where there are more, recall can't.

    Examples
    --------
    >>> y, scores = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.9, 0.3, 0.2, 0.1])
    >>> precision_at(y, scores, np.ones((1, 4)), share=0.5).tolist()
    [0.5]
    """
    precision: Float64Array = _caught(y, scores, weights, share) / (share * weights.sum(axis=1))
    return precision


def _caught(
    y: Float64Array, scores: Float64Array, weights: Float64Array, share: float
) -> Float64Array:
    """Return the weight of the positives within the best-scored share of the rows."""
    order = np.argsort(-scores, kind="stable")
    weights = weights[:, order]
    room = share * weights.sum(axis=1, keepdims=True)
    within = np.clip(room - (np.cumsum(weights, axis=1) - weights), 0.0, weights)
    caught: Float64Array = np.sum(within * y[order], axis=1)
    return caught


def recall_at_false_alarms(
    y: Float64Array, scores: Float64Array, weights: Float64Array, share: float
) -> Float64Array:
    """Return the recall at the lowest threshold with a false positive rate of at most `share`.

    Rows of equal score are alerts together or not at all, as in scikit-learn's `roc_curve`.

    Examples
    --------
    The second positive has the score of a negative.

    >>> y, scores = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.5, 0.5, 0.1])
    >>> [recall_at_false_alarms(y, scores, np.ones((1, 4)), share).item() for share in (0.4, 0.5)]
    [0.5, 1.0]
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    weights = weights[:, order]
    caught = np.cumsum(weights * y[order], axis=1)
    false_alarms = np.cumsum(weights * (1 - y[order]), axis=1)
    allowed = false_alarms[:, ends] <= share * false_alarms[:, -1:]
    recall: Float64Array = np.where(allowed, caught[:, ends], 0.0).max(axis=1) / caught[:, -1]
    return recall


def decided(
    y: Float64Array, alerts: Float64Array, weights: Float64Array
) -> dict[str, Float64Array]:
    """Return precision, recall, F1 and balanced accuracy of alerts for each row of weights.

    Examples
    --------
    Without an alert the precision is 0.

    >>> figures = decided(np.array([0.0, 1.0]), np.zeros(2), np.ones((1, 2)))
    >>> {name: value.item() for name, value in figures.items() if name != "f1"}
    {'accuracy': 0.5, 'precision': 0.0, 'recall': 0.0, 'balanced_accuracy': 0.5}
    """
    tp, fp = weights @ (y * alerts), weights @ ((1 - y) * alerts)
    fn, tn = weights @ (y * (1 - alerts)), weights @ ((1 - y) * (1 - alerts))
    recall = tp / np.maximum(tp + fn, 1e-12)
    return {
        "accuracy": (tp + tn) / (tp + fp + fn + tn),
        "precision": tp / np.maximum(tp + fp, 1e-12),
        "recall": recall,
        "f1": 2 * tp / np.maximum(2 * tp + fp + fn, 1e-12),
        "balanced_accuracy": (recall + tn / np.maximum(tn + fp, 1e-12)) / 2,
    }


def probable(
    y: Float64Array, probability: Float64Array, weights: Float64Array
) -> dict[str, Float64Array]:
    """Return the Brier score and the log loss of probabilities for each row of weights."""
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    total = weights.sum(axis=1)
    loss = -(y * np.log(p) + (1 - y) * np.log1p(-p))
    return {"brier": weights @ (probability - y) ** 2 / total, "log_loss": weights @ loss / total}


def binary(
    y: Float64Array,
    probability: Float64Array,
    threshold: float | Float64Array,
    base: Float64Array,
    weights: Float64Array,
) -> dict[str, Float64Array]:
    """Return every metric of a binary model for each row of weights, shape (resamples, rows).

    Parameters
    ----------
    y, probability
        Labels 0 and 1 and the model's probabilities, shape (rows,).
    threshold
        From which probability on a row is an alert: one for all rows, or one for each.
    base
        A weight per row that brings the sample to the population's share of positives; ones where
        it already has that share.
    weights
        How often each row counts.
    """
    auprc, roc_auc = ranked(y, probability, weights)
    return {
        "auprc": auprc,
        "roc_auc": roc_auc,
        **decided(y, (probability >= threshold).astype(float), weights),
        **probable(y, probability, weights),
        "recall_at_fpr_1_percent": recall_at_false_alarms(y, probability, weights, 0.01),
        "recall_at_fpr_01_percent": recall_at_false_alarms(y, probability, weights, 0.001),
        "recall_at_1_per_1000": recall_at(y, probability, weights, 0.001),
        "recall_at_1_per_1000_base_rate": recall_at(y, probability, weights * base, 0.001),
        "precision_at_1_per_1000": precision_at(y, probability, weights, 0.001),
        "precision_at_1_per_1000_base_rate": precision_at(y, probability, weights * base, 0.001),
        "auprc_base_rate": ranked(y, probability, weights * base)[0],
    }


def multiclass(
    y: Float64Array, probability: Float64Array, weights: Float64Array
) -> dict[str, Float64Array]:
    """Return accuracy, balanced accuracy, macro F1 and log loss for each row of weights.

    The weights have shape (resamples, rows).

    Parameters
    ----------
    y, probability
        Class numbers, shape (rows,), and a probability for each class, shape (rows, classes).
    weights
        How often each row counts.
    """
    truth, predicted = y.astype("int64"), probability.argmax(axis=1)
    right = (truth == predicted).astype("float64")
    loss = -np.log(np.maximum(probability[np.arange(len(truth)), truth], 1e-7))
    one_hot = np.eye(probability.shape[1])
    rows, answered, hits = (
        weights @ one_hot[truth],
        weights @ one_hot[predicted],
        (weights * right) @ one_hot[truth],
    )
    there = rows > 0
    total = weights.sum(axis=1)
    recall, f1 = hits / np.maximum(rows, 1e-12), 2 * hits / np.maximum(rows + answered, 1e-12)
    return {
        "accuracy": weights @ right / total,
        "balanced_accuracy": (recall * there).sum(axis=1) / there.sum(axis=1),
        "f1": (f1 * there).sum(axis=1) / there.sum(axis=1),
        "log_loss": weights @ loss / total,
    }


def regression(
    y: Float64Array, predicted: Float64Array, weights: Float64Array
) -> dict[str, Float64Array]:
    """Return RMSE, MAE and R² for each row of weights.

    RMSE and MAE are in the target's unit. The weights have shape (resamples, rows).
    """
    total = weights.sum(axis=1)
    square = weights @ (y - predicted) ** 2
    centred = y - y.mean()  # a large mean would leave nothing of the squares' difference
    spread = weights @ centred**2 - (weights @ centred) ** 2 / total
    return {
        "rmse": np.sqrt(square / total),
        "mae": weights @ np.abs(y - predicted) / total,
        "r2": 1 - square / np.maximum(spread, 1e-12),
    }
