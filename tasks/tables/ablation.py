"""Ablation: leave out each step of a case's feature engineering in turn.

Reports what that costs on validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np

from casebook.array_types import Float64Array
from casebook.stage import stage, uncached_task
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.data.derive import Derived
from tasks.evaluation.figures import once
from tasks.evaluation.judging import answered
from tasks.pages.notes import Notes
from tasks.problem.definition import Problem
from tasks.tables.features import Encoder, encode
from tasks.tables.split import PARTS

Steps: TypeAlias = "Mapping[str, tuple[Derived, ...]]"


@stage
def ablate(
    out: Path, parts: Ref, folds: int, problem: Problem, steps: Steps, encoder: Encoder
) -> Facts:
    """Encode every fold with all steps, and then again without each one.

    Parameters
    ----------
    parts, folds
        The split, and how many folds it holds.
    problem
        Names the target.
    steps
        By name, the columns that each step derives. A step is left out by not deriving its columns.
    encoder
        Makes an encoder of whatever columns there are.

    Writes the folds one after the other, first those of all steps, then those without the first
    step, and so on: a network for each is then trained in one call of `train_folds`. For that, all
    are filled up with zeros to the same number of features; a feature that is always zero teaches a
    network nothing.
    """
    kept = [
        tuple(d for name, group in steps.items() for d in group if name != left)
        for left in (None, *steps)
    ]
    folders = [out / fold_name(number) for number in range(folds * len(kept))]
    for number, folder in enumerate(folders):
        folder.mkdir()
        encode(folder, parts.fold(number % folds), problem, kept[number // folds], encoder)
    return {"folds": len(folders), "features": fill_up(folders)}


def fill_up(folders: list[Path]) -> int:
    """Pad all encoded splits to the same number of features with zeros, and return that number."""

    def widths() -> list[int]:
        counts = []
        for folder in folders:
            with np.load(folder / "test.npz") as test:
                counts.append(test["x"].shape[1])
        return counts

    before = widths()
    for folder, width in zip(folders, before, strict=True):
        for name in PARTS if width < max(before) else ():
            with np.load(folder / f"{name}.npz") as part:
                x, y = part["x"], part["y"]
            write_arrays(folder, name, x=np.pad(x, ((0, 0), (0, max(before) - width))), y=y)
    return max(before)


@uncached_task
def worth(
    reduced: Ref, trained: Ref, folds: int, steps: Steps, problem: Problem, notes: Notes
) -> Notes:
    """Return the notes with a table of what each step is worth.

    It shows the primary metric on validation, and how it changes without each step.
    """
    figures = np.reshape(
        [
            validated(reduced.fold(i), trained.fold(i), problem)
            for i in range(folds * (1 + len(steps)))
        ],
        (-1, folds),
    )
    title = f"{problem.title} on validation"
    rows = [
        {
            "left out": "nothing",
            title: f"{figures[0].mean():.4f}",
            "change": "",
            "± standard error": "",
        }
    ]
    for name, scores in zip(steps, figures[1:], strict=True):
        mean, error = paired(scores - figures[0])
        cells = {"change": f"{mean:+.4f}", "± standard error": f"{error:.4f}"}
        rows.append({"left out": name, title: f"{scores.mean():.4f}", **cells})
    return notes.model_copy(update={"tables": (*notes.tables, tuple(rows))})


def validated(encoded: Ref, trained: Ref, problem: Problem) -> float:
    """Return the primary figure of one fold's network on its validation part."""
    y = read_arrays(encoded, "validation")["y"].astype("float64")
    scores = read_arrays(trained, "scores")["validation"].astype("float64")
    figure: float = once(problem, y, answered(scores, problem))[problem.primary_metric]
    return figure


def paired(changes: Float64Array) -> tuple[float, float]:
    """Return the mean of changes that were measured on the same folds, and its standard error."""
    return float(changes.mean()), float(changes.std(ddof=1) / len(changes) ** 0.5)
