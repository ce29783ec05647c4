"""Fitting: fit an encoder on the training split alone, and check what its steps report of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import compose, frozen, preprocessing

from casebook.array_types import Float64Array
from casebook.errors import CasebookError
from tasks.evaluation.leakage_checks import fitted_on
from tasks.tables.encoder_graph import dense


class Fitted(NamedTuple):
    """An encoder, and the training part as it encodes it.

    A step that learns from the target encodes each row by what other rows taught it.
    """

    encoder: compose.ColumnTransformer
    train: Float64Array


def fit_on(
    encoder: compose.ColumnTransformer, train: pd.DataFrame, y: Float64Array | None = None
) -> Fitted:
    """Fit an encoder on the training part, whose targets are `y`.

    Scikit-learn gives each step the rows that the encoder is given. So an encoder that fits in a
    way of its own, or a step that was fitted before, is refused, and where a step counts rows its
    count is checked.

    Raises
    ------
    CasebookError
        A step saw other rows than the training part, or can't be fitted on it.
    """
    try:
        encoded = dense(encoder.fit_transform(train, y))
    except (ValueError, TypeError) as error:
        gaps = [f"{name} ({count:,} rows)" for name, count in train.isna().sum().items() if count]
        raise CasebookError(
            f"The encoder can't be fitted on the training part: {str(error).splitlines()[0]} "
            f"Columns with gaps: {', '.join(gaps) or 'none'}."
        ) from error
    for step in steps_in(encoder):
        _check(step, len(train))
    _fits_as_given(encoder)
    return Fitted(encoder, encoded)


def learns_target(step: Any) -> bool:
    """Whether a fitted step encodes a column by the target's mean."""
    return any(isinstance(part, preprocessing.TargetEncoder) for part in (step, *steps_in(step)))


def steps_in(step: Any) -> Iterator[Any]:
    """Yield a fitted transformer's steps, and theirs."""
    children = [
        *(child for _, child, _ in getattr(step, "transformers_", [])),
        *(child for _, child in getattr(step, "steps", [])),
        *(child for _, child in getattr(step, "transformer_list", [])),
    ]
    for child in children:
        if not isinstance(child, str):
            yield child
            yield from steps_in(child)


def _check(step: Any, rows: int) -> None:
    """Compare the rows that a fitted step says it saw, if it does, with those that it was given."""
    if isinstance(step, frozen.FrozenEstimator):
        raise CasebookError(
            f"The encoder's {type(step.estimator).__name__} was fitted before, so it may have seen "
            "test rows. Return it unfitted: it is fitted on the training part."
        )
    seen = np.asarray(getattr(step, "n_samples_seen_", rows))
    # with gaps there is a count per column, of the values that are there
    if not seen.ndim or seen.max() > rows:
        fitted_on(int(seen.max()), rows)


def _fits_as_given(encoder: compose.ColumnTransformer) -> None:

    kind = type(encoder)
    if (
        kind.fit is not compose.ColumnTransformer.fit
        or kind.fit_transform is not compose.ColumnTransformer.fit_transform
    ):
        raise CasebookError(
            f"The encoder is a {kind.__name__}, which fits in a way of its own, so nothing says on "
            "what rows. Return a plain ColumnTransformer; its steps may be of your own."
        )
