"""Ledger: which runs read which test part, and how good that makes the best of them look.

Each run notes what it read in a file of its own, which stays when the run is cleaned up.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from scipy import stats

from casebook import files, paths, share
from casebook.run import current
from casebook.stage import uncached_task
from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.evaluation.evaluate import results
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import InputKind

log = logging.getLogger("casebook")


class Reading(BaseModel):
    """What one run read: the hash of the test part, and of its champion's answers to it."""

    model_config = ConfigDict(extra="ignore", strict=True)
    test_sha256: str
    champion_sha256: str


@uncached_task
def note_test_part(
    parts: Sequence[Ref], evaluation: Ref, problem: Problem, kind: InputKind
) -> dict[str, Any]:
    """Note that this run read its test part, and return how often that part was read by now.

    Returns
    -------
    `sha256` of the test part, the number of `runs` that read it, this one included, and of
    different `champions` among them, and the `optimism` of the best champion's figure.
    """
    run = current()
    reading = Reading(
        test_sha256=_hash_of_rows(parts, problem, kind),
        champion_sha256=_hash_of_answers(evaluation),
    )
    path = paths.ledger(run.case) / f"{run.run_id}.json"
    files.write_json(path, reading.model_dump())
    share.write(path, path.read_bytes())
    earlier = [one for one in readings(run.case) if one.test_sha256 == reading.test_sha256]
    champions = len({one.champion_sha256 for one in earlier})
    champion = results(evaluation)["champion"]
    figure = results(evaluation)["candidates"][champion][problem.primary_metric]
    return {
        "sha256": reading.test_sha256,
        "runs": len(earlier),
        "champions": champions,
        "optimism": optimism(figure, champions),
    }


def readings(case: str) -> Iterator[Reading]:
    """Yield what each run of a case read, as far as its note can be read."""
    folder = paths.ledger(case)
    for name in sorted({path.name for path in folder.glob("*.json")} | {*share.names(folder)}):
        if not (folder / name).is_file():
            share.get(folder / name)
        try:
            yield Reading.model_validate_json((folder / name).read_bytes())
        except (OSError, ValidationError):
            log.warning("%s can't be read: that run is not counted.", folder / name)


def optimism(figure: Mapping[str, float], champions: int) -> float:
    """Return by how much the best of several figures of the same test part is too good on average.

    It is the expected maximum of so many draws of the figure's error, after Blom (1958). Champions
    that answer much alike are less too good than that.

    Examples
    --------
    >>> round(optimism({"value": 0.9, "low": 0.88, "high": 0.92}, champions=10), 4)
    0.0158
    >>> optimism({"value": 0.9, "low": 0.88, "high": 0.92}, champions=1)
    0.0
    """
    deviation = (figure["high"] - figure["low"]) / 2 / stats.norm.ppf(0.975)
    return float(deviation * stats.norm.ppf((champions - 0.375) / (champions + 0.25)))


def _hash_of_rows(parts: Sequence[Ref], problem: Problem, kind: InputKind) -> str:
    """Return a hash of the test rows and their true answers, whatever their order."""
    digests = []
    for ref in parts:
        hashes, y = kind.hashes(ref, "test", problem), kind.targets(ref, "test", problem)
        truth = np.ascontiguousarray(y.reshape(len(y), -1))
        digests += [row.tobytes() + y.tobytes() for row, y in zip(hashes, truth, strict=True)]
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def _hash_of_answers(evaluation: Ref) -> str:
    champion = str(evaluation.facts["champion"])
    return hashlib.sha256(read_arrays(evaluation, "curves")[champion].tobytes()).hexdigest()
