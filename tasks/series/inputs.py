"""Series of numbers as what a model takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import onnx

from casebook.array_types import Float64Array, UInt64Array
from casebook.store import Ref
from casebook.tables import read_arrays
from serving.graph import Arrays
from tasks.data.row_hash import array_hashes
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.series.export import Window, answers, export_series


@dataclass(frozen=True)
class Series:
    """Windows of numbers that follow each other."""

    window: Window = field(default_factory=Window)

    def findings(
        self, data: PreparedData, networks: Mapping[str, Sequence[Ref]], evaluation: Ref
    ) -> list[Ref]:
        """Return nothing: no more is found out than how the candidates compare."""
        return []

    def export(self, data: PreparedData, networks: Mapping[str, Ref], evaluation: Ref) -> Ref:
        """Export the champion, with a band around its forecast."""
        return export_series(
            data.parts[0], networks, evaluation, data.raw, data.problem, self.window
        )

    def measure_costs(self, data: PreparedData, networks: Mapping[str, Ref]) -> Ref | None:
        """Measure nothing: the best on validation serves, whatever its speed."""
        return None

    def targets(self, parts: Ref, part: str, problem: Problem) -> Float64Array:
        """Return what follows each window."""
        return read_arrays(parts, part)["y"].astype("float64")

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> Float64Array:
        """Return a version's answers to the test windows."""
        graph = onnx.load(folder / "model.onnx")
        return answers(graph, read_arrays(parts, "test"), problem).astype("float64")

    def hashes(self, parts: Ref, part: str, problem: Problem) -> UInt64Array:
        """Return a hash of each window."""
        return array_hashes(read_arrays(parts, part)["window"])

    def inputs(self, folder: Path, parts: Ref) -> Arrays:
        """Return the windows."""
        return read_arrays(parts, "train")
