"""Whether predictions are the stored ones, but for what rounding may change."""

import math
from collections.abc import Mapping, Sequence

TOLERANCE = 1e-4

Prediction = Mapping[str, object]


def verify_sample(predictions: Sequence[Prediction], expected: Sequence[Prediction]) -> bool:
    """Return whether predictions agree one by one: equal texts, numbers within `TOLERANCE`.

    Classes whose probabilities are that close may change places, also with one that is just not
    listed any more.

    Examples
    --------
    >>> stored = [{"probability": 0.5, "label": "yes"}]
    >>> verify_sample([{"probability": 0.50001, "label": "yes"}], stored)
    True
    >>> verify_sample([{"probability": 0.49999, "label": "no"}], stored)
    False
    """
    return len(predictions) == len(expected) and all(map(_matches, predictions, expected))


def _matches(prediction: Prediction, expected: Prediction) -> bool:
    if "top" not in prediction:
        return prediction.keys() == expected.keys() and all(
            _close(prediction[key], expected[key]) for key in prediction
        )
    ours, theirs = _ranking(prediction), _ranking(expected)
    return (
        prediction.keys() == expected.keys()
        and len(ours) == len(theirs)
        and all(_close(one[1], other[1]) for one, other in zip(ours, theirs, strict=True))
        and _within(ours, theirs)
        and _within(theirs, ours)
    )


def _ranking(prediction: Prediction) -> list[tuple[object, object]]:
    """Return the labels and probabilities of a multiclass prediction.

    Raises
    ------
    ValueError
        If there are none, or the prediction is another one than the first of them.
    """
    top = prediction.get("top")
    if not isinstance(top, list) or not top or not all(isinstance(entry, dict) for entry in top):
        raise ValueError("a prediction's top must be a list of objects")
    ranking = [(entry["label"], entry["probability"]) for entry in top]
    if ranking[0] != (prediction["label"], prediction["probability"]):
        raise ValueError("a prediction must be the first of its top")
    return ranking


def _within(ranking: list[tuple[object, object]], other: list[tuple[object, object]]) -> bool:
    """Return whether each class is equally probable in the other ranking.

    A class may also have just dropped out at the other ranking's end.
    """
    last = other[-1][1]
    return all(
        any(label == theirs and _close(probability, its) for theirs, its in other)
        or (label not in [theirs for theirs, _ in other] and _close(probability, last))
        for label, probability in ranking
    )


def _close(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == other
