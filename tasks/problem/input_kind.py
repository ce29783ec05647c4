"""Define what rows, pictures, texts and series each need once a model is trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from casebook.store import Ref
from tasks.problem.definition import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from serving.graph import Arrays
    from tasks.problem.prepared_data import PreparedData

    Floats = NDArray[np.float64]


@runtime_checkable
class InputKind(Protocol):
    """One kind of input that models take.

    `parts` is a reference to one split; `folder` holds the files of a version.
    """

    def export(self, data: "PreparedData", networks: Mapping[str, Ref], evaluation: Ref) -> Ref:
        """Export the champion of the first fold as one ONNX graph that takes raw inputs."""

    def targets(self, parts: Ref, part: str, problem: Problem) -> "Floats":
        """Return the true answers of a part, or nothing where there is no such part."""

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> "Floats":
        """Return a version's answers to the test part."""

    def inputs(self, folder: Path, parts: Ref) -> "Arrays":
        """Return the training split's inputs as the service reads them.

        Without a training split, the test split's inputs are returned.
        """
