"""Compare the models of two runs on the test rows of both, whose hashes tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from casebook import paths
from casebook.array_types import Float64Array, IntpArray
from casebook.language import Message, msg
from tasks.evaluation import row_answers
from tasks.evaluation.figures import once
from tasks.evaluation.paired import (
    Answers,
    Difference,
    Outcome,
    across_folds,
    on_one_split,
    spreads,
)
from tasks.evaluation.row_answers import FEWEST, FEWEST_OF_A_CLASS, RowAnswers, lacking
from tasks.problem.definition import Problem
from tasks.runs.shared_rows import SharedRows, shared_rows

FIRST = "first"
OTHER_PROBLEM = msg(
    "The two runs differ in what they predict or in the metric they are judged by: no difference "
    "on the same rows can be shown."
)


@dataclass(frozen=True)
class Pair:
    """A model of each run: both primary figures, and by how much the second exceeds the first."""

    first: str
    second: str
    first_figure: float
    second_figure: float
    difference: Difference
    outcome: Outcome


@dataclass(frozen=True)
class Paired:
    """The champions of two runs and the models of one name, compared on the same test rows.

    Attributes
    ----------
    metric
        The primary metric.
    rows, folds
        How many test rows both runs have, and in how many folds, if those are the same.
    pairs
        The champions first.
    reason
        Why none is compared, else None.
    """

    metric: str
    rows: int = 0
    folds: int = 0
    pairs: tuple[Pair, ...] = ()
    reason: Message | None = None

    def __str__(self) -> str:
        """Say in words how the second run's champion and other models do."""
        if self.reason:
            return str(self.reason)
        champions, counts = self.pairs[0], Counter(pair.outcome for pair in self.pairs)
        low, high = champions.difference.low, champions.difference.high
        others = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        return (
            f"On the {self.rows:,} test rows of both, {self.metric} of the champion "
            f"{champions.second}: {champions.difference.value:+.4f} ({low:+.4f} to {high:+.4f}), "
            f"{champions.outcome}; of {len(self.pairs)} comparisons: {others}."
        )


def on_same_rows(case: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Paired:
    """Compare the models of two runs on the rows that both tested.

    Where both have the same folds it is the mean of the difference over folds, with the interval of
    the corrected paired t test; else the difference on all rows of both, with that of the paired
    bootstrap.

    Raises
    ------
    CasebookError
        What a run kept of its answers was cut short or altered.
    """
    metric = str(first["metrics"].get("primary_metric"))
    runs = first["run"]["run_id"], second["run"]["run_id"]
    files = {run: paths.runs(case) / run / row_answers.FILE for run in runs}
    if without := [run for run, path in files.items() if not path.is_file()]:
        return Paired(metric, reason=_kept_nothing(without[0]))
    one, other = (row_answers.read(files[run]) for run in runs)
    if _judged_by(one.problem) != _judged_by(other.problem):
        return Paired(metric, reason=OTHER_PROBLEM)
    shared = shared_rows(one, other)
    if reason := _too_few(one, shared):
        return Paired(metric, len(shared.first), reason=reason)
    champions = first["metrics"]["champion"], second["metrics"]["champion"]
    alike = [(name, name) for name in one.models if name in other.models]
    names = dict.fromkeys([champions, *alike])
    pairs = tuple(_pair(one, other, shared, *pair) for pair in names)
    folds = 0 if shared.folds is None else len(np.unique(shared.folds))
    return Paired(metric, len(shared.first), folds, pairs)


def _judged_by(problem: Problem) -> tuple[object, ...]:
    return problem.problem_type, problem.target, problem.labels, problem.primary_metric


def _kept_nothing(run: str) -> Message:
    return msg(
        "Run {run} did not keep what its models answer to each test row: no difference on the same "
        "rows can be shown.",
        run=run,
    )


def _too_few(run: RowAnswers, shared: SharedRows) -> Message | None:
    """Say that both runs tested too few rows to compare their models on, or None."""
    match lacking(run.y[shared.first], run.problem):
        case "rows":
            return msg(
                "Only {rows} test rows are in both runs, and {fewest} are needed: no difference on "
                "the same rows is shown.",
                rows=len(shared.first),
                fewest=FEWEST,
            )
        case "rarest class":
            return msg(
                "Of the {rows:,} test rows in both runs fewer than {fewest} are of the rarest "
                "class: no difference on the same rows is shown.",
                rows=len(shared.first),
                fewest=FEWEST_OF_A_CLASS,
            )
    return None


def _pair(one: RowAnswers, other: RowAnswers, shared: SharedRows, first: str, second: str) -> Pair:
    """Compare a model of the first run with one of the second."""
    problem, metric = one.problem, one.problem.primary_metric
    y = one.y[shared.first]
    models = _at(one.models[first], shared.first), _at(other.models[second], shared.second)
    if shared.folds is None:
        figures = [once(problem, y, *model)[metric] for model in models]
        difference = on_one_split(problem, y, models[1], {FIRST: models[0]})[FIRST]
    else:
        figures, difference = _over_folds(problem, y, models, shared.folds, one.test_share)
    outcome = difference.outcome(problem.sign)
    return Pair(first, second, figures[0], figures[1], difference, outcome)


def _over_folds(
    problem: Problem,
    y: Float64Array,
    models: tuple[Answers, Answers],
    folds: IntpArray,
    test_share: float,
) -> tuple[list[float], Difference]:
    """Return the mean figures of two models over folds, and the second's less the first's."""
    values, deviations = [], []
    for fold in np.unique(folds):
        places = np.flatnonzero(folds == fold)
        parts = [_at(model, places) for model in models]
        values.append([once(problem, y[places], *part)[problem.primary_metric] for part in parts])
        deviations.append(spreads(problem, y[places], parts[1], {FIRST: parts[0]})[FIRST])
    table = np.array(values)
    gaps = (table[:, 1] - table[:, 0]).tolist()
    difference = across_folds(gaps, test_share, deviations)
    return table.mean(axis=0).tolist(), difference


def _at(model: Answers, places: IntpArray) -> Answers:
    """Return a model's answers to some of the rows."""
    return Answers(model.answers[places], np.asarray(model.threshold)[places])
