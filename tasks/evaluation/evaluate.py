"""Choose champion, calibration and threshold on validation, then read the test split once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from casebook import files
from casebook.errors import CasebookError
from casebook.stage import stage
from casebook.store import Facts, Ref
from casebook.tables import write_arrays
from tasks.evaluation import paired
from tasks.evaluation.choice import Choice, choose, read_faster
from tasks.evaluation.consequences import consequences
from tasks.evaluation.judging import Judged, judge_baselines, judge_candidates, on_validation
from tasks.evaluation.model_figures import (
    differences_from,
    figures_per_fold,
    figures_with_intervals,
)
from tasks.evaluation.outer_folds import OuterFolds
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
    baselines: Sequence[Ref],
    problem: Problem,
    policy: ThresholdPolicy,
    seed: int,
    base_rate: float | None = None,
    drawn: int = 1,
    faster: Ref | None = None,
) -> Facts:
    """Judge candidates and baselines on the test rows of one or more outer folds.

    Parameters
    ----------
    features, trained, baselines
        The encoded parts, each candidate's networks, and the baselines' scores: one reference per
        fold.
    problem, policy
        What is predicted, with the figure that chooses; and how a binary threshold is chosen.
    seed
        Of the bootstrap.
    base_rate
        The share of positives in the population, if the data holds another: figures named
        `…_base_rate` weigh the negatives so that this share holds.
    drawn
        How many of the first folds give the curves: those that test each row once at most.
    faster
        Which candidates answer much faster than which, if that was measured.

    Writes `evaluation.json` (figures, champion, calibration), `curves.npz` (test answers of the
    `drawn` folds) and `answers.npz` (those of all folds, see `row_answers`).

    Raises
    ------
    CasebookError
        A candidate and a baseline have one name.
    """
    folds = OuterFolds.read(features, problem, drawn, base_rate)
    candidates = judge_candidates(trained, folds.y, problem, policy)
    plain = judge_baselines(baselines, folds.y, problem, policy)
    models = _together(candidates, plain)
    validation = _on_validation(folds, candidates)
    choice = _choose(folds, candidates, validation, faster)
    _write_curves(out, folds, models)
    _write_answers(out, folds, models)
    result = {
        "champion": choice.champion,
        **_figures(folds, candidates, plain, choice.champion, seed),
        "validation": validation,
        "choice": choice.described(),
        "consequences": consequences(folds, candidates[choice.champion], policy),
        "test": folds.described(),
        "base_rate": base_rate,
    }
    files.write_json(out / RESULTS, result)
    primary = problem.primary_metric
    return {"champion": choice.champion, primary: _value(result, primary)}


def results(evaluation: Ref) -> dict[str, Any]:
    """Read what `evaluate` wrote."""
    content: dict[str, Any] = json.loads(evaluation.path(RESULTS).read_text(encoding="utf-8"))
    return content


def _value(result: Mapping[str, Any], metric: str) -> float:
    """Return the champion's value of a metric."""
    return float(result["candidates"][result["champion"]][metric]["value"])


def _on_validation(folds: OuterFolds, candidates: dict[str, list[Judged]]) -> dict[str, float]:
    """Return each candidate's primary figure on validation, as the mean over the folds."""
    return {
        name: on_validation(model, folds.y, folds.problem) for name, model in candidates.items()
    }


def _choose(
    folds: OuterFolds,
    candidates: dict[str, list[Judged]],
    validation: Mapping[str, float],
    faster: Ref | None,
) -> Choice:
    """Choose the champion on validation; no test figure has a say in it.

    It is the candidate whose mean figure is best, or one that ties with it and is far faster.
    """
    return choose(
        validation,
        folds.problem.sign,
        read_faster(faster) if faster else {},
        lambda best: differences_from(folds, "validation", best, candidates),
    )


def _figures(
    folds: OuterFolds,
    candidates: dict[str, list[Judged]],
    plain: dict[str, list[Judged]],
    champion: str,
    seed: int,
) -> dict[str, Any]:
    """Return the test figures of all models, and how the champion differs from each other one.

    With one fold the intervals are the bootstrap's, with several they are of the mean over folds.
    """
    models, primary = {**candidates, **plain}, folds.problem.primary_metric
    per_fold = {name: figures_per_fold(folds, model) for name, model in models.items()}
    figures = {
        name: figures_with_intervals(folds, model, per_fold[name], seed)
        for name, model in models.items()
    }
    differences = differences_from(folds, "test", champion, models)
    return {
        "candidates": {name: figures[name] for name in candidates},
        "peers": {name: figures[name] for name in plain},
        "differences": {name: gap._asdict() for name, gap in differences.items()},
        "folds": {name: [fold[primary] for fold in by_fold] for name, by_fold in per_fold.items()},
        "calibration": {name: _calibration(model[0]) for name, model in models.items()},
    }


def _write_curves(out: Path, folds: OuterFolds, models: dict[str, list[Judged]]) -> None:
    """Write the test labels and all models' answers to them, of the folds that are drawn."""
    answers = {
        name: np.concatenate([fold.test for fold in model[: folds.drawn]])
        for name, model in models.items()
    }
    write_arrays(out, "curves", y=np.concatenate(folds.tested[: folds.drawn]), **answers)


def _write_answers(out: Path, folds: OuterFolds, models: dict[str, list[Judged]]) -> None:
    """Write all models' answers to the test rows of all folds, without the rows' hashes."""
    counts = [len(y) for y in folds.tested]
    answers = {
        name: paired.Answers(
            np.concatenate([fold.test for fold in model]),
            np.repeat([fold.threshold for fold in model], counts),
        )
        for name, model in models.items()
    }
    rows = RowAnswers(
        folds.problem,
        folds=np.repeat(np.arange(len(counts)), counts),
        hashes=np.array([], "uint64"),
        y=np.concatenate(folds.tested),
        test_share=folds.share("test"),
        models=answers,
    )
    write_arrays(out, Path(ANSWERS).stem, **to_arrays(rows))


def _calibration(model: Judged) -> dict[str, float]:
    return {"slope": model.slope, "shift": model.shift, "threshold": model.threshold}


def _together(
    judged: dict[str, list[Judged]], plain: dict[str, list[Judged]]
) -> dict[str, list[Judged]]:
    """Return candidates and baselines by name.

    Raises
    ------
    CasebookError
        Two have one name.
    """
    if twice := judged.keys() & plain.keys():
        raise CasebookError(
            f"{', '.join(sorted(twice))} is the name of a candidate and of a baseline: give the "
            "candidate another one."
        )
    return {**judged, **plain}
