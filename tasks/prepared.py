"""Prepared: what modelling begins with, and every case with a network hands on."""

from dataclasses import dataclass

from casebook.store import Ref
from tasks.aim import Aim, check
from tasks.calibrate import Rule
from tasks.fetch import Origin


@dataclass(frozen=True)
class Prepared:
    """What modelling begins with: the data checked, cleaned, parted and encoded.

    `parts` and `encoded` are references to each fold; `rule` says how a threshold is chosen.

    Raises
    ------
    CasebookError
        The aim asks for what can't be: see `tasks.aim.check`.
    """

    aim: Aim
    rule: Rule
    origin: Origin
    raw: Ref
    checked: Ref
    table: Ref
    parts: list[Ref]
    encoded: list[Ref]

    def __post_init__(self) -> None:
        """Check the aim before anything is trained."""
        check(self.aim)
