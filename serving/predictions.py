"""How a model's numbers become predictions: decided by its kind, whatever its inputs are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy import typing as npt

from serving.graph import Scores
from serving.signature import Output, Signature

SHOWN = 5  # of the classes, the most probable

BANDS = ("forecast", "low", "high")  # what each row of a forecast is, in the graph's order

Prediction = dict[str, object]
Teller = Callable[[Scores], list[Prediction]]


def teller(signature: Signature) -> Teller:
    """Return the function from a model's output, a row per instance, to predictions."""
    output = signature.output
    if signature.kind == "multiclass":
        return partial(_classes, output)
    if signature.kind == "forecast":
        return partial(_forecasts, output.horizon)
    if output.threshold is None or not output.labels:
        return partial(_numbers, output.name)
    return partial(_decisions, output.name, output.labels, output.threshold)


def columns(
    signature: Signature, scores: Scores
) -> dict[str, Sequence[object] | npt.NDArray[np.generic]]:
    """Return predictions as columns by name: those of a table's models without a step per row."""
    output = signature.output
    if signature.kind in ("multiclass", "forecast"):
        predictions = teller(signature)(scores)
        names = ("label", "probability", "top") if signature.kind == "multiclass" else BANDS
        return {name: [prediction[name] for prediction in predictions] for name in names}
    numbers: dict[str, Sequence[object] | npt.NDArray[np.generic]] = {
        output.name: scores.reshape(-1)
    }
    if output.threshold is None or not output.labels:
        return numbers
    return numbers | {"label": chosen(scores, output.labels, output.threshold)}


def _numbers(name: str, scores: Scores) -> list[Prediction]:
    return [{name: value} for value in scores.reshape(-1).tolist()]


def _decisions(
    name: str, labels: tuple[str, ...], threshold: float, scores: Scores
) -> list[Prediction]:
    decisions = chosen(scores, labels, threshold)
    return [
        {name: value, "label": label}
        for value, label in zip(scores.reshape(-1).tolist(), decisions, strict=True)
    ]


def chosen(scores: Scores, labels: tuple[str, ...], threshold: float) -> npt.NDArray[np.object_]:
    """Return the label of each score: the second from the threshold on."""
    names: npt.NDArray[np.object_] = np.array(labels, dtype=object)
    return names[(scores.reshape(-1).astype(np.float64) >= threshold).astype(np.intp)]


def _forecasts(horizon: int | None, scores: Scores) -> list[Prediction]:
    if scores.shape[1:] != (len(BANDS), horizon):
        raise ValueError(
            f"{scores.shape[1:]} numbers per instance are not forecast, low and high of {horizon} "
            "steps"
        )
    return [dict(zip(BANDS, rows, strict=True)) for rows in scores.tolist()]


def _classes(output: Output, scores: Scores) -> list[Prediction]:
    """Report the most probable classes.

    Of equally probable ones the first in the signature comes first.
    """
    if scores.shape[1:] != (len(output.labels),):
        raise ValueError(
            f"{scores.shape[1:]} numbers per instance are not one for each of {len(output.labels)} "
            "labels"
        )
    places = np.argsort(-scores, axis=1, kind="stable")[:, :SHOWN]
    highest = np.take_along_axis(scores, places, axis=1)
    return [
        _ranking(output.labels, *row) for row in zip(places.tolist(), highest.tolist(), strict=True)
    ]


def _ranking(labels: tuple[str, ...], places: list[int], probabilities: list[float]) -> Prediction:
    pairs = zip(places, probabilities, strict=True)
    top = [{"label": labels[place], "probability": probability} for place, probability in pairs]
    return {**top[0], "top": top}
