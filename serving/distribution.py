"""The distribution of a model's inputs and predictions over bins.

Training and service use the same bins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy import typing as npt
from pydantic import BaseModel, FiniteFloat

from casebook.words import PADDING, UNKNOWN
from serving.graph import TOKENS, Arrays
from serving.signature import Signature
from serving.version_files import parse_record

Values: TypeAlias = "npt.NDArray[np.generic]"
Counts: TypeAlias = "npt.NDArray[np.int64]"


@dataclass(frozen=True)
class Bins:
    """A quantity's bins: where they end, or which texts have one each.

    Numbers have one bin up to each edge, which belongs to it, and one beyond the last; texts have
    one each, and one for all others. The last bin of either is for missing values.

    Examples
    --------
    >>> Bins(edges=(0.0, 1.0)).count(np.array([0.0, 0.5, 9.0, 9.0, np.nan])).tolist()
    [1, 1, 2, 1]
    >>> Bins(texts=("f", "m")).count(np.array(["m", "x", ""], object)).tolist()
    [0, 1, 1, 1]
    """

    edges: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.texts or self.edges) + 2

    def count(self, values: Values) -> Counts:
        """Return how many values fall into each bin."""
        if self.texts:
            places = {text: place for place, text in enumerate(self.texts)} | {"": self.size - 1}
            bins = [places.get(str(value), self.size - 2) for value in values.tolist()]
            return np.bincount(np.array(bins, dtype=np.intp), minlength=self.size)
        numbers = values.astype(np.float64)
        missing = np.isnan(numbers)
        indices = np.searchsorted(np.array(self.edges), numbers[~missing])
        return np.append(np.bincount(indices, minlength=self.size - 1), missing.sum())


@dataclass(frozen=True)
class Reference:
    """The bins of a version: by feature, and of its score."""

    features: Mapping[str, Bins]
    score: Bins


def parse(content: Mapping[str, object]) -> Reference:
    """Read the content of a `reference.json`.

    Raises
    ------
    ValueError
        If it is not of the right form; the message names the place.
    """
    reference = parse_record("reference.json", content, _Reference)
    features = {name: _bins(name, bins) for name, bins in reference.features.items()}
    return Reference(features, _bins("score", reference.score))


class _Bins(BaseModel):
    edges: tuple[FiniteFloat, ...] = ()
    texts: tuple[str, ...] = ()


class _Reference(BaseModel):
    features: dict[str, _Bins]
    score: _Bins


def _bins(name: str, content: _Bins) -> Bins:
    if list(content.edges) != sorted(content.edges):
        raise ValueError(f"reference.json: the edges of {name} must ascend")
    return Bins(content.edges, content.texts)


def features(signature: Signature, feeds: Arrays) -> dict[str, Values]:
    """Return what is counted of a model's inputs, a value per row.

    Columns are taken as they are, other inputs by what summarizes them.
    """
    if signature.picture:
        (pixels,) = feeds.values()
        return {"brightness": pixels.mean(axis=(1, 2, 3))}
    if signature.text:
        tokens = feeds[TOKENS]
        lengths = (tokens != PADDING).sum(axis=1)
        return {
            "tokens": lengths,
            "unknown": (tokens == UNKNOWN).sum(axis=1) / np.maximum(lengths, 1),
        }
    if signature.series:
        return {
            field.name: feeds[field.name].mean(axis=1) for field in signature.inputs if field.length
        }
    return {name: column.reshape(-1) for name, column in feeds.items()}


def score(signature: Signature, scores: npt.NDArray[Any]) -> Values:
    """Return what is counted of a model's predictions.

    It is the most probable class, the next step, or the number itself.
    """
    if signature.kind == "multiclass":
        labels: Values = np.array(signature.output.labels, dtype=object)
        named: Values = labels[scores.argmax(axis=1)]
        return named
    first: Values = scores.reshape(len(scores), -1)[:, 0]
    return first
