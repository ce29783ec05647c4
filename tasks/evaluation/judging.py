"""Judging: each model's answers on each fold, calibrated and decided by validation alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scipy import special

from casebook.array_types import AnyArray, Float64Array
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.evaluation.figures import HALF, once
from tasks.problem.calibration import ThresholdPolicy, platt, probabilities, temperature, threshold
from tasks.problem.definition import Problem

# Their models' answers are taken as they are: a baseline writes those to the test part alone.
NOT_CALIBRATED = ("text", "series")


class Judged(NamedTuple):
    """One model on one fold.

    It holds the predictions on validation and test, and how they were calibrated and decided.
    Predictions are probabilities (of each class, shape (rows, classes), where there are several)
    or, in a regression, values in the target's unit.
    """

    validation: Float64Array
    test: Float64Array
    slope: float = 1.0
    shift: float = 0.0
    threshold: float = HALF


def judge(
    trained: Ref, y: Mapping[str, Float64Array], problem: Problem, policy: ThresholdPolicy
) -> Judged:
    """Calibrate a candidate and choose its threshold on one fold's validation split.

    The result also holds its predictions for the test split.
    """
    return judge_scores(read_arrays(trained, "scores"), y, problem, policy)


def judge_candidates(
    trained: Mapping[str, Sequence[Ref]],
    y: Sequence[Mapping[str, Float64Array]],
    problem: Problem,
    policy: ThresholdPolicy,
) -> dict[str, list[Judged]]:
    """Judge each candidate on each fold; see `judge`."""
    return {
        name: [judge(ref, labels, problem, policy) for ref, labels in zip(refs, y, strict=True)]
        for name, refs in trained.items()
    }


def judge_scores(
    raw: Mapping[str, AnyArray],
    y: Mapping[str, Float64Array],
    problem: Problem,
    policy: ThresholdPolicy,
) -> Judged:
    """Do for scores of validation and test what `judge` does for a candidate that has them."""
    scores = {name: values.astype("float64") for name, values in raw.items()}
    if not problem.classes:
        return Judged(scores["validation"], scores["test"])
    if problem.problem_type == "multiclass":
        plain = policy.by == "likelier" or problem.input_kind != "row"
        slope = 1.0 if plain else temperature(scores["validation"], y["validation"])
        return Judged(softmax(slope * scores["validation"]), softmax(slope * scores["test"]), slope)
    slope, shift = (
        (1.0, 0.0) if policy.by == "likelier" else platt(scores["validation"], y["validation"])
    )
    validation, test = (
        probabilities(scores[name], slope, shift) for name in ("validation", "test")
    )
    chosen = HALF if policy.by == "likelier" else threshold(y["validation"], validation, policy)
    return Judged(validation, test, slope, shift, chosen)


def answered(scores: Float64Array, problem: Problem) -> Float64Array:
    """Return a network's scores as answers: uncalibrated probabilities, or values as they are."""
    if not problem.classes:
        return scores
    return (
        softmax(scores) if problem.problem_type == "multiclass" else probabilities(scores, 1.0, 0.0)
    )


def softmax(logits: Float64Array) -> Float64Array:
    """Return a probability for each class, shape (rows, classes)."""
    probability: Float64Array = special.softmax(logits, axis=1)
    return probability


def validated(
    trained: Sequence[Ref], features: Sequence[Ref], problem: Problem, policy: ThresholdPolicy
) -> float:
    """Return one candidate's primary metric on validation, as the mean over the folds.

    No test label is read.
    """
    y = [{"validation": read_arrays(ref, "validation")["y"]} for ref in features]
    folds = [judge(ref, labels, problem, policy) for ref, labels in zip(trained, y, strict=True)]
    return on_validation(folds, y, problem)


def on_validation(folds: list[Judged], y: list[dict[str, Float64Array]], problem: Problem) -> float:
    """Return the mean over the folds of the primary figure on the validation part."""
    pairs = zip(folds, y, strict=True)
    figures = [
        once(problem, labels["validation"], m.validation, m.threshold)[problem.primary_metric]
        for m, labels in pairs
    ]
    return float(sum(figures) / len(figures))


def judge_baselines(
    refs: Sequence[Ref],
    y: Sequence[Mapping[str, Float64Array]],
    problem: Problem,
    policy: ThresholdPolicy,
) -> dict[str, list[Judged]]:
    """Return the baselines on each fold by name, judged as candidates are."""
    if not refs:
        return {}
    folds = [_judge_fold(ref, labels, problem, policy) for ref, labels in zip(refs, y, strict=True)]
    return {name: [fold[name] for fold in folds] for name in folds[0]}


def _judge_fold(
    ref: Ref, y: Mapping[str, Float64Array], problem: Problem, policy: ThresholdPolicy
) -> dict[str, Judged]:
    if problem.input_kind in NOT_CALIBRATED:
        tested = read_arrays(ref, "scores").items()
        return {name: Judged(values[:0], values.astype("float64")) for name, values in tested}
    parts = {part: read_arrays(ref, part) for part in ("validation", "test")}
    return {
        name: judge_scores({part: parts[part][name] for part in parts}, y, problem, policy)
        for name in parts["test"]
    }
