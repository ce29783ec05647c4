"""Row answers: what every model of a run answers to each test row, and how to know the row again.

A run keeps them in its folder, so that it can be compared with a later one on rows of both.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from casebook import outside
from casebook.array_types import Float64Array, Int64Array, NamedArrays, UInt64Array
from tasks.evaluation.paired import Answers
from tasks.problem.definition import Problem

FILE = "answers.npz"
ANSWERS, THRESHOLDS = "answers of ", "thresholds of "  # and a model's name
REMEDY = "Run the case again."
FEWEST = 30  # rows that two models are compared on
FEWEST_OF_A_CLASS = 5


class RowAnswers(NamedTuple):
    """The answers of a run's models to its test rows, those of all folds one after the other.

    Attributes
    ----------
    problem
        What is predicted, and how it is judged.
    folds, hashes, y
        Of each row: the fold that tests it, its hash, and its true answer. What `evaluate` writes
        has no hashes yet: it reads encoded rows.
    test_share
        The share of a fold's rows that are test rows.
    models
        The answers by model, with a threshold for each row.
    """

    problem: Problem
    folds: Int64Array
    hashes: UInt64Array
    y: Float64Array
    test_share: float
    models: Mapping[str, Answers]


def to_arrays(rows: RowAnswers) -> NamedArrays:
    """Return what is kept of them in a file."""
    answers = {ANSWERS + name: model.answers for name, model in rows.models.items()}
    thresholds = {
        THRESHOLDS + name: np.broadcast_to(model.threshold, rows.folds.shape)
        for name, model in rows.models.items()
    }
    return {
        "problem": np.array(rows.problem.model_dump_json()),
        "folds": rows.folds,
        "hashes": rows.hashes,
        "y": rows.y,
        "test_share": np.array(rows.test_share),
        **answers,
        **thresholds,
    }


def read(path: Path) -> RowAnswers:
    """Read them from a file.

    Raises
    ------
    CasebookError
        It was cut short or altered.
    """
    with outside.reading(path, "npz", REMEDY):
        held = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        arrays = {name: held[name] for name in held.files}
        names = [name.removeprefix(ANSWERS) for name in arrays if name.startswith(ANSWERS)]
        return RowAnswers(
            problem=Problem.model_validate_json(str(arrays["problem"])),
            folds=arrays["folds"],
            hashes=arrays["hashes"],
            y=arrays["y"],
            test_share=float(arrays["test_share"]),
            models={
                name: Answers(arrays[ANSWERS + name], arrays[THRESHOLDS + name]) for name in names
            },
        )


def lacking(y: Float64Array, problem: Problem) -> Literal["rows", "rarest class"] | None:
    """Say of what there are too few rows to compare two models on, or None.

    Examples
    --------
    >>> sold = Problem(problem_type="binary", target="sold", primary_metric="f1", metrics=("f1",))
    >>> lacking(np.zeros(20), sold), lacking(np.zeros(40), sold)
    ('rows', 'rarest class')
    """
    if len(y) < FEWEST:
        return "rows"
    if problem.problem_type != "binary":
        return None
    labels, counts = np.unique(y, return_counts=True)
    rare = len(labels) < 2 or counts.min() < FEWEST_OF_A_CLASS
    return "rarest class" if rare else None
