"""Whether predictions are the stored ones, but for what rounding may change."""

import math
from collections.abc import Mapping, Sequence

TOLERANCE = 1e-4

Told = Mapping[str, object]


def agree(answers: Sequence[Told], stored: Sequence[Told]) -> bool:
    """Return whether predictions agree one by one: equal texts, numbers within `TOLERANCE`.

    Classes whose probabilities are that close may change places, also with one that is just not
    listed any more.
    """
    return len(answers) == len(stored) and all(map(_agree, answers, stored))


def _agree(answer: Told, stored: Told) -> bool:
    if "top" not in answer:
        return answer.keys() == stored.keys() and all(
            _close(answer[key], stored[key]) for key in answer
        )
    ours, theirs = _ranking(answer), _ranking(stored)
    return (
        answer.keys() == stored.keys()
        and len(ours) == len(theirs)
        and all(_close(one[1], other[1]) for one, other in zip(ours, theirs, strict=True))
        and _within(ours, theirs)
        and _within(theirs, ours)
    )


def _ranking(told: Told) -> list[tuple[object, object]]:
    """Return the labels and probabilities of a multiclass prediction.

    Raises
    ------
    ValueError
        If there are none, or the prediction is another one than the first of them.
    """
    top = told.get("top")
    if not isinstance(top, list) or not top or not all(isinstance(each, dict) for each in top):
        raise ValueError("a prediction's top must be a list of objects")
    ranking = [(each["label"], each["probability"]) for each in top]
    if ranking[0] != (told["label"], told["probability"]):
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
