"""Target: what kind of problem a column poses, and how models of it are judged."""

from __future__ import annotations

import re

import pandas as pd

from casebook.errors import CasebookError
from casebook.language import Message, msg
from tasks.problem.definition import Problem
from tasks.tables.split import SMALL_FOLDS

CLASSES = 30  # distinct whole numbers up to which they are classes
LABELS = 100  # distinct texts over which a text is no class
YES = r"yes|y|true|t|1|1\.0|bad|default|churn(ed)?|fraud|positive|deny|denied|failed|died"
FEWEST = 2 * SMALL_FOLDS  # rows of a class: one to test and one to validate on in each fold
MEANS = {
    "binary": ("roc_auc", ("roc_auc", "auprc", "f1", "balanced_accuracy", "log_loss", "brier")),
    "multiclass": ("log_loss", ("log_loss", "accuracy", "balanced_accuracy", "f1")),
    "regression": ("rmse", ("rmse", "mae", "r2")),
}


def guess_problem(frame: pd.DataFrame, target: str) -> tuple[Problem, Message]:
    """Return the problem that a column poses, and what speaks for it.

    Parameters
    ----------
    frame
        The rows that have a target.
    target
        The column to predict.

    Raises
    ------
    CasebookError
        Nothing can be learned of it: it has one value only, too many classes, or a class with too
        few rows.
    """
    values = frame[target]
    distinct = values.nunique()
    if distinct < 2:
        raise CasebookError(
            f"{target} is {values.iloc[0]!r} in all {len(values):,} rows: there is nothing to "
            "predict. Name another column with --target, or use data with other values."
        )
    numeric = pd.api.types.is_numeric_dtype(values)
    if numeric and not _classes(values, distinct):
        reason = msg(
            "{target} has {count:,} numbers from {low:g} to {high:g}.",
            target=target,
            count=distinct,
            low=float(values.min()),
            high=float(values.max()),
        )
        return _problem("regression", target, ()), reason
    labels = _labels(values)
    _enough(values, target, distinct)
    kind = "binary" if distinct == 2 else "multiclass"
    reason = msg(
        "{target} is one of {count}: {listed}.",
        target=target,
        count=distinct,
        listed=_listed(labels),
    )
    return _problem(kind, target, labels), reason


def _classes(values: pd.Series, distinct: int) -> bool:
    whole = bool((values == values.round()).all())
    return distinct == 2 or (whole and distinct <= CLASSES and len(values) > 20 * distinct)


def _labels(values: pd.Series) -> tuple[str, ...]:
    """Return the classes in order; of two, the one that is looked for is the second.

    That is the one that says yes, or else the rarer one.
    """
    if pd.api.types.is_numeric_dtype(values):
        return tuple(f"{value:g}" for value in sorted(values.unique()))
    labels = sorted(map(str, values.unique()))
    if len(labels) != 2:
        return tuple(labels)
    says_yes = [bool(re.fullmatch(YES, label, re.I)) for label in labels]
    if says_yes[0] != says_yes[1]:
        return tuple(labels) if says_yes[1] else (labels[1], labels[0])
    counts = values.astype(str).value_counts()
    return tuple(sorted(labels, key=lambda label: -int(counts[label])))


def _enough(values: pd.Series, target: str, distinct: int) -> None:
    if distinct > LABELS:
        raise CasebookError(
            f"{target} has {distinct:,} different texts, and at most {LABELS} classes can be told "
            "apart. Join the rare ones, or name another column with --target."
        )
    counts = values.value_counts()
    rare = counts[counts < FEWEST]
    if len(rare):
        described = ", ".join(f"{label} ({count} rows)" for label, count in rare.items())
        raise CasebookError(
            f"{target} has classes of which too few rows are there to train on and to judge by: "
            f"{described}. At least {FEWEST} rows of each are needed: remove these rows, join "
            "these classes with others, or add rows of them."
        )


def _problem(kind: str, target: str, labels: tuple[str, ...]) -> Problem:
    primary, metrics = MEANS[kind]
    output = {"binary": "probability", "multiclass": "probabilities"}.get(kind, "prediction")
    return Problem.model_validate(
        {
            "problem_type": kind,
            "target": target,
            "labels": labels or ("0", "1"),
            "output": output if output != target else f"{output}_of_it",
            "primary_metric": primary,
            "metrics": metrics,
        }
    )


def _listed(labels: tuple[str, ...]) -> str:
    shown = ", ".join(labels[:6])
    return shown if len(labels) <= 6 else f"{shown}, …"
