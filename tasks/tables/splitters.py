"""Splits: how a table is divided into folds, and how networks and baselines are fitted to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from casebook.futures import Fold, Future
from casebook.language import Message, msg
from casebook.store import Ref
from tasks.data.derive import Derived
from tasks.problem.definition import Problem
from tasks.problem.prepared_data import PreparedData
from tasks.tables.baselines import fit_baselines_to_folds
from tasks.tables.estimators import Estimator, fit_estimator_to_folds
from tasks.tables.features import Encoder, fold_features
from tasks.tables.learners import FoldsLearner, Learner
from tasks.tables.parameters import RepeatedFoldsParams, TableParams
from tasks.tables.resample import Way
from tasks.tables.split import SMALL_FOLDS, repeated_folds, split_repeatedly
from tasks.tables.train_folds import train_folds
from tasks.training.train import Network, Settings

P = TypeVar("P", bound=TableParams, contravariant=True)

SMOKE_FOLDS = 2
SMOKE_TREES = 20


@dataclass(frozen=True)
class Model:
    """A network to train.

    Attributes
    ----------
    network
        Builds it from features, targets and dropout.
    settings
        How it is trained, in other profiles than smoke.
    resampling
        What is done to the training rows of rare and frequent classes.
    """

    network: Network
    settings: Settings
    resampling: Way | None = None


class Splits(Protocol[P]):
    """How a table is divided, and what is fitted to each fold."""

    @property
    def plotted_folds(self) -> int:
        """How many folds are drawn together."""

    def folds(self, params: P) -> int:
        """Return the number of folds."""

    def split(self, table: Ref, problem: Problem, folds: int, seed: int) -> list[Ref]:
        """Divide the table, and return each fold's training, validation and test part."""

    def encode(
        self,
        parts: Sequence[Ref],
        problem: Problem,
        derived: tuple[Derived, ...],
        encoder: Encoder,
    ) -> list[Ref]:
        """Fit the encoder to each fold's training part, and return each fold's features."""

    def fit(self, label: str, data: PreparedData, model: Model) -> list[Future]:
        """Train a network on each fold."""

    def learner(self, model: Model) -> Learner:
        """Return what fits a network to other training rows as `fit` does to all."""

    def fit_estimator(self, label: str, data: PreparedData, model: Estimator) -> list[Future]:
        """Fit a model of scikit-learn's on each fold."""

    def fit_baselines(self, data: PreparedData, params: P, *, log_target: bool) -> list[Future]:
        """Fit the baselines on each fold; with `log_target` also to the target's logarithm."""

    def describe(self, problem: Problem, folds: int, *, deduplicated: bool) -> Message:
        """Return a sentence on how the figures come about."""


@dataclass(frozen=True)
class RepeatedKFold:
    """Repeated 10-fold cross-validation, for tables so small that every row is needed.

    Attributes
    ----------
    standard
        How many of the ten folds the standard profile uses.
    group
        The column whose rows of one value stay in one part.
    """

    standard: int = SMALL_FOLDS
    plotted_folds: int = SMALL_FOLDS
    group: str = ""

    def folds(self, params: RepeatedFoldsParams) -> int:
        """Return the number of folds for the profile.

        It is two for the smoke profile, ten for the standard one, and all repeats for the full one,
        unless the parameters say how many.
        """
        if params.folds is not None:
            return params.folds
        if params.profile == "smoke":
            return SMOKE_FOLDS
        return SMALL_FOLDS * params.repeats if params.profile == "full" else self.standard

    def split(self, table: Ref, problem: Problem, folds: int, seed: int) -> list[Ref]:
        """Divide the table into all folds at once."""
        parts = split_repeatedly(table, problem, folds, seed, self.group)
        return [parts.fold(number) for number in range(folds)]

    def encode(
        self,
        parts: Sequence[Ref],
        problem: Problem,
        derived: tuple[Derived, ...],
        encoder: Encoder,
    ) -> list[Ref]:
        """Encode all folds at once."""
        encoded = fold_features(parts[0].whole, len(parts), problem, derived, encoder)
        return [encoded.fold(number) for number in range(len(parts))]

    def fit(self, label: str, data: PreparedData, model: Model) -> list[Future]:
        """Train the networks of all folds as one."""
        folds, encoded = len(data.encoded), data.encoded[0].whole
        stage = train_folds.with_label(label)
        trained = stage.submit(
            encoded, folds, model.network, model.settings, data.problem, data.seed
        )
        return [Fold(trained, number) for number in range(folds)]

    def learner(self, model: Model) -> Learner:
        """Return what trains the networks of all folds as one."""
        return FoldsLearner(model.network, model.settings)

    def fit_estimator(self, label: str, data: PreparedData, model: Estimator) -> list[Future]:
        """Fit a model of scikit-learn's to all folds in one stage."""
        folds, encoded = len(data.encoded), data.encoded[0].whole
        fitted = fit_estimator_to_folds.with_label(label).submit(
            encoded, folds, model.build, data.problem, data.seed, log_target=model.log_target
        )
        return [Fold(fitted, number) for number in range(folds)]

    def fit_baselines(
        self, data: PreparedData, params: TableParams, *, log_target: bool
    ) -> list[Future]:
        """Fit the baselines of all folds in one stage."""
        folds, encoded = len(data.encoded), data.encoded[0].whole
        fitted = fit_baselines_to_folds.submit(
            encoded,
            folds,
            params.baselines,
            trees(params),
            data.problem,
            data.seed,
            log_target=log_target,
        )
        return [Fold(fitted, number) for number in range(folds) if params.peers]

    def describe(self, problem: Problem, folds: int, *, deduplicated: bool) -> Message:
        """Name the folds, what stays together and, of a regression, the shuffles."""
        if self.group:
            return msg(
                "10-fold cross-validation, rows of one {group} all in one fold; mean of {folds} "
                "folds",
                group=self.group,
                folds=folds,
            )
        if not problem.classes:
            return repeated_folds(folds)
        return msg(
            "repeated stratified 10-fold cross-validation, mean of {folds} folds", folds=folds
        )


def trees(params: TableParams) -> int:
    """Return the size of the baselines' forests."""
    return SMOKE_TREES if params.profile == "smoke" else params.trees
