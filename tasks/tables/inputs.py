"""Rows of a table as what a model takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import onnx
import pandas as pd

from casebook.array_types import Float64Array, UInt64Array
from casebook.store import Ref
from serving.graph import Arrays
from tasks.data.row_hash import row_hashes
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.problem.targets import truth
from tasks.tables.answer_cost import measure_costs
from tasks.tables.export import answers, export, feeds_of
from tasks.tables.features import read_raw
from tasks.tables.learners import Learner
from tasks.tables.learning_curve import learning_curve
from tasks.tables.served_features import feeds
from tasks.tables.split import SMALL_FOLDS


@dataclass(frozen=True)
class Rows:
    """A row of columns.

    Attributes
    ----------
    learners
        What fits the candidates to fewer rows, where a learning curve is wanted.
    """

    learners: Mapping[str, Learner] = field(default_factory=dict)

    def findings(
        self, data: PreparedData, networks: Mapping[str, Sequence[Ref]], evaluation: Ref
    ) -> list[Ref]:
        """Find out what more rows would bring, of folds that test each row once at most."""
        if not self.learners:
            return []
        folds = data.encoded[:SMALL_FOLDS]
        return [learning_curve(folds, networks, evaluation, self.learners, data.problem, data.seed)]

    def export(self, data: PreparedData, networks: Mapping[str, Ref], evaluation: Ref) -> Ref:
        """Export the champion with the encoding of its columns."""
        return export(data.parts[0], data.encoded[0], networks, evaluation, data.raw, data.problem)

    def measure_costs(self, data: PreparedData, networks: Mapping[str, Ref]) -> Ref | None:
        """Measure each candidate as one graph from its columns."""
        return measure_costs(data.parts[0], data.encoded[0], networks, data.problem)

    def targets(self, parts: Ref, part: str, problem: Problem) -> Float64Array:
        """Return the target column as numbers."""
        return truth(read_raw(parts, part), problem)

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> Float64Array:
        """Return a version's answers to the test rows."""
        graph = onnx.load(folder / "model.onnx")
        predictions: Float64Array = answers(graph, _taken(folder, read_raw(parts, "test"))).astype(
            "float64"
        )
        return predictions

    def hashes(self, parts: Ref, part: str, problem: Problem) -> UInt64Array:
        """Return a hash of each row's columns without the target."""
        return row_hashes(read_raw(parts, part).drop(columns=problem.target))

    def inputs(self, folder: Path, parts: Ref) -> Arrays:
        """Return the columns that a version takes."""
        return feeds(_taken(folder, read_raw(parts, "train")))


def _taken(folder: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return those columns that a version's graph takes."""
    taken = feeds_of(onnx.load(folder / "model.onnx"))
    return table[[name for name in table.columns if name in taken]]
