"""Choose champion, calibration and threshold on validation, then read the test split once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from casebook import files
from casebook.array_types import Float64Array
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import read_arrays, write_arrays
from tasks.evaluation import paired
from tasks.evaluation.choice import choose, read_faster
from tasks.evaluation.judging import Judged, judge, judge_peers, on_validation
from tasks.evaluation.model_figures import (
    differences_from,
    figures_per_fold,
    figures_with_intervals,
    share_of,
)
from tasks.evaluation.row_answers import FILE as ANSWERS
from tasks.evaluation.row_answers import RowAnswers, to_arrays
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem

RESULTS = "evaluation.json"


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
    plain = judge_peers(peers, y, problem, policy)
    everyone = _together(judged, plain)
    per_fold = {
        name: figures_per_fold(labels, folds, problem, base_rate)
        for name, folds in everyone.items()
    }
    figures = figures_with_intervals(
        labels, features[0], everyone, per_fold, problem, base_rate, seed, drawn
    )
    chosen_by = {name: on_validation(folds, y, problem) for name, folds in judged.items()}
    choice = choose(
        chosen_by,
        problem.sign,
        read_faster(faster) if faster else {},
        lambda best: differences_from(y, "validation", features[0], best, judged, problem),
    )
    champion = choice.champion
    differences = differences_from(y, "test", features[0], champion, everyone, problem)
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
