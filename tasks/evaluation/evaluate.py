"""Choose champion, calibration and threshold on validation, then read the test split once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from scipy import special

from casebook import files
from casebook.array_types import AnyArray, Float64Array
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.evaluation import paired
from tasks.evaluation.choice import choose, read_faster
from tasks.evaluation.figures import HALF, figures_of, once
from tasks.evaluation.intervals import Figure, across_folds, bootstrap, rows_behind, spread
from tasks.evaluation.row_answers import FILE as ANSWERS
from tasks.evaluation.row_answers import RowAnswers, to_arrays
from tasks.problem.calibration import ThresholdPolicy, platt, probabilities, temperature, threshold
from tasks.problem.definition import Problem

RESULTS = "evaluation.json"
# Their models' answers are taken as they are, so that a peer writes those to the test part alone.
NOT_CALIBRATED = ("text", "series")
Part: TypeAlias = Literal["validation", "test"]


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


@stage
def evaluate(
    out: Path,
    features: Sequence[Ref],
    trained: Mapping[str, Sequence[Ref]],
    peers: Sequence[Ref],
    problem: Problem,
    policy: ThresholdPolicy,
    seed: int,
    base_rate: float | None = None,
    drawn: int = 1,
    faster: Ref | None = None,
) -> Facts:
    """Judge candidates and peers on the test rows of one or more outer folds.

    Parameters
    ----------
    features, peers
        The encoded parts and the peers' scores, one reference per fold.
    trained
        For each candidate its trained networks, one reference per fold.
    problem
        What is predicted, and the figure that chooses.
    policy
        How a binary model's threshold is chosen.
    seed
        Of the bootstrap.
    base_rate
        The share of positives in the population, if the data holds another: figures named
        `…_base_rate` weigh the negatives so that this share holds.
    drawn
        How many of the first folds give the curves that are drawn: those that test each row once at
        most.
    faster
        Which candidates answer much faster than which, if that was measured.

    Writes `evaluation.json` (figures, champion, calibration), `curves.npz` (test answers of the
    `drawn` folds) and `answers.npz` (those of all folds, see `row_answers`). The champion is the
    candidate whose mean validation figure is best, or one that ties with it there and is far
    faster; no test figure has a say in it. With one fold the intervals are the bootstrap's, with
    several they are of the mean over folds. Each other model is compared with the champion on the
    same rows.

    Raises
    ------
    CasebookError
        A candidate and a peer have one name.
    """
    y = [
        {name: read_arrays(ref, name)["y"].astype("float64") for name in ("validation", "test")}
        for ref in features
    ]
    labels = [fold["test"] for fold in y]
    judged = {
        n: [judge(r, fold, problem, policy) for r, fold in zip(refs, y, strict=True)]
        for n, refs in trained.items()
    }
    plain = _peers(peers, y, problem, policy)
    everyone = _together(judged, plain)
    per_fold = {
        name: _per_fold(labels, folds, problem, base_rate) for name, folds in everyone.items()
    }
    figures = _figures(labels, features[0], everyone, per_fold, problem, base_rate, seed, drawn)
    chosen_by = {name: _on_validation(folds, y, problem) for name, folds in judged.items()}
    choice = choose(
        chosen_by,
        problem.sign,
        read_faster(faster) if faster else {},
        lambda best: _differences(y, "validation", features[0], best, judged, problem),
    )
    champion = choice.champion
    differences = _differences(y, "test", features[0], champion, everyone, problem)
    _keep_curves(out, labels[:drawn], {name: folds[:drawn] for name, folds in everyone.items()})
    share = share_of(labels[0], features[0], ("train", "validation"))
    _keep_answers(out, labels, everyone, problem, share)
    result = {
        "champion": champion,
        "candidates": {name: figures[name] for name in trained},
        "peers": {name: figures[name] for name in plain},
        "differences": {name: gap._asdict() for name, gap in differences.items()},
        "validation": chosen_by,
        "choice": choice.described(),
        "folds": {
            name: [fold[problem.primary_metric] for fold in folds]
            for name, folds in per_fold.items()
        },
        "calibration": {name: _calibration(folds[0]) for name, folds in everyone.items()},
        "consequences": _consequences(labels[:drawn], judged[champion][:drawn], policy)
        if problem.problem_type == "binary"
        else None,
        "test": _test_part(labels, problem),
        "base_rate": base_rate,
    }
    files.write_json(out / RESULTS, result)
    return {
        "champion": champion,
        problem.primary_metric: figures[champion][problem.primary_metric]["value"],
    }


def results(evaluation: Ref) -> dict[str, Any]:
    """Read what `evaluate` wrote."""
    content: dict[str, Any] = json.loads(evaluation.path(RESULTS).read_text(encoding="utf-8"))
    return content


def judge(
    trained: Ref, y: Mapping[str, Float64Array], problem: Problem, policy: ThresholdPolicy
) -> Judged:
    """Calibrate a candidate and choose its threshold on one fold's validation split.

    The result also holds its predictions for the test split.
    """
    return judge_scores(read_arrays(trained, "scores"), y, problem, policy)


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
    return _on_validation(folds, y, problem)


def _per_fold(
    labels: list[Float64Array], folds: list[Judged], problem: Problem, base_rate: float | None
) -> list[dict[str, float]]:
    return [
        once(problem, y, fold.test, fold.threshold, base_rate)
        for y, fold in zip(labels, folds, strict=True)
    ]


def _figures(
    labels: list[Float64Array],
    first: Ref,
    everyone: dict[str, list[Judged]],
    per_fold: dict[str, list[dict[str, float]]],
    problem: Problem,
    base_rate: float | None,
    seed: int,
    drawn: int,
) -> dict[str, dict[str, Figure]]:
    """Return the metrics of all models with intervals.

    They are computed over one fold, or over several, whose size `first` gives.
    """
    if len(labels) == 1:
        one = {
            name: _figures_by(labels[0], folds[0], problem, base_rate)
            for name, folds in everyone.items()
        }
        classes = _strata(labels[0], problem)
        return {
            name: bootstrap(figures, classes, seed, problem.block) for name, figures in one.items()
        }
    share = share_of(labels[0], first, ("train", "validation"))
    rows = partial(rows_behind, classes=_strata(np.concatenate(labels[:drawn]), problem))
    figures = {}
    for name, folds in everyone.items():
        spreads = [
            spread(
                _figures_by(y, fold, problem, base_rate), _strata(y, problem), seed, problem.block
            )
            for y, fold in zip(labels, folds, strict=True)
        ]
        figures[name] = across_folds(per_fold[name], share, spreads, rows)
    return figures


def _differences(
    y: list[dict[str, Float64Array]],
    part: Part,
    first: Ref,
    name: str,
    models: Mapping[str, list[Judged]],
    problem: Problem,
) -> dict[str, paired.Difference]:
    """Return one model's primary figure less that of each other one, on the same rows of a part."""
    answers = {
        other: [
            paired.Answers(fold.test if part == "test" else fold.validation, fold.threshold)
            for fold in folds
        ]
        for other, folds in models.items()
    }
    fitted_to = ("train",) if part == "validation" else ("train", "validation")
    share = share_of(y[0][part], first, fitted_to)
    return paired.over_folds(problem, [fold[part] for fold in y], name, answers, share)


def _figures_by(
    y: Float64Array, model: Judged, problem: Problem, base_rate: float | None
) -> Callable[[Float64Array], dict[str, Float64Array]]:
    """Return what gives a model's figures on the test part for rows of weights."""
    return lambda weights: figures_of(problem, y, model.test, weights, model.threshold, base_rate)


def _strata(y: Float64Array, problem: Problem) -> Float64Array:
    """Return the class of each row; all the same where a number is predicted."""
    return y if problem.classes else np.zeros(len(y))


def _on_validation(
    folds: list[Judged], y: list[dict[str, Float64Array]], problem: Problem
) -> float:
    """Return the mean over the folds of the primary figure on the validation part."""
    pairs = zip(folds, y, strict=True)
    figures = [
        once(problem, labels["validation"], m.validation, m.threshold)[problem.primary_metric]
        for m, labels in pairs
    ]
    return float(sum(figures) / len(figures))


def _keep_curves(out: Path, labels: list[Float64Array], answers: dict[str, list[Judged]]) -> None:
    """Keep the test labels and everyone's answers to them, of the folds that are drawn."""
    curves = {
        name: np.concatenate([fold.test for fold in folds]) for name, folds in answers.items()
    }
    write_arrays(out, "curves", y=np.concatenate(labels), **curves)


def _keep_answers(
    out: Path,
    labels: list[Float64Array],
    everyone: dict[str, list[Judged]],
    problem: Problem,
    share: float,
) -> None:
    """Keep everyone's answers to the test rows of all folds, without the rows' hashes."""
    counts = [len(y) for y in labels]
    models = {
        name: paired.Answers(
            np.concatenate([fold.test for fold in folds]),
            np.repeat([fold.threshold for fold in folds], counts),
        )
        for name, folds in everyone.items()
    }
    folds = np.repeat(np.arange(len(labels)), counts)
    hashes = np.array([], "uint64")
    rows = RowAnswers(problem, folds, hashes, np.concatenate(labels), share, models)
    write_arrays(out, Path(ANSWERS).stem, **to_arrays(rows))


def _peers(
    refs: Sequence[Ref],
    y: Sequence[Mapping[str, Float64Array]],
    problem: Problem,
    policy: ThresholdPolicy,
) -> dict[str, list[Judged]]:
    """Return the peers on each fold by name, judged as candidates are."""
    if not refs:
        return {}
    folds = [
        _peers_of_fold(ref, labels, problem, policy) for ref, labels in zip(refs, y, strict=True)
    ]
    return {name: [fold[name] for fold in folds] for name in folds[0]}


def _peers_of_fold(
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


def share_of(tested: Float64Array, features: Ref, fitted_to: Sequence[str]) -> float:
    """Return which share of a fold's rows are judged on, beside the parts that are fitted to."""
    fitted = sum(len(read_arrays(features, name)["y"]) for name in fitted_to)
    return len(tested) / (len(tested) + fitted)


def _calibration(model: Judged) -> dict[str, float]:
    return {"slope": model.slope, "shift": model.shift, "threshold": model.threshold}


def _test_part(labels: list[Float64Array], problem: Problem) -> dict[str, Any]:
    """Return how many folds and rows were tested, and how many of them are positives."""
    about = {"split": "test", "folds": len(labels), "rows": sum(map(len, labels))}
    if problem.problem_type != "binary":
        return about
    return {**about, "positives": int(sum(y.sum() for y in labels))}


def _together(
    judged: dict[str, list[Judged]], plain: dict[str, list[Judged]]
) -> dict[str, list[Judged]]:
    """Return candidates and peers by name.

    Raises
    ------
    CasebookError
        Two have one name.
    """
    if twice := judged.keys() & plain.keys():
        raise CasebookError(
            f"{', '.join(sorted(twice))} is the name of a candidate and of a peer: give the "
            "candidate another one."
        )
    return {**judged, **plain}


def _consequences(
    labels: list[Float64Array], folds: list[Judged], policy: ThresholdPolicy
) -> dict[str, Any]:
    """Return what the threshold means on the test split of the drawn folds.

    The result is given in counts and, where errors have a cost, in money.
    """
    y = np.concatenate(labels)
    alerts = np.concatenate([fold.test >= fold.threshold for fold in folds])
    hits, missed = int((alerts & (y == 1)).sum()), int((~alerts & (y == 1)).sum())
    counts = {
        "rows": len(y),
        "alerts": int(alerts.sum()),
        "caught": hits,
        "missed": missed,
        "false_alarms": int(alerts.sum()) - hits,
        "threshold": folds[0].threshold,
        **policy.model_dump(),
    }
    if policy.by != "cost":
        return counts
    cost = policy.cost_alert * int(alerts.sum()) + policy.cost_missed * missed
    return {**counts, "cost": cost, "cost_without_model": policy.cost_missed * (hits + missed)}
