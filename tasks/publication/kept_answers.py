"""Kept answers: what a run keeps in its folder to be compared with others, published or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from casebook.run import current
from casebook.stage import uncached_task
from casebook.store import Ref
from tasks.evaluation.row_answers import FILE, read, to_arrays
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import InputKind


@uncached_task
def keep_answers(parts: Sequence[Ref], evaluation: Ref, problem: Problem, kind: InputKind) -> None:
    """Keep all models' answers to the test rows of all folds, with a hash of each row.

    The outputs of stages are cleaned up, the folder of a run that published a version stays.
    """
    hashes = np.concatenate([kind.hashes(ref, "test", problem) for ref in parts])
    rows = read(evaluation.path(FILE))._replace(hashes=hashes)
    np.savez_compressed(current().folder / FILE, allow_pickle=False, **to_arrays(rows))
