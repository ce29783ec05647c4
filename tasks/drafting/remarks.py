"""Remarks: what was left out or noticed in a table, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from casebook.language import Language, Message, msg
from tasks.drafting.roles import Guess
from tasks.drafting.suite import LEFT_OUT


def remarks_on(
    frame: pd.DataFrame,
    judged: pd.DataFrame,
    guesses: Mapping[str, Guess],
    language: Language,
) -> list[Message]:
    """Return what a person should know of a table before they rely on its model.

    `frame` has all rows, `judged` those with a target.
    """
    remarks = []
    if len(judged) < len(frame):
        remarks.append(
            msg("{count:,} rows lack the target and are left out.", count=len(frame) - len(judged))
        )
    remarks += _near_repeats(judged, guesses)
    for name, guess in guesses.items():
        if guess.role in LEFT_OUT:
            reason = guess.reason.render(language)
            remarks.append(msg("{name} is left out: {reason}.", name=name, reason=reason))
        if guess.warning:
            warning = guess.warning.render(language)
            remarks.append(msg("{name}: {warning}", name=name, warning=warning))
    return remarks


def _near_repeats(judged: pd.DataFrame, guesses: Mapping[str, Guess]) -> list[Message]:
    """Return a remark on rows that differ from another one in columns alone that are left out."""
    without = [name for name, guess in guesses.items() if guess.role in LEFT_OUT]
    distinct = judged.drop_duplicates()
    count = int(distinct.drop(columns=without).duplicated().sum())
    if not without or not count:
        return []
    return [
        msg(
            "{count:,} rows differ from another one in {names} alone. If that is one thing noted "
            "twice, remove them: one may be learned from, and the other be asked about.",
            count=count,
            names=", ".join(without[:5]) + (", …" if len(without) > 5 else ""),
        )
    ]
