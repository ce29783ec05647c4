"""Permutation importance: score models on test rows in which one column is shuffled.

How much worse they get is what the column is worth. After Breiman (2001), "Random forests", section
10. Columns that carry the same information stand in for each other, so each of them seems worth
less than all together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from casebook import files
from casebook.stage import stage
from casebook.store import Facts, Ref, fold_name
from casebook.tables import read_arrays, write_arrays
from tasks.data.derive import Derived, derive
from tasks.evaluation.figures import once
from tasks.evaluation.judging import answered
from tasks.problem.definition import Problem
from tasks.problem.targets import truth
from tasks.tables.encoder_graph import taken, transformed
from tasks.tables.features import Encoder, encode, raw_columns, read_raw

COLUMNS = "columns.json"
TIMES = 5  # that each column is shuffled


class Worth(NamedTuple):
    """How much worse the primary metric gets without the information in a column.

    The mean over the folds, and its standard error.
    """

    change: float
    error: float


@stage
def permute_features(
    out: Path,
    parts: Ref,
    folds: int,
    problem: Problem,
    derived: tuple[Derived, ...],
    encoder: Encoder,
    seed: int,
) -> Facts:
    """Encode every fold as `fold_features` does, but with a longer test part.

    First come the test rows as they are, then, `TIMES` times for each raw column that the encoder
    needs, the same rows with this column shuffled. Columns derived from it are derived anew.
    `columns.json` has the columns in their order.
    """
    columns: list[str] = []
    for number in range(folds):
        folder = out / fold_name(number)
        folder.mkdir()
        fitted, train = encode(folder, parts.fold(number), problem, derived, encoder)
        columns = raw_columns(train, fitted, derived)
        test = shuffled(read_raw(parts.fold(number), "test"), columns, seed + number)
        x = np.asarray(transformed(fitted, derive(test, derived)[taken(fitted)]), "float32")
        write_arrays(folder, "test", x=x, y=truth(test, problem).astype("float32"))
    files.write_json(out / COLUMNS, columns)
    return {"folds": folds, "columns": len(columns)}


def shuffled(rows: pd.DataFrame, columns: list[str], seed: int) -> pd.DataFrame:
    """Return the rows, followed by all rows with one column shuffled.

    The first column is shuffled several times, then the second, and so on.
    """
    rng = np.random.default_rng(seed)
    permuted = [
        rows.assign(**{c: rng.permutation(rows[c].to_numpy())})
        for c in columns
        for _ in range(TIMES)
    ]
    return pd.concat([rows, *permuted], ignore_index=True)


def worth(permuted: Ref, trained: Ref, folds: int, problem: Problem) -> dict[str, Worth]:
    """Return what each raw column is worth to the networks, the most valuable first.

    The networks were trained on what `permute_features` wrote. The value is positive where the
    metric gets worse without the column.
    """
    columns: list[str] = json.loads(permuted.path(COLUMNS).read_text(encoding="utf-8"))
    worse = np.array(
        [_worse(permuted.fold(i), trained.fold(i), len(columns), problem) for i in range(folds)]
    )
    error = worse.std(axis=0, ddof=1) / folds**0.5 if folds > 1 else np.zeros(len(columns))
    by_column = {
        c: Worth(float(worse[:, i].mean()), float(error[i])) for i, c in enumerate(columns)
    }
    return dict(sorted(by_column.items(), key=lambda item: -item[1].change))


def _worse(permuted: Ref, trained: Ref, columns: int, problem: Problem) -> list[float]:
    """Return for each column by how much one fold's figure gets worse, mean over the shuffles."""
    y = np.split(read_arrays(permuted, "test")["y"].astype("float64"), 1 + columns * TIMES)
    answers = np.split(
        read_arrays(trained, "scores")["test"].astype("float64"), 1 + columns * TIMES
    )
    figures = [
        once(problem, rows, answered(scores, problem))[problem.primary_metric]
        for rows, scores in zip(y, answers, strict=True)
    ]
    changes = np.reshape(figures[1:], (columns, TIMES)) - figures[0]
    return [float(-problem.sign * change) for change in changes.mean(axis=1)]
