"""Count: what a model was asked and answered, in the bins of its training: by the service, or in a file now."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from casebook import places, share
from casebook.errors import CasebookError
from casebook.progress import Progress
from serving import spread
from serving.bundle import Predictor
from serving.tally import HOUR
from tasks.score import with_path_columns
from tasks.score_blocks import columns_told, parted
from tasks.score_plan import Plan, check_columns
from tasks.score_read import blocks, find


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
    folder = places.served(case) / str(version)
    for name in share.names(folder):
        if name[: len(first)] >= first:
            share.get(folder / name)
    paths = [path for path in sorted(folder.glob("*.json")) if path.name[: len(first)] >= first]
    told = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    if not told:
        raise CasebookError(
            f"The service counted nothing for {case} version {version} in the last {hours} hours. Give --hours, or a "
            "file by --input; counts are written once a minute."
        )
    names = told[0]["features"]
    features = {name: _sum([each["features"][name] for each in told]) for name in names}
    where = f"what the service was asked since {first}:00 UTC"
    return Counted(where, features, _sum([each["score"] for each in told]))


def counted_in_file(predictor: Predictor, given: Path) -> Counted:
    """Return what a file's rows, or those of a folder's files, hold and what the model answers to them.

    Raises
    ------
    CasebookError
        The file can't be read, lacks a column, or no row of it can be answered.
    """
    assert predictor.reference is not None
    told = {name: [0] * bins.size for name, bins in predictor.reference.features.items()}
    score, faulty = [0] * predictor.reference.score.size, 0
    plan = Plan(predictor, columns_told(predictor.signature, "new "), None)
    sources = find(given.resolve())
    for source in sources:
        check_columns(source, plan)
    with Progress(f"counting {given.name}", len(sources), "files") as progress:
        for source in sources:
            for block, _ in blocks(source, plan.rows):
                rows = parted(predictor, with_path_columns(block, source, plan), written=source.written)
                faulty += len(rows.faults)
                if not len(rows.sound):
                    continue
                values = spread.features(predictor.signature, rows.feeds)
                told = {name: _add(told[name], predictor.reference.features[name], values[name]) for name in told}
                answers = spread.score(predictor.signature, predictor.graph.run(rows.feeds))
                score = _add(score, predictor.reference.score, answers)
            progress.step()
    if not sum(score):
        raise CasebookError(f"{given}: no row can be answered by {predictor.signature.case}; `flows.score` tells why.")
    return Counted(f"the rows of {given}", told, score, faulty)


def _add(counts: Sequence[int], bins: spread.Bins, values: spread.Values) -> list[int]:
    return _sum([counts, bins.count(values).tolist()])


def _sum(counts: Sequence[Sequence[int]]) -> list[int]:
    return [sum(each) for each in zip(*counts, strict=True)]
