"""Prepared: what modelling begins with, and every case with a network hands on."""

from dataclasses import dataclass

from casebook.language import Message
from casebook.origin import Origin
from casebook.store import Ref
from tasks.problem.calibration import ThresholdPolicy
from tasks.problem.definition import Problem, check
from tasks.problem.input_kind import InputKind


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
