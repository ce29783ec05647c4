"""Rows of a table as what a model takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from casebook.store import Ref
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.problem.targets import truth
from tasks.tables.export import answers, export, feeds_of
from tasks.tables.features import feeds, read_raw

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from serving.graph import Arrays

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """A row of columns."""

    def export(self, data: PreparedData, networks: Mapping[str, Ref], evaluation: Ref) -> Ref:
        """Export the champion with the encoding of its columns."""
        return export(data.parts[0], data.encoded[0], networks, evaluation, data.raw, data.problem)

    def targets(self, parts: Ref, part: str, problem: Problem) -> "Floats":
        """Return the target column as numbers."""
        return truth(read_raw(parts, part), problem)

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> "Floats":
        """Return a version's answers to the test rows."""
        import onnx

        graph = onnx.load(folder / "model.onnx")
        predictions: Floats = answers(graph, _taken(folder, read_raw(parts, "test"))).astype(
            "float64"
        )
        return predictions

    def inputs(self, folder: Path, parts: Ref) -> "Arrays":
        """Return the columns that a version takes."""
        return feeds(_taken(folder, read_raw(parts, "train")))


def _taken(folder: Path, table: "pd.DataFrame") -> "pd.DataFrame":
    """Return those columns that a version's graph takes."""
    import onnx

    taken = feeds_of(onnx.load(folder / "model.onnx"))
    return table[[name for name in table.columns if name in taken]]
