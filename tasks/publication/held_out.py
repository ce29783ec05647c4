"""Held-out answers: what a version's models answer to rows that they were not fitted to.

A version keeps which rows those were, as hashes: a later run then knows on which of its rows the
two can be compared.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from casebook import outside
from casebook.array_types import Float64Array, IntpArray, NamedArrays, UInt64Array
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import InputKind

FILE = "rows.npz"


class HeldOut(NamedTuple):
    """Test rows of a run, each tested once, and what its champion answers to them.

    Attributes
    ----------
    parts
        The parts of each fold that tests some of them.
    hashes, y, answers
        Each row's hash, its true answer, and the champion's.
    """

    parts: Sequence[Ref]
    hashes: UInt64Array
    y: Float64Array
    answers: Float64Array


def held_out(
    folder: Path, parts: Sequence[Ref], evaluation: Ref, problem: Problem, kind: InputKind
) -> HeldOut:
    """Return a run's test rows with the champion's answers.

    With one fold the version in `folder` answers. With several it is the network of each fold, as
    `evaluate` kept its answers: the version was fitted to the test rows of all folds but its own.
    """
    hashes, y = (
        np.concatenate([rows(ref, "test", problem) for ref in parts])
        for rows in (kind.hashes, kind.targets)
    )
    if len(parts) == 1:
        answers = kind.predict(folder, parts[0], problem)
    else:
        champion = str(evaluation.facts["champion"])
        answers = read_arrays(evaluation, "curves")[champion].astype("float64")
    return HeldOut(parts, hashes, y, answers)


def record(rows: HeldOut, problem: Problem, kind: InputKind) -> NamedArrays:
    """Return what a version keeps of its rows: the arrays of `rows.npz`.

    `fitted` are the hashes of the rows that it was fitted to. Where there are several folds,
    `tested` are those that a fold's network answered, with its `answers`.
    """
    first = rows.parts[0]
    fitted = [kind.hashes(first, part, problem) for part in ("train", "validation")]
    arrays = {"fitted": np.unique(np.concatenate(fitted).astype("uint64"))}
    if len(rows.parts) == 1:
        return arrays
    tested, places = np.unique(rows.hashes, return_index=True)
    return arrays | {"tested": tested, "answers": rows.answers[places]}


def answers_of(
    folder: Path, rows: HeldOut, problem: Problem, kind: InputKind
) -> tuple[Float64Array, IntpArray] | None:
    """Return what an earlier version answers to a run's test rows, and the places of those rows.

    Rows that it was fitted to are left out. Return None where it does not say which those are.
    """
    if not (folder / FILE).is_file():
        return None
    kept = _kept(folder / FILE)
    answers = np.concatenate([kind.predict(folder, ref, problem) for ref in rows.parts])
    unseen = ~np.isin(rows.hashes, kept["fitted"])
    if "tested" in kept:
        tested = np.isin(rows.hashes, kept["tested"])
        places = np.searchsorted(kept["tested"], rows.hashes[tested])
        answers[tested] = kept["answers"][places]
        unseen |= tested
    return answers, np.flatnonzero(unseen)


def _kept(path: Path) -> NamedArrays:
    remedy = "Restore it, or promote another version."
    with outside.reading(path, "npz", remedy):
        arrays = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        return {name: arrays[name] for name in ("fitted", *({"tested", "answers"} & {*arrays}))}
