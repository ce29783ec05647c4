"""Pictures as what a model takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from casebook.array_types import AnyArray, Float64Array, UInt64Array
from casebook.store import Ref
from casebook.tables import read_arrays
from serving.graph import Arrays
from tasks.data.row_hash import array_hashes
from tasks.images.export import answers, export_pictures
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData


@dataclass(frozen=True)
class Pictures:
    """A picture of one size."""

    def findings(
        self, data: PreparedData, networks: Mapping[str, Sequence[Ref]], evaluation: Ref
    ) -> list[Ref]:
        """Return nothing: no more is found out than how the candidates compare."""
        return []

    def export(self, data: PreparedData, networks: Mapping[str, Ref], evaluation: Ref) -> Ref:
        """Export the champion, which takes pixels from 0 to 255."""
        return export_pictures(data.parts[0], networks, evaluation, data.raw, data.problem)

    def measure_costs(self, data: PreparedData, networks: Mapping[str, Ref]) -> Ref | None:
        """Measure nothing: the best on validation serves, whatever its speed."""
        return None

    def targets(self, parts: Ref, part: str, problem: Problem) -> Float64Array:
        """Return the class indices of the labels.

        A network that was trained elsewhere has no training split.
        """
        return _array(parts, part, "y").astype("float64")

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> Float64Array:
        """Return a version's answers to the test pictures."""
        graph = onnx.load(folder / "model.onnx")
        return answers(graph, read_arrays(parts, "test")["x"], problem.output).astype("float64")

    def hashes(self, parts: Ref, part: str, problem: Problem) -> UInt64Array:
        """Return a hash of each picture's pixels."""
        return array_hashes(_array(parts, part, "x"))

    def inputs(self, folder: Path, parts: Ref) -> Arrays:
        """Return the pixels."""
        part = "train" if parts.path("train.npz").is_file() else "test"
        return {"picture": read_arrays(parts, part)["x"]}


def _array(parts: Ref, part: str, name: str) -> AnyArray:
    """Return an array of a part, or an empty one where there is no such part."""
    there = parts.path(f"{part}.npz").is_file()
    return read_arrays(parts, part)[name] if there else np.array([])
