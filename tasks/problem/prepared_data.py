"""Define what modelling begins with, and what each kind of input needs once a model is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from casebook.array_types import Float64Array, UInt64Array
from casebook.language import Message
from casebook.origin import Origin
from casebook.store import Ref
from serving.graph import Arrays
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem, check


@dataclass(frozen=True)
class PreparedData:
    """What modelling begins with: the data checked, cleaned, split and encoded.

    Attributes
    ----------
    problem, policy
        What is predicted, and how a threshold is chosen.
    origin, raw, checked, table
        The source, and the table as it was read, validated and cleaned.
    parts, encoded
        A reference to each fold.
    kind
        What a model takes.
    protocol
        How the figures come about, in a sentence.
    seed
        Fixes every random choice.
    plotted_folds
        How many folds are drawn together; more of them are shuffles of the same rows.

    Raises
    ------
    CasebookError
        The problem asks for what can't be: see `tasks.problem.definition.check`.
    """

    problem: Problem
    policy: ThresholdPolicy
    origin: Origin
    raw: Ref
    checked: Ref
    table: Ref
    parts: list[Ref]
    encoded: list[Ref]
    kind: InputKind
    protocol: Message
    seed: int
    plotted_folds: int = 1

    def __post_init__(self) -> None:
        """Check the problem before anything is trained."""
        check(self.problem)


@runtime_checkable
class InputKind(Protocol):
    """One kind of input that models take.

    `parts` is a reference to one split; `folder` holds the files of a version.
    """

    def findings(
        self, data: PreparedData, networks: Mapping[str, Sequence[Ref]], evaluation: Ref
    ) -> list[Ref]:
        """Find out more of what was judged: outputs with sections of the report."""

    def export(self, data: PreparedData, networks: Mapping[str, Ref], evaluation: Ref) -> Ref:
        """Export the champion of the first fold as one ONNX graph that takes raw inputs."""

    def measure_costs(self, data: PreparedData, networks: Mapping[str, Ref]) -> Ref | None:
        """Measure what an answer of each candidate of the first fold takes, where speeds differ."""

    def targets(self, parts: Ref, part: str, problem: Problem) -> Float64Array:
        """Return the true answers of a part, or nothing where there is no such part."""

    def predict(self, folder: Path, parts: Ref, problem: Problem) -> Float64Array:
        """Return a version's answers to the test part."""

    def hashes(self, parts: Ref, part: str, problem: Problem) -> UInt64Array:
        """Return a hash of each row of a part, or nothing where there is no such part."""

    def inputs(self, folder: Path, parts: Ref) -> Arrays:
        """Return the training split's inputs as the service reads them.

        Without a training split, the test split's inputs are returned.
        """
