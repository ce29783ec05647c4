"""Describe the distribution of training inputs and test predictions, to detect drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from casebook import paths
from casebook.array_types import Float64Array
from casebook.errors import CasebookError
from serving import distribution
from serving.bundle import Predictor
from serving.distribution import Bins, Values
from serving.graph import Arrays
from serving.signature import parse

BINS = 10
FEW = 20  # values that have a bin each


def describe(folder: Path, inputs: Arrays, answers: Float64Array) -> dict[str, Any]:
    """Return the service's bins, with the counts of training inputs and test predictions.

    Parameters
    ----------
    folder
        A version's files.
    inputs
        Its training split as the service sees it.
    answers
        The graph's predictions for the test split.
    """
    signature = parse(json.loads((folder / "signature.json").read_text(encoding="utf-8")))
    values = distribution.features(signature, inputs)
    return {
        "rows": len(next(iter(values.values()))),
        "features": {name: histogram(column) for name, column in values.items()},
        "score": histogram(distribution.score(signature, answers)),
    }


def described(predictor: Predictor) -> dict[str, Any]:
    """Return what a published version says of the spread of its training.

    Raises
    ------
    CasebookError
        It was published without that.
    """
    case, version = predictor.signature.case, predictor.version
    path = paths.models(case) / str(version) / "reference.json"
    if not path.is_file():
        raise CasebookError(
            f"{case} version {version} was published without {path.name}. Run the case again."
        )
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def histogram(values: Values) -> dict[str, Any]:
    """Return a quantity's bins and how many values each has.

    Examples
    --------
    The last two bins are for numbers beyond the last edge, and for missing ones.

    >>> histogram(np.array([1.0, 2.0, 2.0, np.nan]))
    {'edges': [1.0], 'counts': [1, 2, 1]}
    """
    bins = chosen(values)
    ends: dict[str, Any] = (
        {"texts": list(bins.texts)} if bins.texts else {"edges": list(bins.edges)}
    )
    return ends | {"counts": bins.count(values).tolist()}


def chosen(values: Values) -> Bins:
    """Return bins with about as many values each, or one for each value if there are few."""
    if values.dtype == object:
        texts, counts = np.unique(values.astype(str), return_counts=True)
        frequent = texts[np.argsort(-counts, kind="stable")][: 5 * FEW]
        return Bins(texts=tuple(text for text in frequent.tolist() if text))
    numbers = values.astype(np.float64)
    numbers = numbers[~np.isnan(numbers)]
    distinct = np.unique(numbers)
    if len(distinct) <= FEW:
        return Bins(edges=tuple(distinct[:-1].tolist()))
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    return Bins(edges=tuple(np.unique(np.quantile(numbers, inner)).tolist()))
