"""Leaks: columns that decide the target alone, told apart from good ones and from chance."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from casebook.errors import CasebookError
from tasks.evaluation.single_feature import Truth, is_text, strengths, truth_of

DECIDES = 0.998  # ROC AUC or rank correlation of one column, above which it nearly decides
HONEST = 0.99  # of a good column: few rows can't tell it from one that decides
DRAWS = 400
MOST = 2_000  # rows of a draw's class: more leave no doubt
DOUBT = 0.05  # probability of such a sight by chance, below which there is no doubt
REPEATED = 0.1  # repeats per row of a column that has five times as many values as there are rows


class Leak(NamedTuple):
    """A column that nearly decides the target.

    `certain` unless a good one may look so by chance. `strength` is the figure, from 0 to 1; an
    identifier has 1.
    """

    column: str
    figure: str
    certain: bool
    strength: float = 1.0


def leaks(
    table: pd.DataFrame,
    target: str,
    *,
    classes: bool,
    identifiers: bool = True,
    above: float = DECIDES,
) -> list[Leak]:
    """Return the columns that nearly decide the target alone, and texts that identify each row.

    A column decides by its order, by ranges of it, by its values, by the first number in a text or
    by one word of it; a gap is a value like any other. No row's own label has a say in what the
    column tells of that row, so many values or words are no advantage.

    Parameters
    ----------
    table
        The training part: the columns that a model is given, and the target.
    classes
        Whether the target's values are classes.
    identifiers
        Whether a text that is different in (almost) every row is one.
    above
        The strength over which a column is returned.

    Examples
    --------
    The row's number has as many values as there are rows, and is no leak all the same.

    >>> y = np.arange(400) % 2
    >>> table = pd.DataFrame({"y": y, "copy": 10 - y, "row": np.arange(400)})
    >>> [(leak.column, leak.certain) for leak in leaks(table, "y", classes=True)]
    [('copy', True)]
    """
    truth = truth_of(table[target], classes=classes)
    suspects = []
    for name in table.columns.drop(target):
        values = table[name]
        ways = strengths(values.iloc[truth.rows], truth)
        strength, how = max(ways, key=itemgetter(0), default=(0.0, ""))
        if strength > above:
            figure = f"{truth.name} {strength:.4f} alone{how}"
            suspects.append(Leak(str(name), figure, certain(strength, truth), strength))
        elif identifiers and (repeats := identifies(values)) is not None:
            figure = (
                f"different in {len(values) - repeats:,} of {len(values):,} rows, so an identifier"
            )
            suspects.append(Leak(str(name), figure, certain=True))
    return suspects


def check_leaks(
    table: pd.DataFrame,
    target: str,
    trusted: Collection[str],
    *,
    classes: bool,
    identifiers: bool = True,
) -> list[dict[str, object]]:
    """Refuse columns that nearly decide the target, and return those that the report must tell of.

    These are the ones that the user trusts, and those of which few rows leave doubt.

    Raises
    ------
    CasebookError
        There are other such columns; all are named, with the flag that goes on.
    """
    suspects = leaks(table, target, classes=classes, identifiers=identifiers)
    refused = [leak for leak in suspects if leak.certain and leak.column not in trusted]
    if refused:
        description = ", ".join(f"{leak.column} ({leak.figure})" for leak in refused)
        names = " ".join(shlex.quote(leak.column) for leak in refused)
        raise CasebookError(
            f"Columns that nearly decide {target} by themselves: {description}. They leak the "
            "answer or identify rows: leave them out of the features. If each is known before the "
            f"answer is, go on with `--trust-columns {names}`; the report will say so."
        )
    return [leak._asdict() for leak in suspects]


def check_names(trusted: Collection[str], columns: Collection[str]) -> None:
    """Refuse to trust a column that there is not.

    Raises
    ------
    CasebookError
        A name is none of the columns.
    """
    unknown = [name for name in trusted if name not in columns]
    if unknown:
        raise CasebookError(
            f"--trust-columns {' '.join(map(shlex.quote, unknown))}: there is no such column. "
            f"The columns are: {', '.join(columns)}."
        )


def certain(strength: float, truth: Truth) -> bool:
    """Say whether a merely good column would hardly ever be as strong in so few rows.

    A good column has an area of .99, with normal values in either class; draws of as many rows tell
    how often its area is as great. A good number has a correlation of .99 (Fisher's z).
    """
    largest, others = (min(size, MOST) for size in truth.sizes)
    if not truth.classes:
        beyond = np.arctanh(min(strength, 1 - 1e-12)) - np.arctanh(HONEST)
        return bool(beyond * np.sqrt(max(0, largest - 3)) > stats.norm.ppf(1 - DOUBT))
    rng = np.random.default_rng(0)
    shift = np.sqrt(2) * stats.norm.ppf(HONEST)
    drawn = rng.normal(size=(DRAWS, largest)), rng.normal(shift, size=(DRAWS, others))
    areas = (
        stats.rankdata(np.hstack(drawn), axis=1)[:, largest:].sum(axis=1)
        - others * (others + 1) / 2
    )
    return bool((areas / (largest * others) >= strength).mean() < DOUBT)


def identifies(values: pd.Series) -> int | None:
    """Return how many rows of a text repeat another, if too few for any column of that many values.

    Five values for each row leave a tenth of the rows repeated; that a small table shows fewer by
    chance has a Poisson probability.

    Examples
    --------
    >>> identifies(pd.Series([f"row {number}" for number in range(100)]))
    0
    >>> identifies(pd.Series(range(100))) is None, identifies(pd.Series(["a", "b"] * 50)) is None
    (True, True)
    """
    if not is_text(values):
        return None
    repeats = len(values) - int(values.nunique(dropna=False))
    unlikely = stats.poisson.cdf(repeats, REPEATED * len(values)) < DOUBT / 5
    return repeats if unlikely else None
