"""Series of numbers as what a model takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from casebook.store import Ref
from casebook.tables import read_arrays
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.series.export import Window, answers, export_series

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from serving.graph import Arrays

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Windows of numbers that follow each other."""

    window: Window = field(default_factory=Window)

    def export(self, data: PreparedData, networks: Mapping[str, Ref], evaluation: Ref) -> Ref:
        """Export the champion, with a band around its forecast."""
        return export_series(
            data.parts[0], networks, evaluation, data.raw, data.problem, self.window
        )

    def targets(self, parts: Ref, part: str, problem: Problem) -> "Floats":
        """Return what follows each window."""
        return read_arrays(parts, part)["y"].astype("float64")

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> "Floats":
        """Return a version's answers to the test windows."""
        import onnx

        graph = onnx.load(folder / "model.onnx")
        return answers(graph, read_arrays(parts, "test"), problem).astype("float64")

    def inputs(self, folder: Path, parts: Ref) -> "Arrays":
        """Return the windows."""
        return read_arrays(parts, "train")
