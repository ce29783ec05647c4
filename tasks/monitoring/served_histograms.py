"""Count what a model was asked and what it predicted, in the bins of its training.

The counts come from the service, or from a file that is counted now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from casebook import paths, share, untrusted
from casebook.errors import CasebookError
from casebook.progress import Progress
from serving import distribution
from serving.bundle import Predictor
from serving.check_columns import Sorted
from serving.request_histogram import HOUR
from tasks.scoring.blocks import parted, predict, prediction_schema
from tasks.scoring.plan import Plan, check_columns
from tasks.scoring.read import blocks, find
from tasks.scoring.score import with_path_columns

LARGEST = 2**24  # bytes of a file of counts
Number = Annotated[int, Field(ge=0, lt=2**63)]


class Served(BaseModel):
    """What one process of the service counted in an hour, by bins."""

    features: dict[str, list[Number]]
    score: list[Number]


@dataclass(frozen=True)
class Counted:
    """Values by bin: of each feature and of the score; `where` says what was counted."""

    where: str
    features: Mapping[str, Sequence[int]]
    score: Sequence[int]
    faulty: int = 0

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return sum(self.score)


def counted_in_service(predictor: Predictor, hours: int) -> Counted:
    """Return what all processes of the service counted in the last hours.

    Raises
    ------
    CasebookError
        They counted nothing.
    """
    case, version = predictor.signature.case, predictor.version
    first = (datetime.now(UTC) - timedelta(hours=hours)).strftime(HOUR)
    folder = paths.served(case) / str(version)
    recent = [name for name in share.names(folder) if name[: len(first)] >= first]
    unreadable = [name for name in recent if not _brought(folder / name)]
    file_paths = [
        path for path in sorted(folder.glob("*.json")) if path.name[: len(first)] >= first
    ]
    read = {path.name: _served(path, predictor) for path in file_paths}
    served = [counts for counts in read.values() if counts]
    left_out = _left_out([*unreadable, *(name for name, counts in read.items() if not counts)])
    if not served:
        raise CasebookError(
            f"The service counted nothing for {case} version {version} in the last {hours} "
            f"hours{left_out}. Give --hours, or a file by --input; counts are written once a "
            "minute."
        )
    features = {
        name: _sum([counts.features[name] for counts in served]) for name in served[0].features
    }
    where = f"what the service was asked since {first}:00 UTC{left_out}"
    return Counted(where, features, _sum([counts.score for counts in served]))


def _brought(path: Path) -> bool:
    """Bring a file of counts here, if it is one."""
    try:
        share.get(path)
    except untrusted.Untrusted:
        return False
    return True


def _served(path: Path, predictor: Predictor) -> Served | None:
    """Return the counts of one process, or None if the file is invalid.

    A file is invalid if it is damaged or does not have this version's bins.
    """
    empty, score = _nothing(predictor)
    try:
        served = Served.model_validate_json(untrusted.read(path, LARGEST))
    except (CasebookError, OSError, ValidationError):
        return None
    shape = {name: len(counts) for name, counts in served.features.items()}
    fits = shape == {name: len(counts) for name, counts in empty.items()} and len(
        served.score
    ) == len(score)
    return served if fits else None


def _left_out(names: Sequence[str]) -> str:
    """Say which files of counts are not among the counts."""
    if not names:
        return ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f", without {', '.join(names[:3])}{more}, which can't be read as counts of this version"


def counted_in_file(predictor: Predictor, given: Path) -> Counted:
    """Count the rows of a file, or of a folder's files, and the model's predictions for them.

    Raises
    ------
    CasebookError
        The file can't be read, lacks a column, or no row of it can be answered.
    """
    counted = Counted(f"the rows of {given}", *_nothing(predictor))
    plan = Plan(predictor, prediction_schema(predictor.signature, "new "), None)
    sources = find(given.resolve(), plan.entry)
    for source in sources:
        check_columns(source, plan)
    with Progress(f"counting {given.name}", len(sources), "files") as progress:
        for source in sources:
            for block, _ in blocks(source, plan.rows):
                rows = parted(
                    predictor, with_path_columns(block, source, plan), written=source.written
                )
                counted = _count(counted, predictor, rows)
            progress.step()
    if not counted.rows:
        raise CasebookError(
            f"{given}: no row can be answered by {predictor.signature.case}; `flows.score` tells "
            "why."
        )
    return counted


def _nothing(predictor: Predictor) -> tuple[dict[str, list[int]], list[int]]:
    """Return empty bins for the features and the score."""
    assert predictor.reference is not None
    features = {name: [0] * bins.size for name, bins in predictor.reference.features.items()}
    return features, [0] * predictor.reference.score.size


def _count(counted: Counted, predictor: Predictor, parted: Sorted) -> Counted:
    """Add a block's rows: as in the service, only those that were answered are counted by bin."""
    assert predictor.reference is not None
    faults, rows, scores = predict(predictor, parted)
    faulty = counted.faulty + len(faults)
    if scores is None:
        return replace(counted, faulty=faulty)
    answered = np.isin(parted.sound, rows)
    values = distribution.features(
        predictor.signature, {name: given[answered] for name, given in parted.feeds.items()}
    )
    features = {
        name: _add(counts, predictor.reference.features[name], values[name])
        for name, counts in counted.features.items()
    }
    score = _add(
        counted.score, predictor.reference.score, distribution.score(predictor.signature, scores)
    )
    return Counted(counted.where, features, score, faulty)


def _add(counts: Sequence[int], bins: distribution.Bins, values: distribution.Values) -> list[int]:
    return _sum([counts, bins.count(values).tolist()])


def _sum(counts: Sequence[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*counts, strict=True)]
