"""Finite: reject numbers that a network can't learn from where they arise.

The error says what made them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import typing as npt

from casebook.errors import CasebookError


def finite_features(x: npt.NDArray[Any], part: str, names: list[str]) -> None:
    """Refuse features that are not finite.

    Parameters
    ----------
    x
        The features of one part, the last axis of which `names` tells.
    part
        What the part is called.
    names
        What the features are called.

    Raises
    ------
    CasebookError
        Some number is missing or infinite; the features and the first rows are named.
    """
    wrong = ~np.isfinite(x)
    if not wrong.any():
        return
    flat = wrong.reshape(len(x), -1, x.shape[-1]).any(axis=1)
    columns = list(dict.fromkeys(names[place] for place in np.flatnonzero(flat.any(axis=0))))
    rows = np.flatnonzero(flat.any(axis=1))
    raise CasebookError(
        f"Encoded features are missing or infinite in {len(rows):,} of {len(x):,} rows of the "
        f"{part} part: {', '.join(columns)} (first in rows {', '.join(map(str, rows[:5]))}). Fill "
        "gaps in the encoder, for example by `tasks.tables.features.numbers`, or drop or bound "
        "such values in a cleaning step."
    )


def finite_inputs(given: Mapping[str, npt.NDArray[Any]], part: str) -> None:
    """Raise if the inputs of a network are not finite.

    They are series of numbers, or what another network computed.

    Parameters
    ----------
    given
        Arrays by the names of the network's inputs, a row of each per example.
    part
        What the part is called.

    Raises
    ------
    CasebookError
        Some number is missing or infinite; the input and the first rows are named.
    """
    for name, values in given.items():
        wrong = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
        if wrong.any():
            rows = ", ".join(map(str, np.flatnonzero(wrong)[:5]))
            raise CasebookError(
                f"Numbers of {name} are missing or infinite in {int(wrong.sum()):,} of "
                f"{len(wrong):,} rows of the {part} part (first in rows {rows}). Fill or drop them "
                "before they are handed to a network."
            )


def finite_loss(loss: float, name: str, epoch: int) -> None:
    """Refuse a loss that is not finite: weights that are no numbers learn nothing any more.

    Raises
    ------
    CasebookError
        The loss is infinite or not a number; the candidate and the epoch are named.
    """
    if not math.isfinite(loss):
        raise CasebookError(
            f"The training of {name} diverged: its loss in epoch {epoch} is {loss}. Lower its "
            "learning rate, or scale its features and its target to numbers near 1."
        )
