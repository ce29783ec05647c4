"""Prepared: what modelling begins with, and every case with a network hands on."""

from typing import NamedTuple

from casebook.store import Ref
from tasks.aim import Aim
from tasks.calibrate import Rule
from tasks.fetch import Origin


class Prepared(NamedTuple):
    """What modelling begins with: the data checked, cleaned, parted and encoded.

    `parts` and `encoded` are references to each fold; `rule` says how a threshold is chosen.
    """

    aim: Aim
    rule: Rule
    origin: Origin
    raw: Ref
    checked: Ref
    table: Ref
    parts: list[Ref]
    encoded: list[Ref]
