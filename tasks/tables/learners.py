"""Learners: fit a candidate to other training rows than its own, and score the validation rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from casebook.array_types import Float64Array, NamedArrays
from casebook.device import prepare
from casebook.threads import one_thread
from tasks.problem.definition import Problem
from tasks.tables.estimators import Build, fitted, scored
from tasks.tables.fold_stacks import Scale, train_and_watched
from tasks.tables.resample import Way, resampled
from tasks.tables.train_folds import build_and_fit, fold_scores
from tasks.training.heads import for_classes
from tasks.training.train import Network, Settings, build, fit, score

Parts: TypeAlias = "Mapping[str, NamedArrays]"  # `train` and `validation`, x and y of both


class Learner(Protocol):
    """Fits a model to the training rows of each fold as the candidate of its name is fitted."""

    def __call__(self, folds: Sequence[Parts], problem: Problem, seed: int) -> list[Float64Array]:
        """Return the scores of each fold's validation rows."""


@dataclass(frozen=True)
class EstimatorLearner:
    """Fits a model of scikit-learn's."""

    build: Build
    log_target: bool

    def __call__(self, folds: Sequence[Parts], problem: Problem, seed: int) -> list[Float64Array]:
        """Return the scores of each fold's validation rows."""
        with one_thread():
            return [self._scores(parts, problem, seed) for parts in folds]

    def _scores(self, parts: Parts, problem: Problem, seed: int) -> Float64Array:
        unfitted = self.build(parts["train"]["x"].shape[1], seed)
        model = fitted(unfitted, parts["train"], problem, log_target=self.log_target)
        return scored(model, parts["validation"]["x"], problem, log_target=self.log_target)


@dataclass(frozen=True)
class NetworkLearner:
    """Trains a network on each fold for itself, as `train` does."""

    network: Network
    settings: Settings
    resampling: Way | None

    def __call__(self, folds: Sequence[Parts], problem: Problem, seed: int) -> list[Float64Array]:
        """Return the scores of each fold's validation rows."""
        prepare(self.settings.device, seed)
        return [self._scores(parts, problem, seed) for parts in folds]

    def _scores(self, parts: Parts, problem: Problem, seed: int) -> Float64Array:
        data, validation = parts["train"], parts["validation"]
        if self.resampling is not None:
            x, y = resampled(data["x"], data["y"], self.resampling, seed)
            order = np.random.default_rng(seed).permutation(len(y))
            data = {"x": x[order], "y": y[order]}
        network = for_classes(self.network, classes_of(problem))
        model = build(network, data, self.settings, seed)
        fit(model, data, validation, self.settings)
        return score(model, validation["x"]).astype("float64")


@dataclass(frozen=True)
class FoldsLearner:
    """Trains the networks of all folds as one, as `train_folds` does."""

    network: Network
    settings: Settings

    def __call__(self, folds: Sequence[Parts], problem: Problem, seed: int) -> list[Float64Array]:
        """Return the scores of each fold's validation rows."""
        prepare(self.settings.device, seed)
        network = for_classes(self.network, classes_of(problem))
        scale = [Scale.of(parts["train"]["y"], problem, self.settings) for parts in folds]
        train, watched = train_and_watched(folds, scale, self.settings)
        model, _ = build_and_fit(network, train, watched, self.settings, problem, seed)
        scores = fold_scores(model, [parts["validation"] for parts in folds], scale, problem)
        return [fold.astype("float64") for fold in scores]


def classes_of(problem: Problem) -> int:
    """Return how many classes a network tells apart, or 0 where it answers with one number."""
    return len(problem.labels) if problem.problem_type == "multiclass" else 0
