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
from tasks.tables.baselines import fit_baselines, fit_baselines_to_folds
from tasks.tables.estimators import Estimator, fit_estimator, fit_estimator_to_folds
from tasks.tables.features import Encoder, features, fold_features
from tasks.tables.learners import FoldsLearner, Learner, NetworkLearner
from tasks.tables.parameters import RepeatedFoldsParams, TableParams
from tasks.tables.resample import Way, resample
from tasks.tables.split import FOLDS, SMALL_FOLDS, repeated_folds, split, split_repeatedly
from tasks.tables.split_time import split_by_time
from tasks.tables.train_folds import train_folds
from tasks.training.train import Network, Settings, train

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

        It is two for the smoke profile, ten for the standard one, and all repeats for the full one.
        """
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
            params.peers,
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


@dataclass(frozen=True)
class TimeOrder(RepeatedKFold):
    """One split by time: the last fifth of the rows is for the test, those before for validation.

    Attributes
    ----------
    column
        The times.
    date_format
        How `strftime` writes them; empty where they are numbers.
    """

    standard: int = 1
    plotted_folds: int = 1
    column: str = ""
    date_format: str = ""

    def folds(self, params: RepeatedFoldsParams) -> int:
        """Return one: later rows are never trained on."""
        return 1

    def split(self, table: Ref, problem: Problem, folds: int, seed: int) -> list[Ref]:
        """Divide the table at two times."""
        return [split_by_time(table, problem, self.column, self.date_format, seed).fold(0)]

    def describe(self, problem: Problem, folds: int, *, deduplicated: bool) -> Message:
        """Name the column."""
        return msg(
            "split by {column}: the last 20 % of the rows for the test, the 16 % before them for "
            "validation",
            column=self.column,
        )


@dataclass(frozen=True)
class Holdout:
    """A stratified split into training, validation and test splits.

    In the full profile there are five of them.

    Attributes
    ----------
    grouped
        Whether rows that agree in every feature stay in one part.
    """

    grouped: bool = False
    plotted_folds: int = 1

    def folds(self, params: TableParams) -> int:
        """Return one fold, and all five for the full profile."""
        return FOLDS if params.profile == "full" else 1

    def split(self, table: Ref, problem: Problem, folds: int, seed: int) -> list[Ref]:
        """Divide the table for each outer fold."""
        more = {"grouped": True} if self.grouped else {}
        return [
            split.with_label(number)(table, problem.target, number, seed, **more)
            for number in range(folds)
        ]

    def encode(
        self,
        parts: Sequence[Ref],
        problem: Problem,
        derived: tuple[Derived, ...],
        encoder: Encoder,
    ) -> list[Ref]:
        """Encode each fold in a stage of its own."""
        return [
            features.with_label(number)(part, problem, derived, encoder)
            for number, part in enumerate(parts)
        ]

    def fit(self, label: str, data: PreparedData, model: Model) -> list[Future]:
        """Train a network on each fold, resampled if the model asks for it."""
        return [
            train.with_label(f"{label}-{number}").submit(
                encoded,
                self._training(encoded, number, model, data.seed),
                model.network,
                model.settings,
                data.seed,
            )
            for number, encoded in enumerate(data.encoded)
        ]

    def learner(self, model: Model) -> Learner:
        """Return what trains a network on each fold, resampled if the model asks for it."""
        return NetworkLearner(model.network, model.settings, model.resampling)

    def fit_estimator(self, label: str, data: PreparedData, model: Estimator) -> list[Future]:
        """Fit a model of scikit-learn's to each fold in a stage of its own."""
        return [
            fit_estimator.with_label(f"{label}-{number}").submit(
                encoded, model.build, data.problem, data.seed, log_target=model.log_target
            )
            for number, encoded in enumerate(data.encoded)
        ]

    def fit_baselines(
        self, data: PreparedData, params: TableParams, *, log_target: bool
    ) -> list[Future]:
        """Fit the baselines of each fold in a stage of its own."""
        return [
            fit_baselines.with_label(number).submit(
                encoded,
                params.peers,
                trees(params),
                data.problem,
                data.seed,
                log_target=log_target,
            )
            for number, encoded in enumerate(data.encoded if params.peers else [])
        ]

    def describe(self, problem: Problem, folds: int, *, deduplicated: bool) -> Message:
        """Name the split, or the number of folds, and how repeated rows were met."""
        match self.grouped, deduplicated, folds:
            case True, _, 1:
                return msg(
                    "stratified training, validation and test parts of 64, 16 and 20 %, equal rows "
                    "all in one of them; one split"
                )
            case True, _, _:
                return msg(
                    "stratified training, validation and test parts of 64, 16 and 20 %, equal rows "
                    "all in one of them; mean of {folds} outer folds",
                    folds=folds,
                )
            case False, True, 1:
                return msg(
                    "repeats dropped; stratified training, validation and test parts of 64, 16 and "
                    "20 %; one split"
                )
            case False, True, _:
                return msg(
                    "repeats dropped; stratified training, validation and test parts of 64, 16 and "
                    "20 %; mean of {folds} outer folds",
                    folds=folds,
                )
            case False, False, 1:
                return msg(
                    "stratified training, validation and test parts of 64, 16 and 20 %; one split"
                )
        return msg(
            "stratified training, validation and test parts of 64, 16 and 20 %; mean of {folds} "
            "outer folds",
            folds=folds,
        )

    def _training(self, encoded: Ref, number: int, model: Model, seed: int) -> Ref:
        if model.resampling is None:
            return encoded
        return resample.with_label(f"{model.resampling}-{number}")(encoded, model.resampling, seed)


def trees(params: TableParams) -> int:
    """Return the size of the baselines' forests."""
    return SMOKE_TREES if params.profile == "smoke" else params.trees
